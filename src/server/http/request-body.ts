import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { tooLarge } from '../../core/limits.ts'
import type { Reservation } from '../limits/memory-budget.ts'
import { HttpError } from '../operations/http-error.ts'

/**
 * Reads the body of a request, at most `maxBytes`, which `reservation` holds. Rejects with an HttpError or a
 * DatabaseError.
 */
export async function readBody(req: IncomingMessage, maxBytes: number, reservation: Reservation): Promise<Buffer> {
  const declared = Number(req.headers['content-length'] ?? 0)
  if (declared > maxBytes) throw bodyTooLarge(maxBytes)
  let bytes = 0
  return collect(req, (chunkBytes) => {
    bytes += chunkBytes
    if (bytes > maxBytes) throw bodyTooLarge(maxBytes)
    if (!reservation.grow(chunkBytes)) throw tooBusy('The server holds as many requests and answers as it may')
  })
}

function collect(req: IncomingMessage, count: (bytes: number) => void): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const refuse = (error: unknown): void => {
      // The remaining body is discarded, so that the client can finish sending and read the answer.
      req.removeAllListeners('data').resume()
      reject(error)
    }
    req.on('data', (chunk: Buffer) => {
      try {
        count(chunk.length)
        chunks.push(chunk)
      } catch (error) {
        refuse(error)
      }
    })
    req.once('end', () => resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)))
    req.once('error', reject)
    req.once('close', () => {
      if (!req.complete) reject(new HttpError('The client went away before the body was complete.'))
    })
  })
}

/** The text of a body: strict UTF-8 without a byte order mark. Throws an HttpError. */
export function decodeBody(bytes: Buffer): string {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    throw new HttpError('The body begins with a byte order mark: send UTF-8 without one.')
  }
  if (!isUtf8(bytes)) throw new HttpError('The body is not valid UTF-8.')
  return bytes.toString('utf8')
}

const bodyTooLarge = (max: number): Error => tooLarge('bodyBytes', max, 'The body is larger than a request may be')

/** 429: the request is refused, not queued. */
export function tooBusy(what: string): HttpError {
  return new HttpError(`${what}: try again in a second.`, {
    code: 'TOO_MANY_REQUESTS',
    details: { retryAfterMs: 1_000 },
    headers: { 'retry-after': '1' },
  })
}
