import { expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { DatabaseError } from '../../src/core/error.ts'
import { openEngine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { refusal, START, summary, timestamp, wholeLog, type Clock } from '../contract/database/subject.ts'
import { readRepeatedly } from '../support/writers/repeated-reads.ts'
import { distant, holding, withBell, wrapped } from './store-wrappers.ts'
import { turn } from '../support/time/turns.ts'

const READS = Number(process.env['TIDEMARK_TIME_READS'] ?? 50)

interface Server {
  readonly db: Database
  readonly clock: Clock
}

/** A process of its own, with its own clock, on a store that others write to as well. */
async function serverOn(store: Store, aheadMs = 0): Promise<Server> {
  const clock = { time: START + aheadMs }
  const engine = await openEngine(wrapped(store, { shared: true }), {
    now: () => clock.time,
    readMs: 500,
    writeMs: 500,
  })
  onTestFinished(() => engine.close())
  return { db: engine.database('default', { actor: null }), clock }
}

/** How many commits of the tenant write nothing. */
async function countNoOps(store: Store): Promise<number> {
  const { commits } = await store.log('default', { after: 0, limit: { rows: 10_000, bytes: 1e9 } })
  return commits.filter(({ versions }) => versions.length === 0).length
}

test('a read as of a time on one server is final for all, whoever writes next, whatever the clock', async () => {
  for (const aheadMs of [-3_000, 0, 3_000]) {
    const store = new MemoryStore()
    const [a, b] = [await serverOn(store), await serverOn(store, aheadMs)]
    await a.db.put('x/1', 1)
    const asOf = { time: timestamp(a.clock.time) }
    expect(await a.db.get('x/1', { asOf })).toBe(1)
    await b.db.put('x/1', 2)
    expect([await a.db.get('x/1', { asOf }), await b.db.get('x/1', { asOf })]).toEqual([1, 1])
  }
})

test('a write that another server has stamped long ago and not done yet is stamped anew', async () => {
  const store = new MemoryStore()
  const held = holding(store)
  const [a, b] = [await serverOn(store), await serverOn(held.store)]
  await b.db.put('x/1', 1)
  held.hold()
  const write = b.db.put('x/1', 2)
  while (held.waiting.length === 0) await turn()
  a.clock.time += 400
  const asOf = { time: timestamp(START) }
  expect(await a.db.get('x/1', { asOf })).toBe(1)
  held.release()
  expect((await write).at > asOf.time).toBe(true)
  expect(await a.db.get('x/1', { asOf })).toBe(1)
})

test('what was written is read as of its time, through every server, also by one whose clock is behind', async () => {
  const store = withBell(new MemoryStore()).store
  const [a, b] = [await serverOn(store), await serverOn(store, -3_000)]
  await b.db.get('x')
  for (let i = 0; i < 3; i++) {
    const { at } = await a.db.put('x/1', i)
    expect([await a.db.get('x/1', { asOf: { time: at } }), await b.db.get('x/1', { asOf: { time: at } })]).toEqual([
      i,
      i,
    ])
  }
})

test('a commit that only closes times is seen by nobody, and a time that it bears alone lies ahead', async () => {
  const store = new MemoryStore()
  const { db, clock } = await serverOn(store)
  const { cursor } = await db.put('x/1', 1)
  const time = timestamp(clock.time)
  expect(await db.get('x/1', { asOf: { time } })).toBe(1)
  expect(await countNoOps(store)).toBe(1)
  expect(await refusal(db.get('x/1', { asOf: { time: timestamp(clock.time + 1) } }))).toEqual({
    code: 'BAD_REQUEST',
    argument: 'asOf',
  })
  expect(summary(await db.log(['*'], { after: cursor }))).toEqual([])
  expect(await wholeLog(db)).toEqual(['NEW x/1@1'])
  expect((await db.history('x')).edges).toHaveLength(1)
})

test('reads of a time that was closed before write nothing, and many at once write two commits at most', async () => {
  const store = new MemoryStore()
  const { db, clock } = await serverOn(distant(store))
  await db.put('x/1', 1)
  await db.get('x/1', { asOf: { time: timestamp(START) } })
  await Promise.all(Array.from({ length: 50 }, (_, i) => db.get('x/1', { asOf: { time: timestamp(START - i) } })))
  expect(await countNoOps(store)).toBe(1)
  clock.time += 1_000
  await Promise.all(Array.from({ length: 50 }, (_, i) => db.get('x/1', { asOf: { time: timestamp(START + 500 + i) } })))
  expect(await countNoOps(store)).toBeLessThanOrEqual(3)
})

test('where the store takes no write, a read that has to close a time says so, others go on', async () => {
  const store = new MemoryStore()
  const full: Store['append'] = () =>
    Promise.reject(new DatabaseError('STORAGE_FULL', 'There is no room.', { retryAfterMs: 1_000 }))
  const [a, b] = [await serverOn(store), await serverOn(wrapped(store, { append: full }))]
  await a.db.put('x/1', 1)
  a.clock.time += 10
  const { cursor } = await a.db.put('x/1', 2)
  b.clock.time += 20
  expect(await b.db.get('x/1', { asOf: { time: timestamp(START + 9) } })).toBe(1)
  expect(await b.db.get('x/1', { asOf: { cursor } })).toBe(2)
  expect(await refusal(b.db.get('x/1', { asOf: { time: timestamp(START + 20) } }))).toEqual({
    code: 'STORAGE_FULL',
    retryAfterMs: 1_000,
  })
})

test(
  `under full load of two servers no read gives another answer later: ${READS} reads of each kind`,
  async () => {
    const store = distant(new MemoryStore())
    const engines = await Promise.all(
      [0, 40].map((ms) => openEngine(wrapped(store, { shared: true }), { now: () => Date.now() + ms })),
    )
    const told = await readRepeatedly(
      engines.map((engine) => engine.database('default', { actor: null })),
      READS,
    )
    await Promise.all(engines.map((engine) => engine.close()))
    expect(told).toEqual(Object.fromEntries(Object.keys(told).map((kind) => [kind, { reads: READS, different: 0 }])))
  },
  30_000 + READS * 50,
)
