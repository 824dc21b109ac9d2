import { DatabaseError, retryableError } from '../../../core/error.ts'

/** Codes of a full disk. */
const FULL: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT'])

/** An error of the system or of lmdb as one sentence about `what`, such as `The backup /b`; any other one as it is. */
export function copyError(what: string, error: unknown): unknown {
  if (error instanceof DatabaseError || !(error instanceof Error) || !('code' in error)) return error
  if (error.name === 'AbortError') return error
  if (FULL.has(error.code)) {
    return retryableError('STORAGE_FULL', `${what} does not fit on its disk: free some room, then try again.`, error)
  }
  const message = `${what} cannot be written (${error.message}): look at the disk, or choose another directory.`
  return new DatabaseError('UNAVAILABLE', message, { cause: error })
}
