/** How an error code behaves in every interface and in docs/errors.md. */
interface ErrorKind {
  /** HTTP status of a request that fails as a whole (RFC 9110). */
  readonly http: number
  /** Exit code of the command line. */
  readonly exit: number
  /** When the error happens, in one sentence. */
  readonly sentence: string
  /** Extra fields beside `code` and `message`. */
  readonly fields: readonly string[]
}

type Status = readonly [http: number, exit: number]

const kind = ([http, exit]: Status, fields: readonly string[], sentence: string): ErrorKind => ({
  http,
  exit,
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
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'TOO_MANY_REQUESTS'
  | 'UNAVAILABLE'
  | 'STORAGE_FULL'
  | 'TIMEOUT'
  | 'UNREACHABLE'
  | 'INTERNAL'

/** Codes after which the same request may succeed later without a change. */
const RETRYABLE: readonly ErrorCode[] = [
  'TOO_MANY_REQUESTS',
  'UNAVAILABLE',
  'STORAGE_FULL',
  'TIMEOUT',
  'UNREACHABLE',
  'INTERNAL',
]

/** Whether the same request may succeed later without a change. */
export function isRetryableCode(code: ErrorCode): boolean {
  return RETRYABLE.includes(code)
}

/** The one table of error codes, for every interface. The annotations let a bundler leave it out of the client. */
export const ERRORS: Readonly<Record<ErrorCode, ErrorKind>> = {
  BAD_REQUEST: /* @__PURE__ */ kind(
    [400, 2],
    ['argument', 'at'],
    'The request is malformed, or an argument is missing or out of range.',
  ),
  INVALID_PATH: /* @__PURE__ */ kind(
    [400, 2],
    ['path'],
    'The path has a forbidden or empty segment, or is of the wrong kind for the operation.',
  ),
  INVALID_VALUE: /* @__PURE__ */ kind(
    [400, 2],
    ['at'],
    'The value cannot be kept exactly, or a patch does not fit the value that is there.',
  ),
  BAD_EXPRESSION: /* @__PURE__ */ kind(
    [400, 2],
    ['position'],
    'The expression does not parse, or uses what is not there or not offered.',
  ),
  TOO_LARGE: /* @__PURE__ */ kind(
    [413, 2],
    ['limit', 'max', 'at'],
    'A limit of size, depth, count or length is exceeded.',
  ),
  OPERATION_TOO_COMPLEX: /* @__PURE__ */ kind(
    [400, 2],
    ['limit', 'max'],
    'The GraphQL operation has too many tokens, levels or fields, or asks for too many rows or bytes at once.',
  ),
  NOT_FOUND: /* @__PURE__ */ kind([404, 3], ['path'], 'A write into what is not there, or a version that never was.'),
  EXISTS: /* @__PURE__ */ kind([409, 4], ['path'], 'A document with this id is already there.'),
  NAME_TAKEN: /* @__PURE__ */ kind(
    [409, 4],
    ['path'],
    'A field and a nested collection of the same name exclude each other.',
  ),
  CONFLICT: /* @__PURE__ */ kind(
    [409, 4],
    ['path', 'check', 'version', 'value', 'at'],
    'An expectation, a check or the `test` of a JSON Patch does not hold: read again, then decide.',
  ),
  KEY_REUSED: /* @__PURE__ */ kind([409, 4], ['commit'], 'The idempotency key was used for another write.'),
  CURSOR_EXPIRED: /* @__PURE__ */ kind([410, 5], ['floor'], 'The cursor lies below what the log still holds.'),
  CURSOR_UNKNOWN: /* @__PURE__ */ kind(
    [400, 5],
    [],
    'The cursor was altered, belongs to another tenant or epoch, or lies ahead.',
  ),
  HISTORY_EXPIRED: /* @__PURE__ */ kind(
    [410, 5],
    ['floor'],
    'The past that was asked for is older than what is kept of it: retention removed versions.',
  ),
  UNAUTHENTICATED: /* @__PURE__ */ kind(
    [401, 7],
    [],
    'The token is missing, or it is not accepted: the client asks for another one once, then gives up.',
  ),
  FORBIDDEN: /* @__PURE__ */ kind(
    [403, 7],
    [],
    'The request is not allowed, for instance from the page of another site.',
  ),
  TOO_MANY_REQUESTS: /* @__PURE__ */ kind([429, 6], ['retryAfterMs'], 'More work is waiting than the server accepts.'),
  UNAVAILABLE: /* @__PURE__ */ kind(
    [503, 6],
    ['retryAfterMs', 'outcome'],
    'The store cannot be reached or cannot write at the moment; of a write, `outcome` says what is known.',
  ),
  STORAGE_FULL: /* @__PURE__ */ kind(
    [507, 6],
    ['retryAfterMs', 'outcome'],
    'There is no room left where the data lies; of a write, `outcome` says what is known.',
  ),
  TIMEOUT: /* @__PURE__ */ kind(
    [504, 6],
    ['outcome'],
    'It took longer than allowed; of a write, `outcome` says what is known.',
  ),
  UNREACHABLE: /* @__PURE__ */ kind(
    [503, 6],
    ['outcome'],
    'No server answered the client for too long, or the client was closed; of a write, `outcome` says what is known.',
  ),
  INTERNAL: /* @__PURE__ */ kind([500, 1], ['id'], 'A bug in the server; it is logged under `id`.'),
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

/** UNAVAILABLE of a process whose data is not the one any more that it has in memory. */
export function replacedDataError(): DatabaseError {
  return retryableError('UNAVAILABLE', 'The data was replaced while the server ran; start it again.')
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
