import { STATUS_CODES, type OutgoingHttpHeaders, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { HttpError } from '../operations/http-error.ts'

interface JsonAnswer {
  readonly type: string
  readonly body: string
  readonly headers?: OutgoingHttpHeaders | undefined
}

/** Sends a JSON text, in one write. */
export function sendJson(res: ServerResponse, status: number, { type, body, headers }: JsonAnswer): void {
  res.writeHead(status, {
    'content-type': `${type}; charset=utf-8`,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  })
  res.end(body)
}

/** Sends an error; `type`: default application/json. */
export function sendHttpError(
  res: ServerResponse,
  { status, body, headers }: HttpError,
  more: { readonly type?: string; readonly headers?: OutgoingHttpHeaders | null } = {},
): void {
  sendJson(res, status, { type: more.type ?? 'application/json', body, headers: { ...headers, ...more.headers } })
}

/** Answers a request for an upgrade with an error, and ends the connection. */
export function endWithHttpError(socket: Duplex, { status, body }: HttpError): void {
  socket.on('error', () => {})
  const headers = `content-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}`
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\n${headers}\r\n\r\n${body}`)
}
