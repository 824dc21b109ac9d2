import { connect, type Socket } from 'node:net'

const MIB = 1_048_576

/** What one hostile connection does; resolves when it has sent all that it wants to, or is refused. */
export type Attack = (port: number, n: number) => Promise<Socket>

/** Opens a connection whose answers nobody reads. */
async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => {})
  await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))
  return socket
}

const HANDSHAKE = [
  'GET /graphql HTTP/1.1',
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Protocol: graphql-transport-ws',
  '',
  '',
].join('\r\n')

/** A WebSocket by hand: it is read from until the connection is acknowledged, and never again. */
async function openWebSocket(port: number, init = '{"type":"connection_init"}'): Promise<Socket> {
  const socket = await open(port)
  let text = ''
  const acknowledged = new Promise((resolve) => {
    socket
      .on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1')
        if (text.includes('connection_ack')) resolve(null)
      })
      .once('close', resolve)
    setTimeout(resolve, 2_000)
  })
  socket.write(HANDSHAKE)
  socket.write(frame(init))
  await acknowledged
  socket.pause()
  return socket
}

interface FrameOptions {
  readonly fin?: boolean
  readonly opcode?: number
}

/** A masked frame (RFC 6455, section 5.2); the mask is 0, so that the payload stands there as it is. */
export function frame(payload: string | Buffer, { fin = true, opcode = 1 }: FrameOptions = {}): Buffer {
  const body = Buffer.from(payload)
  const long = body.length > 65_535
  const head = Buffer.alloc(body.length < 126 ? 6 : long ? 14 : 8)
  head[0] = (fin ? 0x80 : 0) | opcode
  head[1] = 0x80 | (body.length < 126 ? body.length : long ? 127 : 126)
  if (long) head.writeUIntBE(body.length, 4, 6)
  else if (body.length >= 126) head.writeUInt16BE(body.length, 2)
  return Buffer.concat([head, body])
}

/** Sends as far as the other side takes it: a full kernel buffer ends the attack, not this process. */
async function sendAll(socket: Socket, messages: Iterable<Buffer | string>, patienceMs = 500): Promise<void> {
  for (const message of messages) {
    if (socket.destroyed) return
    if (socket.write(message)) continue
    const drained = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), patienceMs)
      const done = (): void => {
        clearTimeout(timer)
        resolve(true)
      }
      socket.once('drain', done).once('close', done)
    })
    if (!drained) return
  }
}

function* times(count: number, make: (i: number) => Buffer | string): Iterable<Buffer | string> {
  for (let i = 0; i < count; i++) yield make(i)
}

const subscribe = (id: string, payload: object): Buffer => frame(JSON.stringify({ id, type: 'subscribe', payload }))

const LARGE = `{ ${Array.from({ length: 14 }, (_, i) => `a${i}: get(path: "big/${i % 3}")`).join(' ')} }`
const FOLLOW =
  'subscription ($params: JSON) { changes(paths: ["none"], where: "params.a == value.a", params: $params) { cursor } }'
/** All values, from the beginning, `n` in a name so that no two are alike. */
const followAll = (n: number): string =>
  `subscription { q${n}: changes(paths: ["big"], start: BEGINNING) { changes { ` +
  `${Array.from({ length: 4 }, (_, k) => `a${k}: document { value }`).join(' ')} } } }`

const post = (body: string, headers = ''): string =>
  'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
  `${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`

const webSocket =
  (messages: (n: number) => Iterable<Buffer | string>): Attack =>
  async (port, n) => {
    const socket = await openWebSocket(port)
    await sendAll(socket, messages(n))
    return socket
  }

/** Sends something small again and again, for as long as the connection lasts. */
function trickle(socket: Socket, piece: () => Buffer, everyMs: number): void {
  const timer = setInterval(() => void socket.write(piece()), everyMs)
  socket.once('close', () => clearInterval(timer))
}

/** Ways to make a server hold much, by name. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  'answers that are not read': webSocket((n) => times(200, (i) => subscribe(`${n}.${i}`, { query: LARGE }))),
  'answers of mutations that are not read': webSocket((n) =>
    times(200, (i) =>
      subscribe(`${n}.${i}`, {
        query:
          `mutation { put(path: "small/${n}", value: ${i}) { changes { ` +
          `${Array.from({ length: 3 }, (_, k) => `a${k}: before`).join(' ')} document { value } } document ` +
          '{ path version } } ' +
          `${LARGE.slice(1, -1).replaceAll('get(', 'put(').replaceAll(')', ', value: 1) { cursor }')} }`,
      }),
    ),
  ),
  'params of subscriptions': webSocket((n) =>
    times(100, (i) =>
      subscribe(`${n}.${i}`, { query: FOLLOW, variables: { params: { a: `${n}.${i}`.padEnd(900_000, 'x') } } }),
    ),
  ),
  'many objects in params': webSocket((n) =>
    times(100, (i) =>
      subscribe(`${n}.${i}`, {
        query: FOLLOW,
        variables: { params: { a: i, b: n, c: Array.from({ length: 250_000 }, () => ({})) } },
      }),
    ),
  ),
  'variables that nothing uses': webSocket((n) =>
    times(100, (i) =>
      subscribe(`${n}.${i}`, {
        query: 'subscription { changes(paths: ["none"]) { cursor } }',
        variables: { a: `${n}.${i}`.padEnd(900_000, 'x') },
      }),
    ),
  ),
  'fragments without an end': async (port, n) => {
    const socket = await openWebSocket(port)
    const fragment = (i: number): Buffer => frame('x', { fin: false, opcode: i === 0 ? 1 : 0 })
    await sendAll(socket, times(16_000, fragment))
    trickle(socket, () => fragment(n + 1), 1_000)
    return socket
  },
  'a message in drops': async (port) => {
    const socket = await openWebSocket(port)
    const message = frame('x'.repeat(MIB - 1))
    await sendAll(socket, [message.subarray(0, -1_000)])
    let at = message.length - 1_000
    trickle(socket, () => message.subarray(at, ++at), 100)
    return socket
  },
  'long ids': webSocket((n) =>
    times(100, (i) =>
      subscribe(`${n}.${i}`.padEnd(100_000, 'x'), { query: 'subscription { live(paths: ["big"]) { cursor } }' }),
    ),
  ),
  'events that are not read': webSocket((n) =>
    times(100, (i) => subscribe(String(i), { query: followAll(n * 100 + i) })),
  ),
  'event streams that are not read': async (port, n) => {
    const socket = await open(port)
    socket.pause()
    await sendAll(
      socket,
      times(20, (i) => post(JSON.stringify({ query: followAll(n * 100 + i) }), 'Accept: text/event-stream\r\n')),
    )
    return socket
  },
  'pings that are not read': webSocket(() => times(200_000, () => frame('x'.repeat(100), { opcode: 9 }))),
  'a large connection_init': (port) =>
    openWebSocket(port, JSON.stringify({ type: 'connection_init', payload: { a: 'x'.repeat(1_000_000) } })),
  'subscribe and complete in turn': webSocket(() =>
    times(20_000, (i) =>
      Buffer.concat([
        subscribe(String(i % 50), { query: 'subscription { changes(paths: ["none"]) { cursor } }' }),
        frame(JSON.stringify({ id: String(i % 50), type: 'complete' })),
      ]),
    ),
  ),
  'small answers that are not read': webSocket(() =>
    times(50_000, (i) => subscribe(String(i), { query: '{ __typename }' })),
  ),
  'HTTP answers that are not read': async (port) => {
    const socket = await open(port)
    socket.pause()
    await sendAll(
      socket,
      times(100, () => post(JSON.stringify({ query: LARGE }))),
    )
    return socket
  },
  'HTTP headers in a queue': async (port) => {
    const socket = await open(port)
    socket.pause()
    const headers = Array.from({ length: 300 }, (_, i) => `x-${i}: ${'x'.repeat(40)}\r\n`).join('')
    await sendAll(
      socket,
      times(120, () => post(JSON.stringify({ query: LARGE }), headers)),
    )
    return socket
  },
  'HTTP bodies without an end': async (port) => {
    const socket = await open(port)
    socket.write(
      'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
        `Content-Length: ${2 * MIB}\r\n\r\n`,
    )
    await sendAll(socket, [Buffer.alloc(2 * MIB - 2_000, 'x')])
    trickle(socket, () => Buffer.from('x'), 500)
    return socket
  },
}
