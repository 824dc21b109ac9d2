import type { OutgoingHttpHeaders } from 'node:http'
import { DatabaseError, ERRORS, type ErrorCode, type ErrorDetails } from '../../core/error.ts'

/** An error that answers a request before any operation runs. */
export class HttpError extends Error {
  override readonly name = 'Refusal'
  /** HTTP status. */
  readonly status: number
  readonly code: ErrorCode
  readonly details: ErrorDetails
  readonly headers: OutgoingHttpHeaders

  constructor(
    status: number,
    message: string,
    options: {
      readonly code?: ErrorCode
      readonly details?: ErrorDetails
      readonly headers?: OutgoingHttpHeaders
    } = {},
  ) {
    super(message)
    this.status = status
    this.code = options.code ?? 'BAD_REQUEST'
    this.details = options.details ?? {}
    this.headers = options.headers ?? {}
  }
}

/** 400 for a malformed request. */
export function badRequest(message: string): HttpError {
  return new HttpError(400, message)
}

/** The HttpError for an error that was thrown before an operation ran; null when it is a bug. */
export function toHttpError(error: unknown): HttpError | null {
  if (error instanceof HttpError) return error
  if (!(error instanceof DatabaseError) || error.code === 'INTERNAL') return null
  return new HttpError(ERRORS[error.code].http, error.message, { code: error.code, details: error.details })
}
