import { DatabaseError, ERRORS, type ErrorCode } from '../../core/error.ts'

/** A result of GraphQL, as it comes from a server. */
export interface GraphqlResult {
  readonly data?: Readonly<Record<string, unknown>> | null | undefined
  readonly errors?: readonly WireError[] | undefined
}

export interface WireError {
  readonly message: string
  readonly extensions?: Readonly<Record<string, unknown>> | undefined
}

/** The connection broke before an answer came: what was asked may have been done. */
export class BrokenConnection extends Error {
  override readonly name = 'BrokenConnection'
  /** Whether the server can have got what was sent. */
  readonly mayHaveArrived: boolean

  constructor(message: string, { mayHaveArrived = true, cause }: { mayHaveArrived?: boolean; cause?: unknown } = {}) {
    super(message, { cause })
    this.mayHaveArrived = mayHaveArrived
  }
}

const isCode = (code: unknown): code is ErrorCode => typeof code === 'string' && Object.hasOwn(ERRORS, code)

/** The DatabaseError that a server sent; INTERNAL for a code that is not known. */
export function remoteError(errors: readonly WireError[]): DatabaseError {
  const [{ message, extensions = {} } = { message: 'The server sent an error without a word.' }] = errors
  const { code, ...details } = extensions
  return isCode(code) ? new DatabaseError(code, message, details) : new DatabaseError('INTERNAL', message, extensions)
}

/** Whether the same request may succeed later. */
export function isRetryable(error: unknown): boolean {
  return error instanceof BrokenConnection || (error instanceof DatabaseError && ERRORS[error.code].retryable)
}

/** The least time to wait before the next attempt, ms. */
export function retryAfterMs(error: unknown): number {
  const ms = error instanceof DatabaseError ? error.details['retryAfterMs'] : 0
  return typeof ms === 'number' && ms > 0 ? ms : 0
}
