import { MongoBulkWriteError, MongoError, MongoNetworkError, MongoServerSelectionError } from 'mongodb'
import { DatabaseError } from '../../core/error.ts'

/** When to ask again, ms. */
const RETRY_AFTER_MS = 1_000

/** A key that is taken: E11000. */
const DUPLICATE_KEY = 11000
const OUT_OF_DISK_SPACE = 14031
const ATLAS_ERROR = 8000
const NOT_AUTHORIZED: ReadonlySet<number> = new Set([13, 18])
/**
 * Codes with which a server says that it cannot work at the moment: no or another primary, going down, interrupted,
 * too slow, no majority (https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml).
 */
const NOT_NOW: ReadonlySet<number> = new Set([
  6, 7, 50, 64, 89, 91, 100, 112, 133, 134, 189, 202, 234, 262, 9001, 10058, 10107, 11600, 11602, 13388, 13435, 13436,
])
/** Names of the driver's own errors that say the same. */
const DRIVER_NOT_NOW: ReadonlySet<string> = new Set([
  'MongoWaitQueueTimeoutError', 'MongoPoolClosedError', 'MongoNotConnectedError', 'MongoTopologyClosedError', 'MongoClientClosedError',
])

/** UNAVAILABLE with the reason `why`. */
export function unavailable(why: string, cause?: unknown): DatabaseError {
  const message = `MongoDB cannot be used at the moment: ${why}. Try again.`
  return new DatabaseError('UNAVAILABLE', message, { retryAfterMs: RETRY_AFTER_MS }, cause)
}

/** The numeric code of a server's error, also of a write error or a write concern error inside it. */
export function codeOf(error: unknown): number | null {
  if (!(error instanceof MongoError)) return null
  if (error instanceof MongoBulkWriteError) {
    const [first] = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors]
    const concern = error.result.getWriteConcernError()
    return first?.code ?? concern?.code ?? (typeof error.code === 'number' ? error.code : null)
  }
  return typeof error.code === 'number' ? error.code : null
}

/** Whether a key was taken. */
export function isDuplicate(error: unknown): boolean {
  return codeOf(error) === DUPLICATE_KEY
}

/** Whether the same command may succeed in a moment, with what it did being unknown. */
export function isTransient(error: unknown): boolean {
  if (error instanceof MongoNetworkError || error instanceof MongoServerSelectionError) return true
  if (error instanceof DatabaseError) return error.code === 'UNAVAILABLE'
  if (!(error instanceof MongoError)) return false
  const code = codeOf(error)
  if (code !== null) return NOT_NOW.has(code)
  // Without a code, a write wraps an error of the driver itself, whose class is lost then.
  return error instanceof MongoBulkWriteError || DRIVER_NOT_NOW.has(error.name)
}

function isFull(error: MongoError): boolean {
  const code = codeOf(error)
  if (code === OUT_OF_DISK_SPACE) return true
  return /no space left|disk is full/i.test(error.message) || (code === ATLAS_ERROR && /quota/i.test(error.message))
}

/** The error of the port for what the driver threw; what is neither the server's state nor ours stays as it is. */
export function failureOf(error: unknown): unknown {
  if (!(error instanceof MongoError)) return error
  if (isFull(error)) {
    const message = 'MongoDB has no room left on its disk. Make room; writing goes on then without a restart.'
    return new DatabaseError('STORAGE_FULL', message, { retryAfterMs: RETRY_AFTER_MS }, error)
  }
  if (error instanceof MongoServerSelectionError) return unavailable('no primary answers', error)
  const code = codeOf(error)
  if (code !== null && NOT_AUTHORIZED.has(code)) return unavailable('it does not accept the credentials any more', error)
  if (isTransient(error)) return unavailable(`it answered "${error.message.slice(0, 200)}"`, error)
  return error
}

/** `work`, or UNAVAILABLE when it takes longer than `ms`; `onLate` is told then. What still runs is left to itself. */
export async function withField<T>(ms: number, work: Promise<T>, onLate?: () => void): Promise<T> {
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
