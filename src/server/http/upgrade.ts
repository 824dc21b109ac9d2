import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Http } from './http-server.ts'

/** Whether a request asks for a WebSocket; an upgrade to anything else is ignored (RFC 9110, section 7.8). */
export function asksForWebSocket({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket'
}

/** Entries of `rawHeaders` at which Node drops further headers: 1,000 names and their values. */
const MAX_RAW_HEADERS = 2_000

/**
 * Whether Node dropped no header. If Content-Length were lost, `ignoreUpgrade` would have the body parsed as a request.
 */
export function hasAllHeaders({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): boolean {
  return rawHeaders.length < MAX_RAW_HEADERS
}

/** A connection whose request asked for an upgrade, and the bytes that were read behind its headers. */
interface DetachedConnection {
  readonly socket: Duplex
  readonly head: Buffer
}

/**
 * Answers a request as if it had not asked for an upgrade, after all requests before it. Node hands every request with
 * an Upgrade header to the `upgrade` listeners and detaches its connection. So the connection is emitted again, with
 * the headers less Upgrade in front of its data.
 */
export function ignoreUpgrade(
  { server, pipeline }: Pick<Http, 'server' | 'pipeline'>,
  req: IncomingMessage,
  { socket, head }: DetachedConnection,
): void {
  // Until then the socket has no other `error` listener.
  const ignore = (): void => {}
  socket.on('error', ignore)
  pipeline.after(req, socket, () => {
    socket.off('error', ignore).removeAllListeners('timeout')
    socket.unshift(Buffer.concat([Buffer.from(headWithoutUpgrade(req), 'latin1'), head]))
    server.emit('connection', socket)
  })
}

/** Options of the Connection header that belong to an upgrade. */
const UPGRADE_OPTIONS = new Set(['upgrade', 'http2-settings'])

/**
 * The request line and headers as received, less the upgrade; never longer than they were, for Node bounds their
 * length.
 */
function headWithoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  let head = `${method} ${url} HTTP/${httpVersion}\r\n`
  for (let i = 0; i < rawHeaders.length; i += 2) head += headerLine(rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '')
  return `${head}\r\n`
}

function headerLine(name: string, value: string): string {
  const lowerCase = name.toLowerCase()
  if (UPGRADE_OPTIONS.has(lowerCase)) return ''
  if (lowerCase !== 'connection') return `${name}:${value}\r\n`
  const options = value.split(',').filter((option) => !UPGRADE_OPTIONS.has(option.trim().toLowerCase()))
  return options.length === 0 ? '' : `${name}:${options.join(',')}\r\n`
}
