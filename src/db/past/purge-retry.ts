import { retryableError } from '../../core/error.ts'
import type { Revision } from '../../core/version.ts'
import type { LogTail } from '../log/log-tail.ts'
import type { ComputedOperation } from '../write/request.ts'

/** Times that the past is read for one write. */
const ATTEMPTS = 8

/** Something was purged between the read of the past and the draft. */
class PurgedMeanwhile extends Error {}

/**
 * Runs a write by which something of the past comes back, so that nothing comes back that is purged meanwhile: `run`
 * reads the past, and makes its operation by `guarded`. When its draft finds a purge that is later than the read, `run`
 * is called again. Rejects as `run` does, and with UNAVAILABLE when purges are made all the time.
 *
 * A purge that the draft does not know yet makes it a conflict: the operation has to expect that nothing is written
 * where it brings something back (`expectUnchanged`).
 */
export async function retryIfPurged<T>(
  tail: Pick<LogTail, 'last' | 'lastPurge'>,
  run: (guarded: (operation: ComputedOperation) => ComputedOperation) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const read: Revision = tail.last
    const check = (): void => {
      if (tail.lastPurge > read) throw new PurgedMeanwhile()
    }
    try {
      return await run((operation) => guard(operation, check))
    } catch (error) {
      if (!(error instanceof PurgedMeanwhile)) throw error
    }
  }
  throw retryableError('UNAVAILABLE', 'Something is purged all the time; try again in a moment.')
}

function guard(operation: ComputedOperation, check: () => void): ComputedOperation {
  return {
    ...operation,
    compute: (edits) => {
      check()
      return operation.compute(edits)
    },
  }
}
