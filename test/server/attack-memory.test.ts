import { subscribe as onMessage, unsubscribe } from 'node:diagnostics_channel'
import type { ServerResponse } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { ChangeBatch, Database } from '../../src/core/database.ts'
import { openEngine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { feedOf, recordingDatabase } from '../graphql/recording-database.ts'
import { expectAlive, serve } from '../support/server/fixture.ts'
import { openPeer, openSocket, postText, sendRaw } from '../support/server/raw.ts'
import { until } from '../support/time/until.ts'
import { turn } from '../support/time/turns.ts'
import { standstill } from '../support/server/standstill.ts'

const MIB = 1_048_576
const GET = '{"query":"{ get(path: \\"a\\") }"}'

/** A database of which every `get` gives so many bytes; the calls are counted. */
function largeDatabase(bytes: number): { readonly db: Database; readonly calls: () => number } {
  let calls = 0
  const value = 'x'.repeat(bytes)
  const get = async (): Promise<string> => {
    calls++
    await turn()
    return value
  }
  return { db: recordingDatabase({ get }), calls: () => calls }
}

const subscribe = (id: string, payload: string): string => `{"id":"${id}","type":"subscribe","payload":${payload}}`

describe('a WebSocket that reads nothing', () => {
  test('and asks 600 times for 3 MB is served a few times, and then, when it reads, in full', async () => {
    const { db, calls } = largeDatabase(3 * MIB)
    const { endpoint, wsEndpoint } = await serve(db)
    const peer = await openPeer(wsEndpoint)
    peer.socket.pause()
    for (let i = 0; i < 600; i++) peer.send(subscribe(String(i), GET))
    expect(await standstill(calls, endpoint)).toBeLessThan(64)
    peer.socket.resume()
    await until(() => calls() >= 200)
  })

  test('and pings with large payloads is not read from', async () => {
    const { endpoint, wsEndpoint } = await serve(recordingDatabase(), { socketBufferBytes: MIB })
    const peer = await openPeer(wsEndpoint)
    peer.socket.pause()
    const ping = `{"type":"ping","payload":{"x":"${'x'.repeat(500_000)}"}}`
    for (let i = 0; i < 100; i++) peer.send(ping)
    await standstill(() => peer.socket.bufferedAmount, endpoint)
    expect(peer.socket.bufferedAmount).toBeGreaterThan(10 * MIB)
    peer.socket.resume()
    for (let i = 0; i < 100; i++) expect(await peer.take()).toMatchObject({ type: 'pong' })
  })

  test('is ended when it takes nothing for too long', async () => {
    const { endpoint, wsEndpoint } = await serve(largeDatabase(3 * MIB).db, { stallTimeoutMs: 500, connections: 1 })
    const peer = await openPeer(wsEndpoint)
    peer.socket.pause()
    for (let i = 0; i < 20; i++) peer.send(subscribe(String(i), GET))
    await roomFor(endpoint)
  })
})

/** Resolves when the server, which has one connection, takes another. */
const roomFor = (endpoint: string): Promise<void> => until(() => expectAlive(endpoint))

describe('ids of operations on a WebSocket', () => {
  const WATCH = '{"query":"subscription { changes(paths: [\\"a\\"]) { cursor } }"}'

  /** Feeds that wait until they are ended. */
  function waitingFeeds(): { readonly db: Database; readonly open: () => number; readonly most: () => number } {
    let [open, most] = [0, 0]
    const changes = (): AsyncIterableIterator<ChangeBatch> => {
      most = Math.max(most, ++open)
      let isOpen = true
      const ended = (): void => {
        if (isOpen) open--
        isOpen = false
      }
      return feedOf([], { open: true, ended })
    }
    return { db: recordingDatabase({ changes }), open: () => open, most: () => most }
  }

  test('that are taken, completed and taken again at once leave nothing running', async () => {
    const { db, open, most } = waitingFeeds()
    const { wsEndpoint } = await serve(db)
    const peer = await openPeer(wsEndpoint)
    for (let i = 0; i < 500; i++) {
      peer.send(subscribe('1', WATCH))
      peer.send('{"id":"1","type":"complete"}')
    }
    peer.send(subscribe('last', '{"query":"{ __typename }"}'))
    expect(await peer.take()).toMatchObject({ id: 'last' })
    await until(() => open() === 0)
    expect(most()).toBe(1)
  })

  test('cannot be used to run more subscriptions than fit', async () => {
    const { db, open, most } = waitingFeeds()
    const { wsEndpoint } = await serve(db, { subscriptions: 10 })
    const peer = await openPeer(wsEndpoint)
    for (let round = 0; round < 50; round++) {
      for (let i = 0; i < 10; i++) peer.send(subscribe(`${round}.${i}`, WATCH))
      for (let i = 0; i < 10; i++) peer.send(`{"id":"${round}.${i}","type":"complete"}`)
    }
    peer.send(subscribe('last', '{"query":"{ __typename }"}'))
    expect(await peer.take()).toMatchObject({ id: 'last', type: 'next' })
    await until(() => open() === 0)
    expect(most()).toBeLessThanOrEqual(10)
  })

  test('that are taken close the socket with 4409, and nothing outlives it', async () => {
    const { db, open } = waitingFeeds()
    const { wsEndpoint } = await serve(db)
    const peer = await openPeer(wsEndpoint)
    peer.send(subscribe('1', WATCH))
    peer.send(subscribe('1', WATCH))
    peer.send(subscribe('2', WATCH))
    expect(await peer.closed).toBe(4409)
    await until(() => open() === 0)
  })
})

describe('HTTP answers that nobody takes', () => {
  test('end their connections after a while', async () => {
    const { port, endpoint } = await serve(largeDatabase(15 * MIB).db, { stallTimeoutMs: 500, connections: 1 })
    const socket = await openSocket(port)
    socket.pause()
    socket.write(postText(GET, { connection: 'keep-alive' }) + GET)
    await roomFor(endpoint)
  })

  test('are bounded together: what has no room is refused, and fits when they are gone', async () => {
    const { port } = await serve(largeDatabase(15 * MIB).db, { inflightBytes: 60 * MIB })
    const stuck = await Promise.all([1, 2].map(() => openSocket(port)))
    for (const socket of stuck) {
      socket.pause()
      socket.write(postText(GET, { connection: 'keep-alive' }) + GET)
    }
    const ask = async (): Promise<number> => (await sendRaw(port, postText(GET), GET)).status
    await until(async () => (await ask()) === 429)
    for (const socket of stuck) socket.destroy()
    await until(async () => (await ask()) === 200)
  })

  test('hold up the requests behind them on their connection', async () => {
    const { db, calls } = largeDatabase(15 * MIB)
    const { port, endpoint } = await serve(db)
    const socket = await openSocket(port)
    socket.pause()
    socket.write((postText(GET, { connection: 'keep-alive' }) + GET).repeat(100))
    expect(await standstill(calls, endpoint)).toBe(1)
  })
})

test('requests of one connection are answered in order, and too many at once close it', async () => {
  const { db, calls } = largeDatabase(10)
  const { port } = await serve(db, { maxPipelined: 20 })
  const text = await new Promise<string>((resolve) => {
    void openSocket(port).then((socket) => {
      let all = ''
      socket.on('data', (chunk: Buffer) => {
        all += chunk.toString()
        if (all.split('HTTP/1.1 200').length === 21) resolve(all)
      })
      socket.write((postText(GET, { connection: 'keep-alive' }) + GET).repeat(20))
    })
  })
  expect(text.match(/xxxxxxxxxx/g)).toHaveLength(20)
  const before = calls()
  const socket = await openSocket(port)
  socket.resume()
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.write((postText(GET, { connection: 'keep-alive' }) + GET).repeat(100))
  await closed
  expect(calls() - before).toBeLessThan(100)
})

/** Subscriptions that make much of every change: by long ids, or by showing it many times. */
const GREEDY: Readonly<Record<string, readonly string[]>> = {
  'under long ids': Array.from({ length: 32 }, (_, i) =>
    JSON.stringify({
      id: String(i).padEnd(100_000, 'x'),
      type: 'subscribe',
      payload: { query: 'subscription { changes(paths: ["posts"]) { cursor } }' },
    }),
  ),
  'that show all 60 times': Array.from({ length: 20 }, (_, i) => {
    const query =
      `subscription { q${i}: changes(paths: ["posts"]) { changes { ` +
      `${Array.from({ length: 60 }, (__, k) => `a${k}: document { value }`).join(' ')} } } }`
    return JSON.stringify({ id: String(i), type: 'subscribe', payload: { query } })
  }),
}

test.each(Object.keys(GREEDY))('what subscriptions %s were sent is not kept for long', async (kind) => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const engine = await openEngine(new MemoryStore())
  onTestFinished(() => engine.close())
  const db = engine.database('default', { actor: null })
  const peer = await openPeer((await serve(db)).wsEndpoint)
  const messages = GREEDY[kind] ?? []
  let [got, expected] = [0, messages.length]
  peer.socket.removeAllListeners('message').on('message', () => got++)
  for (const message of messages) peer.send(message)
  await until(() => got === expected)
  collect()
  const before = process.memoryUsage().arrayBuffers
  for (let i = 0; i < 100; i++) {
    await db.put('posts/1', 'x'.repeat(300))
    expected += messages.length
    await until(() => got === expected)
  }
  collect()
  // All together was more than 120 MB.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * MIB)
})

test('a connection on which some requests wait is not read, and all are answered', async () => {
  const { db, calls } = largeDatabase(10)
  const { port } = await serve(db)
  const padding = 'x'.repeat(10_000)
  const requests = (postText(GET, { connection: 'keep-alive', padding }) + GET).repeat(1_000)
  for (let n = 1; n <= 5; n++) {
    const socket = await openSocket(port)
    const closed = vi.fn()
    socket.on('close', closed).resume().write(requests)
    await until(() => calls() === 1_000 * n || closed.mock.calls.length > 0)
    expect([calls(), closed.mock.calls.length]).toEqual([1_000 * n, 0])
    socket.destroy()
  }
})

test('requests that waited on a connection that is gone are let go', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const { db } = largeDatabase(MIB)
  const { port, endpoint } = await serve(db)
  const seen: WeakRef<ServerResponse>[] = []
  const see = (message: unknown): void =>
    void seen.push(new WeakRef((message as { response: ServerResponse }).response))
  onMessage('http.server.request.start', see)
  onTestFinished(() => void unsubscribe('http.server.request.start', see))
  const socket = await openSocket(port)
  socket.pause()
  socket.write(`${postText(GET, { connection: 'keep-alive' })}${GET}`.repeat(50))
  await until(() => seen.length === 50)
  socket.destroy()
  await until(async () => {
    await expectAlive(endpoint)
    collect()
    return seen.slice(0, 50).every((response) => response.deref() === undefined)
  })
})
