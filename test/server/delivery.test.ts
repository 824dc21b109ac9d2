import { describe, expect, onTestFinished, test } from 'vitest'
import type { Change, ChangeBatch, Database } from '../../src/core/database.ts'
import { DatabaseError } from '../../src/core/error.ts'
import type { Json } from '../../src/core/json/json.ts'
import { openEngine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { logCursor } from '../support/writers/history-run.ts'
import { BATCH, batchesOf, subscribe, TRANSPORTS, type SentBatch, type Subscriber } from '../support/server/feeds.ts'
import { expectAlive, serve } from '../support/server/fixture.ts'
import { openPeer } from '../support/server/raw.ts'
import { feedOf } from '../graphql/recording-database.ts'
import { until } from '../support/time/until.ts'
import { turn } from '../support/time/turns.ts'
import { overridden } from '../support/database/overridden.ts'
import { feedFrom } from '../support/database/feed-from.ts'

async function openDatabase(override: Partial<Database> = {}): Promise<Database> {
  const engine = await openEngine(new MemoryStore())
  onTestFinished(() => engine.close())
  return overridden(engine.database('default', { actor: null }), override)
}

const follow = (feed: 'changes' | 'live', options = ''): string =>
  `subscription ($after: Cursor) { ${feed}(paths: ["posts"], after: $after${options}) ${BATCH} }`

const changesIn = (subscriber: Subscriber): SentBatch['changes'] =>
  batchesOf(subscriber).flatMap(({ changes }) => changes)
const begun = (...subscribers: readonly Subscriber[]): Promise<void> =>
  until(() => subscribers.every(({ payloads }) => payloads.length > 0))

/** Whether the newest payload has this text: parsing them all again and again would take long. */
const has = (subscriber: Subscriber, text: string): boolean => subscriber.payloads.at(-1)?.includes(text) === true

/** Far more than the sockets between two processes hold. */
const TEXT = 'x'.repeat(100_000)
const WRITES = 400

/** The database with the batches counted that were pulled from each of its feeds, in the order of their opening. */
function counted(db: Database): { readonly db: Database; readonly pulled: number[] } {
  const pulled: number[] = []
  const counting = (feed: AsyncIterableIterator<ChangeBatch>): AsyncIterableIterator<ChangeBatch> => {
    const index = pulled.push(0) - 1
    const next = async (): Promise<ChangeBatch | null> => {
      const { done, value } = await feed.next()
      pulled[index] = (pulled[index] ?? 0) + 1
      return done === true ? null : value
    }
    return feedFrom(next, () => void feed.return?.())
  }
  const feeds: Partial<Database> = {
    changes: (...args) => counting(db.changes(...args)),
    live: (...args) => counting(db.live(...args)),
  }
  return { db: overridden(db, feeds), pulled }
}

describe.each(TRANSPORTS)('a reader that stops, over %s,', (over) => {
  test('gets every change once and in order when it reads again, and the others get all meanwhile', async () => {
    const { db, pulled } = counted(await openDatabase())
    const address = await serve(db)
    const slow = await subscribe(over, address, { query: follow('changes') })
    await begun(slow)
    const others = await Promise.all(
      TRANSPORTS.map((transport) => subscribe(transport, address, { query: follow('changes') })),
    )
    await begun(...others)
    slow.pause()
    for (let i = 0; i < WRITES; i++) await db.put(`posts/${i}`, { i, text: TEXT })
    await until(() => others.every((other) => has(other, `"posts/${WRITES - 1}"`)))
    for (const other of others) expect(changesIn(other)).toHaveLength(WRITES)
    await expectAlive(address.endpoint)
    // All that was pulled for it lies in the sockets, but for one batch.
    expect(pulled[0]).toBeLessThan(WRITES / 2)
    slow.resume()
    await until(() => has(slow, `"posts/${WRITES - 1}"`))
    expect(changesIn(slow).map(({ path }) => path)).toEqual(Array.from({ length: WRITES }, (_, i) => `posts/${i}`))
  })

  test('gets the latest of each document from live, without the steps between', async () => {
    const db = await openDatabase()
    const address = await serve(db)
    const [slow, other] = [
      await subscribe(over, address, { query: follow('live') }),
      await subscribe(over, address, { query: follow('live') }),
    ]
    await begun(slow, other)
    slow.pause()
    for (let i = 1; i <= WRITES; i++) await db.put('posts/1', { i, text: TEXT })
    await until(() => has(other, `"version":${WRITES}`))
    expect(changesIn(slow).at(-1)?.document.version ?? 0).toBeLessThan(WRITES / 2)
    slow.resume()
    await until(() => has(slow, `"version":${WRITES}`))
    const versions = changesIn(slow).map(({ document: { version } }) => version)
    expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b))
    expect(versions.length).toBeLessThan(WRITES / 2)
  })
})

describe.each(TRANSPORTS)('over %s,', (over) => {
  test('a cursor of a heartbeat resumes, and what was written in the absence comes once', async () => {
    const db = await openDatabase()
    const address = await serve(db)
    const first = await subscribe(over, address, { query: follow('changes', ', heartbeatMs: 100') })
    await begun(first)
    const { cursor } = await db.put('elsewhere/1', 1)
    await until(() => batchesOf(first).at(-1)?.cursor === cursor)
    first.cut()
    await db.put('posts/1', 'missed')
    await db.put('elsewhere/2', 2)
    const second = await subscribe(over, address, { query: follow('changes'), variables: { after: cursor } })
    await begun(second)
    await db.put('posts/2', 'seen')
    await until(() => changesIn(second).length === 2)
    expect(changesIn(first)).toEqual([])
    expect(changesIn(second).map(({ document: { value } }) => value)).toEqual(['missed', 'seen'])
  })

  test('live resumes from the cursor of a heartbeat without a snapshot', async () => {
    const db = await openDatabase()
    const address = await serve(db)
    await db.put('posts/1', 'old')
    const first = await subscribe(over, address, { query: follow('live', ', heartbeatMs: 100') })
    await begun(first)
    const { cursor } = await db.put('elsewhere/1', 1)
    await until(() => logCursor(batchesOf(first).at(-1)?.cursor ?? '') === cursor)
    first.cut()
    await db.put('posts/2', 'new')
    const second = await subscribe(over, address, {
      query: `subscription ($after: Cursor) { live(paths: ["posts"], after: $after) { reset ${BATCH.slice(1)} }`,
      variables: { after: cursor },
    })
    await begun(second)
    expect(batchesOf(second)).toMatchObject([
      { reset: null, upToDate: true, changes: [{ type: 'NEW', path: 'posts/2' }] },
    ])
  })

  test('live after a long absence gives large documents in batches that can be shown', async () => {
    const db = await openDatabase()
    const { cursor } = await db.put('posts/0', 0)
    for (let i = 1; i <= WRITES; i++) await db.put(`posts/${i}`, { text: TEXT })
    const resumed = await subscribe(over, await serve(db), { query: follow('live'), variables: { after: cursor } })
    await until(() => has(resumed, '"upToDate":true'))
    expect(new Set(changesIn(resumed).map(({ path }) => path)).size).toBe(WRITES)
    for (const payload of resumed.payloads) expect(payload.length).toBeLessThan(8_000_000)
  })

  test.each(['an error', 'the end'])('%s comes after all events, in order', async (kind) => {
    const failure =
      kind === 'an error' ? new DatabaseError('CURSOR_EXPIRED', 'The log no longer holds it.', { floor: 'f' }) : null
    const address = await serve(await openDatabase({ changes: () => sizedFeed(300, failure) }))
    const subscriber = await subscribe(over, address, {
      query: 'subscription { changes(paths: ["posts"]) { cursor changes { commit } } }',
    })
    await until(() => subscriber.ended())
    const rest = subscriber.raw.slice(300)
    expect(subscriber.payloads.slice(0, 300).map((payload) => /"cursor":"(\d+)"/.exec(payload)?.[1])).toEqual(
      Array.from({ length: 300 }, (_, i) => String(i)),
    )
    const error = '{"message":"The log no longer holds it.","extensions":{"code":"CURSOR_EXPIRED","floor":"f"}}'
    if (over === 'ws') {
      expect(rest).toEqual([
        failure === null ? '{"id":"1","type":"complete"}' : `{"id":"1","type":"error","payload":[${error}]}`,
      ])
    } else {
      expect(rest).toEqual([
        ...(failure === null ? [] : [`event: next\ndata: {"errors":[${error}]}`]),
        'event: complete\ndata:',
      ])
    }
  })

  test('payloads of hundreds of kilobytes come byte for byte', async () => {
    const db = await openDatabase()
    const address = await serve(db)
    const subscriber = await subscribe(over, address, { query: follow('changes') })
    await begun(subscriber)
    const values = [70_000, 65_000, 200_000, 10, 300_000].map((length, i) => `${i} ${'é🌊\u2028"'.repeat(length / 5)}`)
    for (const [i, value] of values.entries()) await db.put(`posts/${i}`, value)
    await until(() => changesIn(subscriber).length === values.length)
    expect(changesIn(subscriber).map(({ document: { value } }) => value)).toEqual(values)
    expect(Math.max(...subscriber.payloads.map((payload) => Buffer.byteLength(payload)))).toBeGreaterThan(3 * 65_536)
  })
})

/** Batches of which some are small and some large; the feed then ends, or fails. */
function sizedFeed(count: number, failure: DatabaseError | null): AsyncIterableIterator<ChangeBatch> {
  let n = 0
  return feedFrom(async () => {
    if (n === count && failure !== null) throw failure
    if (n === count) return null
    const changes = [{ commit: 'x'.repeat(n % 10 === 0 ? 100_000 : n) } as Change]
    return { changes, cursor: String(n++), upToDate: false, reset: null }
  })
}

test('frames at the bounds of each form of their length are read (RFC 6455, section 5.2)', async () => {
  const around = Buffer.byteLength('{"id":"1","type":"next","payload":{"data":{"get":""}}}')
  const lengths = [125, 126, 127, 4_090, 4_150, 65_535, 65_536, 65_537, 1_000_000]
  const values: Json[] = lengths.map((length) => 'x'.repeat(length - around))
  const address = await serve(await openDatabase({ watch: () => feedOf(values.map((value) => ({ value }))) }))
  const subscriber = await subscribe('ws', address, { query: 'subscription { get(path: "posts/1") }' })
  await until(() => subscriber.ended())
  expect(subscriber.raw.slice(0, -1).map((message) => Buffer.byteLength(message))).toEqual(lengths)
  expect(subscriber.payloads.map((payload) => (JSON.parse(payload) as { data: { get: string } }).data.get)).toEqual(
    values,
  )
})

test('who unsubscribes in the middle of delivery gets nothing after it, and leaves others alone', async () => {
  const db = await openDatabase()
  const peer = await openPeer((await serve(db)).wsEndpoint)
  const got: Record<string, string[]> = { a: [], b: [], c: [] }
  const begun = { a: 0, b: 0, c: 0 } as Record<string, number>
  let [isCompleted, hasPong, late] = [false, false, 0]
  const take = (id: string, { changes }: SentBatch): void => {
    if (changes.length === 0) begun[id] = (begun[id] ?? 0) + 1
    if (id === 'b' && hasPong) late++
    got[id]?.push(...changes.map(({ path }) => path))
    if (isCompleted || (got['b']?.length ?? 0) < 10) return
    isCompleted = true
    peer.send('{"id":"b","type":"complete"}')
    peer.send('{"type":"ping"}')
  }
  peer.socket.on('message', (data) => {
    const { id, type, payload } = JSON.parse((data as Buffer).toString('utf8')) as {
      id: string
      type: string
      payload?: { data: { changes: SentBatch } }
    }
    if (type === 'pong') hasPong = true
    if (type === 'next' && payload !== undefined) take(id, payload.data.changes)
  })
  const open = async (id: string): Promise<void> => {
    const before = begun[id] ?? 0
    peer.send(JSON.stringify({ id, type: 'subscribe', payload: { query: follow('changes') } }))
    await until(() => (begun[id] ?? 0) > before)
  }
  for (const id of ['a', 'b', 'c']) await open(id)
  const paths = Array.from({ length: 300 }, (_, i) => `posts/${i}`)
  for (const path of paths) {
    await db.put(path, 1)
    await turn()
  }
  await until(() => hasPong && got['a']?.length === 300 && got['c']?.length === 300)
  expect([got['a'], got['c']]).toEqual([paths, paths])
  expect(got['b']).toEqual(paths.slice(0, got['b']?.length))
  expect(got['b']?.length).toBeLessThan(300)
  expect(late).toBe(0)
  hasPong = false
  await open('b')
  await db.put('posts/again', 1)
  await until(() => got['b']?.at(-1) === 'posts/again')
})
