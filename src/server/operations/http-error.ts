import type { OutgoingHttpHeaders } from 'node:http'
import { DatabaseError, ERRORS, type ErrorCode, type ErrorDetails } from '../../core/error.ts'

interface HttpErrorOptions {
  /** Default: BAD_REQUEST. */
  readonly code?: ErrorCode
  /** Default: that of the code. */
  readonly status?: number
  readonly details?: ErrorDetails
  readonly headers?: OutgoingHttpHeaders
}

/** An error that answers a request before any operation runs. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  /** HTTP status. */
  readonly status: number
  readonly headers: OutgoingHttpHeaders
  /** The body of the answer, as a result of GraphQL. */
  readonly body: string

  constructor(message: string, { code = 'BAD_REQUEST', status, details, headers = {} }: HttpErrorOptions = {}) {
    super(message)
    this.status = status ?? ERRORS[code].http
    this.headers = headers
    this.body = JSON.stringify({ errors: [{ message, extensions: { code, ...details } }] })
  }
}

/** The HttpError for an error that was thrown before an operation ran; null when it is a bug. */
export function toHttpError(error: unknown): HttpError | null {
  if (error instanceof HttpError) return error
  if (!(error instanceof DatabaseError) || error.code === 'INTERNAL') return null
  return new HttpError(error.message, { code: error.code, details: error.details })
}
