import { DatabaseError, type ErrorCode } from '../../core/error.ts'

/** The reason of a close code that is the client's fault may begin with the code of an error. */
const CODED_REASON = /^([A-Z_]+): (.*)$/

/** Why a connection has ended for good; null: it was closed here. */
export function closingError(closeCode: number | null, reason: string): DatabaseError {
  if (closeCode === null) return new DatabaseError('UNREACHABLE', 'The client is closed.', { outcome: 'UNKNOWN' })
  if (closeCode === 4401) {
    return new DatabaseError('UNAUTHENTICATED', 'The server refused the token twice: give another one.')
  }
  const [, code = 'INTERNAL', message = `The server closed the connection with ${closeCode}: ${reason}`] =
    CODED_REASON.exec(reason) ?? []
  return new DatabaseError(code as ErrorCode, message)
}
