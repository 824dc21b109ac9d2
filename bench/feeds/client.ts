import { connect, type Socket } from 'node:net'

/**
 * Raw subscribers, in a process of their own: they count changes without parsing them, so that the server is measured.
 */

/** A command of the parent process. */
export type Command =
  | {
      readonly kind: 'open'
      readonly url: string
      readonly over: Transport
      readonly count: number
      readonly query: string
      readonly ids: 'equal' | 'different'
    }
  /** Reply when all subscribers together have received `count` changes since the last reply. */
  | { readonly kind: 'await'; readonly count: number }
  /** Reply with the latencies since the last time. */
  | { readonly kind: 'latencies' }
  /** The first `count` subscribers stop reading, or go on. */
  | { readonly kind: 'pause' | 'resume'; readonly count: number }

/** The reply when a command is done, with latencies in milliseconds if they were requested. */
export interface Reply {
  readonly latencies: readonly number[]
}

/** GraphQL over ws or SSE; `raw-`: the plain broadcast. */
export type Transport = 'ws' | 'sse' | 'raw-ws' | 'raw-sse'

/** Marks the time of a change's write, in microseconds of the machine's monotonic clock. */
const MARKER = Buffer.from('"t":')
const READY: Readonly<Record<Transport, string>> = {
  ws: '"upToDate"',
  sse: '"upToDate"',
  'raw-ws': '\r\n\r\n',
  'raw-sse': '\r\n\r\n',
}

/** Read buffer of all sockets. */
const SHARED = Buffer.alloc(65_536)

let count = 0
let goal = Infinity
let latencies: number[] = []
const sockets: Socket[] = []

function reply(message: Reply = { latencies: [] }): void {
  process.send?.(message)
}

process.on('message', (command: Command) => {
  switch (command.kind) {
    case 'open':
      return void openAll(command)
    case 'await':
      goal = command.count
      return check()
    case 'latencies':
      reply({ latencies })
      latencies = []
      return
    case 'pause':
      return toggle(command.count, (socket) => socket.pause())
    case 'resume':
      return toggle(command.count, (socket) => socket.resume())
  }
})

function toggle(many: number, act: (socket: Socket) => void): void {
  sockets.slice(0, many).forEach(act)
  reply()
}

function check(): void {
  if (count < goal) return
  count -= goal
  goal = Infinity
  reply()
}

/** A hundred at a time: more would overflow the listener's queue. */
async function openAll(command: Extract<Command, { kind: 'open' }>): Promise<void> {
  for (let i = 0; i < command.count; i += 100) {
    await Promise.all(Array.from({ length: Math.min(100, command.count - i) }, () => open(command)))
  }
  count = 0
  latencies = []
  reply()
}

/** Resolves when the subscriber is at the live edge. */
function open({ url, over, query, ids }: Extract<Command, { kind: 'open' }>): Promise<void> {
  const { hostname, port, pathname } = new URL(url)
  return new Promise((resolve, reject) => {
    const receive = (bytes: Buffer): void => {
      if (ready) return counting(bytes)
      ready = isReady(bytes)
      if (ready) resolve()
    }
    const onread = { buffer: SHARED, callback: (length: number) => (receive(SHARED.subarray(0, length)), true) }
    const socket = connect({ host: hostname, port: Number(port), noDelay: true, onread })
    sockets.push(socket)
    let head = ''
    const isReady = (chunk: Buffer): boolean => {
      head += chunk.toString('latin1')
      if (over === 'ws') {
        for (const message of nextMessages(head, ids === 'equal' ? '1' : crypto.randomUUID(), query)) {
          socket.write(message)
        }
      }
      return head.includes(READY[over])
    }
    const counting = counter()
    let ready = false
    if (over === 'ws') setInterval(() => socket.write(PONG), PONG_MS).unref()
    socket.once('error', reject).once('close', () => reject(new Error(`A subscriber was closed: ${head}`)))
    socket.write(
      over.endsWith('ws') ? upgrade(hostname, pathname) : post(hostname, pathname, JSON.stringify({ query })),
    )
  })
}

/** The next messages of an opening WebSocket, by the end of the data received so far. */
function nextMessages(head: string, id: string, query: string): readonly Buffer[] {
  if (head.endsWith('\r\n\r\n')) return [masked('{"type":"connection_init"}')]
  return /"connection_ack"(,"payload":\{[^}]*\})?\}$/.test(head)
    ? [masked(JSON.stringify({ id, type: 'subscribe', payload: { query } }))]
    : []
}

function upgrade(host: string, path: string): string {
  const key =
    'sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n' +
    'sec-websocket-protocol: graphql-transport-ws'
  return `GET ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: upgrade\r\nupgrade: websocket\r\n${key}\r\n\r\n`
}

function post(host: string, path: string, body: string): string {
  return (
    `POST ${path} HTTP/1.1\r\nhost: ${host}\r\naccept: text/event-stream\r\n` +
    `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  )
}

/** An unsolicited pong, so that pings need not be parsed (RFC 6455, section 5.5.3). */
const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0])
const PONG_MS = 10_000

/** A text frame of less than 64 KiB, masked with zeros (RFC 6455, section 5.3). */
function masked(text: string): Buffer {
  const payload = Buffer.from(text)
  const head = Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 0xff, 0, 0, 0, 0])
  return Buffer.concat([head, payload])
}

/** Counts the markers in a stream, also a marker that is split over two chunks. */
function counter(): (bytes: Buffer) => void {
  let partial = ''
  return (bytes) => {
    if (partial !== '') {
      countIn(Buffer.from(partial + bytes.toString('latin1', 0, MARKER.length - partial.length), 'latin1'))
    }
    countIn(bytes)
    partial = partialMarker(bytes)
    check()
  }
}

/** The partial marker at the end of the bytes, or ''. */
function partialMarker(bytes: Buffer): string {
  // Complete messages end otherwise, so one byte nearly always decides.
  const last = bytes[bytes.length - 1]
  if (last !== QUOTE && last !== LETTER) return ''
  const end = bytes.toString('latin1', Math.max(0, bytes.length - MARKER.length + 1))
  return ['"t"', '"t', '"'].find((beginning) => end.endsWith(beginning)) ?? ''
}

const QUOTE = 0x22
const LETTER = 0x74

function countIn(bytes: Buffer): void {
  let now = 0
  for (let at = bytes.indexOf(MARKER); at >= 0; at = bytes.indexOf(MARKER, at + MARKER.length)) {
    count++
    const written = readNumber(bytes, at + MARKER.length)
    if (written === 0) continue
    now ||= Number(process.hrtime.bigint() / 1_000n)
    latencies.push((now - written) / 1_000)
  }
}

/** The number at `from`; 0 when it is cut off. */
function readNumber(bytes: Buffer, from: number): number {
  let value = 0
  for (let at = from; at < bytes.length; at++) {
    const digit = (bytes[at] ?? 0) - 48
    if (digit < 0 || digit > 9) return value
    value = value * 10 + digit
  }
  return 0
}
