import { once } from 'node:events'
import type { Socket, AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { DatabaseError } from '../../src/core/error.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { openEngine } from '../../src/db/engine.ts'
import { authorizeAll } from '../../src/db/feed/authorize.ts'
import { Cohorts } from '../../src/db/feed/cohort/cohorts.ts'
import type { RunningFeed } from '../../src/db/feed/feed.ts'
import { openChanges, openLive, openWatch, type FeedDeps } from '../../src/db/feed/open.ts'
import { LogTail } from '../../src/db/log/log-tail.ts'
import { BOUNDS } from '../../src/server/config/config.ts'
import { openLog } from '../../src/server/config/logger.ts'
import { createApp } from '../../src/server/app.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import {
  batchesOf,
  subscribe,
  TRANSPORTS,
  type Address,
  type Operation,
  type Subscriber,
} from '../support/server/feeds.ts'
import { serve } from '../support/server/fixture.ts'
import { openPeer } from '../support/server/raw.ts'
import { until } from '../support/time/until.ts'
import { overridden } from '../support/database/overridden.ts'

/**
 * A database that counts the reads which selections below a change make: one for each execution of `FOLLOW` with a
 * change.
 */
async function countingDatabase(): Promise<{ readonly db: Database; readonly reads: () => number }> {
  const engine = await openEngine(new MemoryStore())
  const real = engine.database('default', { actor: null })
  let reads = 0
  const history: Database['history'] = (...args) => {
    reads++
    return real.history(...args)
  }
  onTestFinished(() => engine.close())
  return { db: overridden(real, { history }), reads: () => reads }
}

const FOLLOW = `subscription ($after: Cursor, $limit: Int, $n: Int) {
  changes(paths: ["posts"], after: $after, limit: $limit) {
    cursor upToDate
    changes { type path document { version value history(last: $n) { nodes { version } } } }
  }
}`

async function open(count: number, address: Address, operation: Operation): Promise<Subscriber[]> {
  const subscribers = await Promise.all(
    Array.from({ length: count }, (_, i) => subscribe(TRANSPORTS[i % 2] ?? 'ws', address, operation, `id ${i}`)),
  )
  await until(() => subscribers.every(({ payloads }) => payloads.length === 1))
  return subscribers
}

/** Writes `count` documents, one when all have the one before. */
async function writeInTurn(db: Database, count: number, subscribers: readonly Subscriber[]): Promise<void> {
  const before = subscribers[0]?.payloads.length ?? 0
  for (let i = 1; i <= count; i++) {
    await db.post('posts', { i })
    await until(() => subscribers.every(({ payloads }) => payloads.length === before + i))
  }
}

test('equal operations bring equal bytes, behind the ids of their own', async () => {
  const { db } = await countingDatabase()
  const address = await serve(db)
  const operation = { query: FOLLOW, variables: { n: 1 } }
  const ids = ['1', '"ü\\', 'x'.repeat(200)]
  const overWs = await Promise.all(ids.map((id) => subscribe('ws', address, operation, id)))
  const overSse = await Promise.all([1, 2].map(() => subscribe('sse', address, operation)))
  const all = [...overWs, ...overSse]
  await until(() => all.every(({ payloads }) => payloads.length === 1))
  await writeInTurn(db, 20, all)
  const [first] = overWs
  for (const { payloads } of all) expect(payloads).toEqual(first?.payloads)
  ids.forEach((id, i) =>
    expect(overWs[i]?.raw).toEqual(
      first?.payloads.map((payload) => `{"id":${JSON.stringify(id)},"type":"next","payload":${payload}}`),
    ),
  )
  for (const { raw } of overSse) expect(raw).toEqual(first?.payloads.map((payload) => `event: next\ndata: ${payload}`))
  expect(batchesOf(all[0] as Subscriber).flatMap(({ changes }) => changes)).toHaveLength(20)
})

test('fifty subscribers of both transports cost one execution for each change', async () => {
  const { db, reads } = await countingDatabase()
  const subscribers = await open(50, await serve(db), { query: FOLLOW, variables: { n: 1 } })
  await writeInTurn(db, 10, subscribers)
  expect(reads()).toBe(10)
})

test('variables that only choose events do not split a cohort, those that the selection uses do', async () => {
  const { db, reads } = await countingDatabase()
  const address = await serve(db)
  const { cursor } = await db.log(['posts'])
  const plain = await open(4, address, { query: FOLLOW, variables: { n: 1 } })
  const choosing = await open(4, address, { query: FOLLOW, variables: { n: 1, after: cursor, limit: 1_000 } })
  await writeInTurn(db, 5, [...plain, ...choosing])
  expect(reads(), 'one cohort').toBe(5)
  const selecting = await open(4, address, { query: FOLLOW, variables: { n: 2 } })
  await db.post('posts', 'last')
  await until(
    () =>
      [...plain, ...choosing].every(({ payloads }) => payloads.length === 7) &&
      selecting.every(({ payloads }) => payloads.length === 2),
  )
  expect(reads(), 'two cohorts').toBe(7)
})

const BEATING = (heartbeat: string): string => `subscription (${heartbeat.includes('$') ? '$beat: Int, ' : ''}$n: Int) {
  changes(paths: ["posts"], ${heartbeat}) {
    cursor changes { type path document { version value history(last: $n) { nodes { version } } } }
  }
}`

test('a heartbeat of its own, literal or variable, splits no cohort: one shape is one execution', async () => {
  const { db: watched, cohorts } = await watchedDatabase()
  let reads = 0
  const history: Database['history'] = (...args) => {
    reads++
    return watched.history(...args)
  }
  const address = await serve(overridden(watched, { history }))
  const literal = [100, 250, 59_000, 60_000].map((ms) => ({
    query: BEATING(`heartbeatMs: ${ms}`),
    variables: { n: 1 },
  }))
  const variable = [59_500, 59_900].map((beat) => ({ query: BEATING('heartbeatMs: $beat'), variables: { n: 1, beat } }))
  const other = {
    query: BEATING('heartbeatMs: 58000').replace('cursor changes', 'at: cursor changes'),
    variables: { n: 1 },
  }
  const [another, ...subscribers] = await Promise.all(
    [other, ...literal, ...literal, ...variable].map((operation, i) =>
      subscribe(TRANSPORTS[i % 2] ?? 'ws', address, operation),
    ),
  )
  await until(() => [another as Subscriber, ...subscribers].every(({ payloads }) => payloads.length > 0))
  expect(cohorts.size, 'shapes that are followed').toBe(1)
  await watched.post('posts', { i: 1 })
  const changed = ({ payloads }: Subscriber): boolean => payloads.some((payload) => payload.includes('"NEW"'))
  await until(() => [...subscribers, another as Subscriber].every(changed))
  expect(reads, 'one execution for all, and one for the operation that shows something else').toBe(2)
  const [fast, slow] = [
    subscribers.filter((_, i) => i === 0 || i === 4),
    subscribers.filter((_, i) => i > 7 || i % 4 > 1),
  ]
  const counts = (): readonly number[] => fast.map(({ payloads }) => payloads.length)
  const before = Math.max(...counts())
  await until(() => Math.min(...counts()) >= before + 5)
  for (const { payloads } of slow) expect(payloads).toHaveLength(2)
})

test('pings of a WebSocket, with payloads and without, and the transport split no cohort', async () => {
  const { db, reads } = await countingDatabase()
  const address = await serve(db)
  const subscribers = await open(4, address, { query: FOLLOW, variables: { n: 1 } })
  const pinging = await openPeer(address.wsEndpoint)
  const query = JSON.stringify({ id: 'p', type: 'subscribe', payload: { query: FOLLOW, variables: { n: 1 } } })
  pinging.send(query)
  expect(await pinging.take()).toMatchObject({ id: 'p', type: 'next' })
  for (let i = 0; i < 5; i++) {
    pinging.send(JSON.stringify({ type: 'ping', payload: { i } }))
    pinging.socket.ping(String(i))
    expect(await pinging.take()).toEqual({ type: 'pong', payload: { i } })
    await writeInTurn(db, 1, subscribers)
    expect(await pinging.take()).toMatchObject({ id: 'p', type: 'next' })
  }
  expect(reads()).toBe(5)
})

test('what failed for a moment below a batch is not kept for those who resume', async () => {
  const { db } = await countingDatabase()
  let isAway = true
  const failing: Database['history'] = async (...args) => {
    if (isAway) throw new DatabaseError('UNAVAILABLE', 'The store is away.', { retryAfterMs: 1_000 })
    return db.history(...args)
  }
  const address = await serve(overridden(db, { history: failing }))
  const [subscriber] = await open(1, address, { query: FOLLOW, variables: { n: 1 } })
  const [{ cursor } = { cursor: '' }] = batchesOf(subscriber as Subscriber)
  await db.post('posts', 1)
  await until(() => subscriber?.payloads.length === 2)
  expect(subscriber?.payloads[1]).toMatch(/"code":"UNAVAILABLE"/)
  const [early] = await open(1, address, { query: FOLLOW, variables: { n: 1, after: cursor } })
  expect(early?.payloads[0]).toMatch(/"code":"UNAVAILABLE"/)
  isAway = false
  const [resumed] = await open(1, address, { query: FOLLOW, variables: { n: 1, after: cursor } })
  expect(batchesOf(resumed as Subscriber)).toMatchObject([{ changes: [{ path: expect.stringMatching(/^posts/) }] }])
})

/** What feeds of a database hold, in view. */
interface Watched {
  readonly db: Database
  readonly cohorts: Cohorts
  readonly tail: LogTail
  readonly feeds: ReadonlySet<RunningFeed>
}

async function watchedDatabase(): Promise<Watched> {
  const store = new MemoryStore()
  const engine = await openEngine(store)
  const tail = await LogTail.open(store, 'default')
  await store.listen(() => void tail.refresh())
  const [cohorts, feeds] = [new Cohorts(() => 1), new Set<RunningFeed>()]
  const context = {
    store,
    tenant: 'default',
    tail,
    limits: LIMITS,
    now: Date.now,
    closeTime: () => Promise.resolve(true),
    readMs: 5_000,
  }
  const grounds: FeedDeps = {
    context: async () => context,
    cohorts,
    limits: LIMITS,
    tenant: 'default',
    actor: null,
    authorize: authorizeAll,
    ended: (feed) => feeds.delete(feed),
  }
  const kept = <F extends RunningFeed>(feed: F): F => {
    feeds.add(feed)
    return feed
  }
  const changes: Database['changes'] = (paths, options = {}) => kept(openChanges(grounds, paths, options))
  const live: Database['live'] = (paths, options = {}) => kept(openLive(grounds, paths, options))
  const watch: Database['watch'] = (path, options = {}) => kept(openWatch(grounds, path, options))
  onTestFinished(() => engine.close())
  return {
    db: overridden(engine.database('default', { actor: null }), { changes, live, watch }),
    cohorts,
    tail,
    feeds,
  }
}

/** A server whose connections can be looked for in memory. */
async function serveWatched(db: Database): Promise<Address & { readonly connections: readonly WeakRef<Socket>[] }> {
  const { http, sockets, streams } = createApp({
    databaseOf: () => db,
    config: { host: '127.0.0.1', cors: [], bounds: BOUNDS },
    log: openLog('silent'),
    counts: () => ({ feeds: 0, shapes: 0, unindexedShapes: 0 }),
  })
  const connections: WeakRef<Socket>[] = []
  http.server.on('connection', (socket: Socket) => connections.push(new WeakRef(socket)))
  http.server.listen(0, '127.0.0.1')
  await once(http.server, 'listening')
  onTestFinished(() => {
    sockets.close()
    streams.end()
    http.server.close()
  })
  const { port } = http.server.address() as AddressInfo
  return { port, wsEndpoint: `ws://127.0.0.1:${port}/graphql`, connections }
}

const QUERIES = [
  (i: number) => `subscription { changes(paths: ["posts/${i % 20}"]) { cursor } }`,
  (i: number) => `subscription { live(paths: ["posts"], where: "value.n == ${i}") { cursor } }`,
  (i: number) => `subscription { get(path: "posts/${i}") }`,
  () => 'subscription { changes(paths: ["posts"], limit: 1) { cursor } }',
]

test('when two hundred subscribers have come and gone, nothing is left of them', async () => {
  const { db, cohorts, tail, feeds } = await watchedDatabase()
  const address = await serveWatched(db)
  const subscribers = await Promise.all(
    Array.from({ length: 200 }, (_, i) =>
      subscribe(i % 8 < 4 ? 'ws' : 'sse', address, { query: QUERIES[i % 4]?.(i) ?? '' }),
    ),
  )
  await until(() => subscribers.every(({ payloads }) => payloads.length > 0))
  expect(feeds.size).toBe(200)
  expect(cohorts.size).toBeGreaterThan(100)
  await db.put('posts/1', { n: 1 })
  await until(() => subscribers.filter((_, i) => i % 4 === 3).every((subscriber) => subscriber.ended()))
  subscribers.forEach((subscriber, i) => (i % 3 === 0 ? subscriber.complete() : subscriber.cut()))
  await until(() => feeds.size === 0)
  expect(cohorts.size).toBe(0)
  expect(tail.shapes.isEmpty).toBe(true)
  for (const subscriber of subscribers) subscriber.cut()
  setFlagsFromString('--expose_gc')
  const collect = runInNewContext('gc') as () => void
  await until(() => {
    collect()
    return address.connections.every((connection) => connection.deref() === undefined)
  })
  expect(address.connections).toHaveLength(200)
})
