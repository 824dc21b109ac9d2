import { DatabaseError, isRetryableCode, type ErrorCode } from '../../core/error.ts'

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

/** The DatabaseError that a server sent. Codes of later servers are passed on, and are not tried again. */
export function remoteError(errors: readonly WireError[] | undefined): DatabaseError {
  const [{ message, extensions = {} } = { message: 'The server sent neither data nor an error.' }] = errors ?? []
  const { code = 'INTERNAL', ...details } = extensions
  return new DatabaseError(code as ErrorCode, message, details)
}

/** The DatabaseError of a fault in the client, or of one that is known. */
export function toDatabaseError(error: unknown): DatabaseError {
  return error instanceof DatabaseError ? error : new DatabaseError('INTERNAL', String(error), { cause: error })
}

/** Whether the same request may succeed later. UNREACHABLE is the client's own, when it gives up. */
export function isRetryable(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return error instanceof BrokenConnection
  return error.code !== 'UNREACHABLE' && isRetryableCode(error.code)
}

/** The least time to wait before the next attempt, ms. */
export function retryAfterMs(error: unknown): number {
  const ms = error instanceof DatabaseError ? error.details['retryAfterMs'] : 0
  return typeof ms === 'number' && ms > 0 ? ms : 0
}
