import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A TCP connection that is gone after the test. */
export async function openSocket(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  await new Promise((resolve) => socket.once('connect', resolve))
  return socket
}

/** Sends bytes as they are and reads until the server closes, so the request should say `connection: close`. */
export async function sendRaw(port: number, ...parts: readonly (string | Uint8Array)[]): Promise<RawAnswer> {
  const socket = await openSocket(port)
  for (const part of parts) socket.write(part)
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return parseAnswer(Buffer.concat(chunks).toString('utf8'))
}

/** The text of a POST to the endpoint; `headers` replace or, when null, remove the usual ones. */
export function postText(body: string | Uint8Array, headers: Readonly<Record<string, string | null>> = {}): string {
  const all = {
    host: 'localhost',
    connection: 'close',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  }
  const lines = Object.entries(all)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST /graphql HTTP/1.1\r\n${lines.join('')}\r\n`
}

function parseAnswer(text: string): RawAnswer {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [status = '', ...lines] = head.split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  return { status: Number(status.split(' ')[1]), headers, body: rest.join('\r\n\r\n') }
}

/** A WebSocket that speaks the protocol by hand. */
export interface RawPeer {
  readonly socket: WebSocket
  send(message: string | Uint8Array): void
  /** The next message that was not taken yet; rejects when the socket closes first, with `code reason`. */
  take(): Promise<Record<string, unknown>>
  /** Resolves with the close code. */
  readonly closed: Promise<number>
}

/** Opens a WebSocket and, unless told otherwise, initialises the connection. */
export async function openPeer(
  wsEndpoint: string,
  { init = true }: { readonly init?: boolean } = {},
): Promise<RawPeer> {
  const socket = new WebSocket(wsEndpoint, 'graphql-transport-ws')
  onTestFinished(() => socket.terminate())
  const messages: Record<string, unknown>[] = []
  const waiting: (() => void)[] = []
  const wake = (): void => waiting.splice(0).forEach((resume) => resume())
  let end: string | null = null
  socket.on('message', (data) => {
    messages.push(JSON.parse((data as Buffer).toString('utf8')) as Record<string, unknown>)
    wake()
  })
  socket.on('error', () => {})
  const closed = new Promise<number>((resolve) =>
    socket.on('close', (code, reason) => {
      end = `${code} ${reason.toString()}`
      wake()
      resolve(code)
    }),
  )
  const take = async (): Promise<Record<string, unknown>> => {
    const message = messages.shift()
    if (message !== undefined) return message
    if (end !== null) throw new Error(end)
    await new Promise<void>((resolve) => waiting.push(resolve))
    return take()
  }
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const peer = { socket, send: (message: string | Uint8Array) => socket.send(message), take, closed }
  if (!init) return peer
  peer.send('{"type":"connection_init"}')
  await take()
  return peer
}
