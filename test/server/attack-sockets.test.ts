import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { openServer, ask, temporaryDirectory } from '../support/server/fixture.ts'
import { ATTACKS, frame } from '../support/server/hostile-sockets.ts'
import { openPeer, openSocket } from '../support/server/raw.ts'
import { startProcess, type ServerProcess } from '../support/writers/server.ts'
import { until } from '../support/time/until.ts'
import { elapse } from '../support/time/elapse.ts'

const MIB = 1_048_576
const SOCKETS = 16

async function gauge({ graphql }: ServerProcess): Promise<number> {
  const text = await (await fetch(graphql.replace('/graphql', '/metrics'))).text()
  return Number(/^tidemark_held_bytes (.+)$/m.exec(text)?.[1])
}

async function peakBytes(pid: number): Promise<number> {
  return Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024
}

/** Some more, against one server, are in scripts/hostile.ts. */
const KINDS = [
  'answers that are not read',
  'params of subscriptions',
  'fragments without an end',
  'a message in drops',
  'long ids',
  'event streams that are not read',
  'HTTP bodies without an end',
]

test.skipIf(process.platform !== 'linux')(
  '16 hostile connections of each kind hold little, others are answered, and afterwards nothing is held',
  { timeout: 120_000 },
  async () => {
    const server = await startProcess(await temporaryDirectory())
    onTestFinished(() => server.kill())
    const port = Number(new URL(server.graphql).port)
    for (const id of [0, 1, 2]) {
      await ask(server.graphql, `mutation ($v: JSON) { put(path: "big/${id}", value: $v) { id } }`, {
        v: 'x'.repeat(1_000_000),
      })
    }
    for (const kind of KINDS) {
      const sockets: Socket[] = []
      for (let n = 0; n < SOCKETS; n++) void ATTACKS[kind]?.(port, n).then((socket) => sockets.push(socket))
      for (let i = 0; i < 10; i++) {
        expect(await ask(server.graphql, '{ get(path: "none/1") }'), kind).toEqual({ data: { get: null } })
        await elapse(50)
      }
      await until(() => sockets.length === SOCKETS, 30_000)
      for (const socket of sockets) socket.destroy()
      await until(async () => (await gauge(server)) === 0)
    }
    // Unbounded, sixteen sockets that do not read took 3 GB.
    expect(await peakBytes(server.pid)).toBeLessThan(512 * MIB)
  },
)

test.each([
  ['in fragments', (): Buffer => frame('x', { fin: false }), (): Buffer => frame('x', { fin: false, opcode: 0 })],
  [
    'in fragments of nothing',
    (): Buffer => frame('', { fin: false }),
    (): Buffer => frame('', { fin: false, opcode: 0 }),
  ],
  ['byte by byte', (): Buffer => frame('x'.repeat(1_000)).subarray(0, 100), (): Buffer => Buffer.from('x')],
])('a message that takes longer than a request may closes its socket with 4408: %s', async (_, first, next) => {
  const { wsEndpoint, port, endpoint } = await openServer({ bounds: { requestMs: 400 } })
  const socket = await openSocket(port)
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  socket.write(
    'GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n' +
      'sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n' +
      'sec-websocket-protocol: graphql-transport-ws\r\n\r\n',
  )
  await until(() => text.includes('\r\n\r\n'))
  socket.write(first())
  const timer = setInterval(() => socket.write(next()), 20)
  onTestFinished(() => clearInterval(timer))
  await until(() => text.includes(`${String.fromCharCode(4408 >> 8, 4408 & 255)}The message took too long`))
  await ask(endpoint, '{ __typename }')
  // One that sends whole messages, slowly one after the other, stays.
  const peer = await openPeer(wsEndpoint)
  for (let i = 0; i < 8; i++) {
    peer.send('{"type":"ping"}')
    expect(await peer.take()).toEqual({ type: 'pong' })
    await elapse(100)
  }
})

test('variables that subscriptions keep are refused beyond their room, and fit again when others ended', async () => {
  const { wsEndpoint, endpoint } = await openServer({ bounds: { inflightBytesPerConnection: 7 * MIB } })
  const peer = await openPeer(wsEndpoint)
  const follow = (id: string): void =>
    peer.send(
      JSON.stringify({
        id,
        type: 'subscribe',
        payload: { query: 'subscription { changes(paths: ["a"]) { cursor } }', variables: { unused: 'x'.repeat(MIB) } },
      }),
    )
  for (const id of ['1', '2', '3']) {
    follow(id)
    expect(await peer.take()).toMatchObject({ id, type: 'next' })
  }
  follow('4')
  expect(await peer.take()).toMatchObject({
    id: '4',
    type: 'error',
    payload: [{ extensions: { code: 'TOO_MANY_REQUESTS', retryAfterMs: 1_000 } }],
  })
  expect(await ask(endpoint, '{ __typename }')).toEqual({ data: { __typename: 'Query' } })
  peer.send('{"id":"1","type":"complete"}')
  follow('5')
  expect(await peer.take()).toMatchObject({ id: '5', type: 'next' })
})

test('a write whose answer has no room is told as done, and a query as refused', async () => {
  const { endpoint, wsEndpoint } = await openServer({ bounds: { inflightBytesPerConnection: 2 * MIB } })
  await ask(endpoint, 'mutation ($v: JSON) { put(path: "big/1", value: $v) { id } }', { v: 'x'.repeat(1_000_000) })
  const many = Array.from({ length: 4 }, (_, i) => `a${i}: value`).join(' ')
  const peer = await openPeer(wsEndpoint)
  const query = `mutation { put(path: "big/1/more", value: 1) { cursor document { version ${many} } } }`
  await ask(endpoint, 'mutation ($v: JSON) { put(path: "big/1", value: $v) { id } }', {
    v: { text: 'x'.repeat(1_000_000) },
  })
  peer.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }))
  expect(await peer.take()).toMatchObject({
    payload: {
      data: { put: { cursor: expect.any(String), document: { version: 3 } } },
      errors: expect.arrayContaining([
        expect.objectContaining({
          path: ['put', 'document', 'a3'],
          extensions: { code: 'TOO_MANY_REQUESTS', retryAfterMs: 1_000 },
        }),
      ]),
    },
  })
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: `{ document(path: "big/1") { ${many} } }` }),
  })
  expect(response.status).toBe(429)
  expect(response.headers.get('retry-after')).toBe('1')
})

test('pings of the wire that nobody takes the answers of are answered with the newest only', async () => {
  const { wsEndpoint } = await openServer()
  const peer = await openPeer(wsEndpoint)
  const pongs: string[] = []
  peer.socket.on('pong', (data) => pongs.push(data.toString()))
  for (let i = 0; i < 1_000; i++) peer.socket.ping(String(i))
  await until(() => pongs.at(-1) === '999')
  expect(pongs.length).toBeLessThanOrEqual(1_000)
  expect(pongs.map(Number)).toEqual(pongs.map(Number).toSorted((a, b) => a - b))
})
