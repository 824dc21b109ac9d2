import { MongoBulkWriteError, MongoError, MongoNetworkError, MongoServerSelectionError } from 'mongodb'
import { DatabaseError, replacedDataError, retryableError } from '../../core/error.ts'
import type { Revision } from '../../core/version.ts'
import type { TenantId } from '../store.ts'

/** Duplicate key: E11000. */
const DUPLICATE_KEY = 11000
/** A malformed command, and one with a `hint` that names no index. */
const BAD_VALUE = 2
const OUT_OF_DISK_SPACE = 14031
const ATLAS_ERROR = 8000
const NOT_AUTHORIZED: ReadonlySet<number> = new Set([13, 18])
/**
 * Codes of transient server errors: no or another primary, shutting down, interrupted, timed out, no majority, a cursor
 * or a plan that is gone, a cluster that moves chunks, overload
 * (https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml).
 */
const TRANSIENT_CODES: ReadonlySet<number> = new Set([
  6, 7, 24, 43, 46, 50, 63, 64, 89, 91, 100, 112, 117, 133, 134, 136, 146, 148, 150, 175, 189, 202, 211, 217, 225, 234,
  237, 249, 262, 301, 317, 365, 462, 9001, 10058, 10107, 11600, 11601, 11602, 13388, 13435, 13436,
])
/** Labels by which a server or the driver says that the same may succeed later. */
const TRANSIENT_LABELS: readonly string[] = [
  'RetryableWriteError',
  'RetryableError',
  'SystemOverloadedError',
  'ResumableChangeStreamError',
]
/** Names of the driver's own transient errors. */
const TRANSIENT_DRIVER_ERRORS: ReadonlySet<string> = new Set([
  'MongoWaitQueueTimeoutError',
  'MongoPoolClosedError',
  'MongoNotConnectedError',
  'MongoTopologyClosedError',
  'MongoClientClosedError',
])

/** UNAVAILABLE until somebody acts: not transient, unlike other errors with this code. */
export class LostLog extends DatabaseError {}

/** The log is not the one that this process has in memory. */
export function replacedLog(): LostLog {
  const { code, message, details } = replacedDataError()
  return new LostLog(code, message, details)
}

/** A commit is missing in the log, and there are later ones. */
export function damagedLog(tenant: TenantId, missing: Revision): LostLog {
  const damage = `revision ${missing} is missing`
  const message =
    `The log of the tenant ${tenant} is damaged: ${damage}, and later ones are there. ` +
    'Stop all servers and restore the database from a backup.'
  return new LostLog('UNAVAILABLE', message, { damage })
}

/** UNAVAILABLE with the reason `why`. */
export function unavailable(why: string, cause?: unknown): DatabaseError {
  return retryableError('UNAVAILABLE', `MongoDB cannot be used at the moment: ${why}. Try again.`, cause)
}

/**
 * The numeric code of a server error, or of the first write error or the write concern error in it; null without one.
 */
export function codeOf(error: unknown): number | null {
  if (!(error instanceof MongoError)) return null
  if (error instanceof MongoBulkWriteError) {
    const [first] = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors]
    const concern = error.result.getWriteConcernError()
    return first?.code ?? concern?.code ?? (typeof error.code === 'number' ? error.code : null)
  }
  return typeof error.code === 'number' ? error.code : null
}

/** Whether an insert failed because its key exists. */
export function isDuplicate(error: unknown): boolean {
  return codeOf(error) === DUPLICATE_KEY
}

/** Whether a query failed because the index that it names is missing. */
export function isMissingIndex(error: unknown): boolean {
  return codeOf(error) === BAD_VALUE && error instanceof Error && /\bhint\b/.test(error.message)
}

/** Whether the error is transient: the same command may succeed later; whether this one took effect is unknown. */
export function isTransient(error: unknown): boolean {
  if (error instanceof MongoNetworkError || error instanceof MongoServerSelectionError) return true
  if (error instanceof DatabaseError) return error.code === 'UNAVAILABLE' && !(error instanceof LostLog)
  if (!(error instanceof MongoError)) return false
  if (TRANSIENT_LABELS.some((label) => error.hasErrorLabel(label))) return true
  const code = codeOf(error)
  if (code !== null) return TRANSIENT_CODES.has(code)
  // A bulk write error without a code wraps an error of the driver, whose class is lost.
  return error instanceof MongoBulkWriteError || TRANSIENT_DRIVER_ERRORS.has(error.name)
}

function isFull(error: MongoError): boolean {
  const code = codeOf(error)
  if (code === OUT_OF_DISK_SPACE) return true
  return /no space left|disk is full/i.test(error.message) || (code === ATLAS_ERROR && /quota/i.test(error.message))
}

/** Converts an error of the driver to one of the port; other errors are returned unchanged. */
export function failureOf(error: unknown): unknown {
  if (!(error instanceof MongoError)) return error
  if (isFull(error)) {
    const message = 'MongoDB has no room left on its disk. Make room; writing goes on then without a restart.'
    return retryableError('STORAGE_FULL', message, error)
  }
  if (error instanceof MongoServerSelectionError) return unavailable('no primary answers', error)
  const code = codeOf(error)
  if (code !== null && NOT_AUTHORIZED.has(code)) {
    return unavailable('it does not accept the credentials any more', error)
  }
  if (isTransient(error)) return unavailable(`it answered "${error.message.slice(0, 200)}"`, error)
  return error
}

/** `work`, or UNAVAILABLE when it takes longer than `ms`; `onLate` is called then. The work itself is not cancelled. */
export async function callWithTimeout<T>(ms: number, work: Promise<T>, onLate?: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      onLate?.()
      reject(unavailable(`it did not answer within ${ms} ms`))
    }, ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
