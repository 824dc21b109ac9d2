/** How an error code behaves in every interface and in docs/errors.md. */
interface ErrorKind {
  /** HTTP status in REST (RFC 9110). */
  readonly http: number
  /** Exit code of the command line. */
  readonly exit: number
  /** Whether the same request may succeed later without a change. */
  readonly retryable: boolean
  /** When the error happens, in one sentence. */
  readonly sentence: string
  /** Extra fields beside `code` and `message`. */
  readonly fields: readonly string[]
}

type Status = readonly [http: number, exit: number, retry: 'retry' | 'final']

const kind = ([http, exit, retry]: Status, fields: readonly string[], sentence: string): ErrorKind => ({
  http,
  exit,
  retryable: retry === 'retry',
  fields,
  sentence,
})

/** The code of an error: in `extensions.code` (GraphQL) and `DatabaseError.code`. */
export type ErrorCode =
  | 'BAD_REQUEST'
  | 'INVALID_PATH'
  | 'INVALID_VALUE'
  | 'BAD_EXPRESSION'
  | 'TOO_LARGE'
  | 'OPERATION_TOO_COMPLEX'
  | 'NOT_FOUND'
  | 'EXISTS'
  | 'NAME_TAKEN'
  | 'CONFLICT'
  | 'KEY_REUSED'
  | 'CURSOR_EXPIRED'
  | 'CURSOR_UNKNOWN'
  | 'HISTORY_EXPIRED'
  | 'FORBIDDEN'
  | 'TOO_MANY_REQUESTS'
  | 'UNAVAILABLE'
  | 'STORAGE_FULL'
  | 'TIMEOUT'
  | 'UNREACHABLE'
  | 'INTERNAL'

/** The one table of error codes, for every interface. */
export const ERRORS: Readonly<Record<ErrorCode, ErrorKind>> = {
  BAD_REQUEST: kind(
    [400, 2, 'final'],
    ['argument', 'at'],
    'The request is malformed, or an argument is missing or out of range.',
  ),
  INVALID_PATH: kind(
    [400, 2, 'final'],
    ['path'],
    'The path has a forbidden or empty segment, or is of the wrong kind for the operation.',
  ),
  INVALID_VALUE: kind(
    [400, 2, 'final'],
    ['at'],
    'The value cannot be kept exactly, or a patch does not fit the value that is there.',
  ),
  BAD_EXPRESSION: kind(
    [400, 2, 'final'],
    ['position'],
    'The expression does not parse, or uses what is not there or not offered.',
  ),
  TOO_LARGE: kind([413, 2, 'final'], ['limit', 'max', 'at'], 'A limit of size, depth, count or length is exceeded.'),
  OPERATION_TOO_COMPLEX: kind(
    [400, 2, 'final'],
    ['limit', 'max'],
    'The GraphQL operation has too many tokens, levels or fields, or asks for too many rows or bytes at once.',
  ),
  NOT_FOUND: kind([404, 3, 'final'], ['path'], 'A write into what is not there, or a version that never was.'),
  EXISTS: kind([409, 4, 'final'], ['path'], 'A document with this id is already there.'),
  NAME_TAKEN: kind([409, 4, 'final'], ['path'], 'A field and a nested collection of the same name exclude each other.'),
  CONFLICT: kind(
    [409, 4, 'final'],
    ['path', 'check', 'version', 'value', 'at'],
    'An expectation, a check or the `test` of a JSON Patch does not hold: read again, then decide.',
  ),
  KEY_REUSED: kind([409, 4, 'final'], ['commit'], 'The idempotency key was used for another write.'),
  CURSOR_EXPIRED: kind([410, 5, 'final'], ['floor'], 'The cursor lies below what the log still holds.'),
  CURSOR_UNKNOWN: kind(
    [400, 5, 'final'],
    [],
    'The cursor was altered, belongs to another tenant or epoch, or lies ahead.',
  ),
  HISTORY_EXPIRED: kind(
    [410, 5, 'final'],
    ['floor'],
    'The past that was asked for is older than what is kept of it: retention removed versions.',
  ),
  FORBIDDEN: kind([403, 7, 'final'], [], 'The request is not allowed, for instance from the page of another site.'),
  TOO_MANY_REQUESTS: kind([429, 6, 'retry'], ['retryAfterMs'], 'More work is waiting than the server accepts.'),
  UNAVAILABLE: kind([503, 6, 'retry'], ['retryAfterMs'], 'The store cannot be reached or cannot write at the moment.'),
  STORAGE_FULL: kind([507, 6, 'retry'], ['retryAfterMs'], 'There is no room left where the data lies.'),
  TIMEOUT: kind(
    [504, 6, 'retry'],
    ['outcome'],
    'It took longer than allowed; of a write, `outcome` says what is known.',
  ),
  UNREACHABLE: kind(
    [503, 6, 'retry'],
    ['outcome'],
    'No server answered the client for too long, or the client was closed; of a write, `outcome` says what is known.',
  ),
  INTERNAL: kind([500, 1, 'retry'], ['id'], 'A bug in the server; it is logged under `id`.'),
}

export type ErrorDetails = Readonly<Record<string, unknown>>

/** The error class of every interface. Its message says what was wrong, what was expected and what to do. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError'
  readonly code: ErrorCode
  readonly details: ErrorDetails

  /** `cause`, beside the details, is the error that led to this one. */
  constructor(code: ErrorCode, message: string, { cause, ...details }: ErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.details = details
  }
}

/** `retryAfterMs` of the errors that may pass by themselves, ms. */
const RETRY_AFTER_MS = 1_000

/** An error after which the same may succeed later, with `retryAfterMs`. */
export function retryableError(
  code: 'UNAVAILABLE' | 'STORAGE_FULL' | 'TOO_MANY_REQUESTS',
  message: string,
  cause?: unknown,
): DatabaseError {
  return new DatabaseError(code, message, { retryAfterMs: RETRY_AFTER_MS, cause })
}

/** UNAVAILABLE of every use of a store after its `close`. */
export function closedError(): DatabaseError {
  return retryableError('UNAVAILABLE', 'The store is closed.')
}

/** BAD_REQUEST about one argument. */
export function badArgument(argument: string, message: string): DatabaseError {
  return new DatabaseError('BAD_REQUEST', message, { argument })
}

/** INVALID_PATH: the path is well-formed but of the wrong kind for the operation. */
export function wrongKind(path: string, why: string): DatabaseError {
  return new DatabaseError('INVALID_PATH', `${JSON.stringify(path)} is the wrong kind of path: ${why}.`, { path })
}
