import { expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { openEngine, type EngineOptions } from '../../src/db/engine.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { refusal, START, timestamp, type Clock } from '../contract/database/subject.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'
import { readRepeatedly } from '../support/writers/repeated-reads.ts'
import { holding, wrapped } from './store-wrappers.ts'
import { turn, turns } from '../support/time/turns.ts'

/** The long form is TIDEMARK_TIME_READS=10000. */
const READS = Number(process.env['TIDEMARK_TIME_READS'] ?? 200)

/** A database over `store`, freed at the end of the test. */
async function open(store: Store, options: EngineOptions = {}): Promise<Database> {
  const engine = await openEngine(store, options)
  onTestFinished(() => engine.close())
  return engine.database('default', { actor: null })
}

/** Whether a promise is settled after some turns of the event loop. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  const settle = (): void => {
    settled = true
  }
  promise.then(settle, settle)
  await turns()
  return settled
}

function clockAt(time: number): Clock & { readonly now: () => number } {
  const clock = { time, now: () => clock.time }
  return clock
}

test('a read as of a time waits for commits stamped at or before it that are not visible yet', async () => {
  const [held, clock] = [holding(new MemoryStore()), clockAt(START)]
  const db = await open(held.store, clock)
  await db.put('a/1', 'before')
  held.hold()
  const write = db.put('a/1', 'after')
  while (held.waiting.length === 0) await turn()
  const time = timestamp(START)
  const reads = [db.get('a/1', { asOf: { time } }), db.history('a/1', { to: time }).then(({ edges }) => edges.length)]
  for (const read of reads) expect(await isSettled(read)).toBe(false)
  held.release()
  expect(await Promise.all(reads)).toEqual(['after', 2])
  await write
  expect(await db.get('a/1', { asOf: { time } })).toBe('after')
})

test('a read as of an earlier time, of the present, or as of a cursor waits for no commit', async () => {
  const [held, clock] = [holding(new MemoryStore()), clockAt(START)]
  const db = await open(held.store, clock)
  const { cursor } = await db.put('a/1', 'before')
  clock.time += 10
  held.hold()
  const write = db.put('a/1', 'after')
  while (held.waiting.length === 0) await turn()
  const asOf = { time: timestamp(START + 5) }
  expect(await Promise.all([db.get('a/1', { asOf }), db.get('a/1'), db.get('a/1', { asOf: { cursor } })])).toEqual([
    'before',
    'before',
    'before',
  ])
  held.release()
  await write
  expect(await db.get('a/1', { asOf })).toBe('before')
})

test('a commit drafted after a read as of a time is stamped later, although the clock stands still', async () => {
  const db = await open(new MemoryStore(), clockAt(START))
  await db.put('a/1', 1)
  const time = timestamp(START)
  const [read, history] = [
    () => db.get('a/1', { asOf: { time } }),
    async () => (await db.history('a/1', { from: time, to: time })).edges.length,
  ]
  expect([await read(), await history()]).toEqual([1, 1])
  const { at } = await db.put('a/1', 2)
  expect(at).toBe(timestamp(START + 1))
  expect([await read(), await history()]).toEqual([1, 1])
  expect(await db.get('a/1', { asOf: { time: at } })).toBe(2)
})

test('a lower bound of a history is closed too: what is written later is not of the time before it', async () => {
  const [held, clock] = [holding(new MemoryStore()), clockAt(START)]
  const db = await open(held.store, clock)
  await db.put('a/1', 1)
  held.hold()
  const write = db.put('a/1', 2)
  while (held.waiting.length === 0) await turn()
  clock.time += 1
  const after = async (): Promise<unknown> =>
    (await db.history('a/1', { from: timestamp(START + 1) })).edges.map(({ node }) => node.value)
  const early = after()
  expect(await isSettled(early)).toBe(false)
  held.release()
  await write
  expect([await early, await after()]).toEqual([[], []])
})

test('a read as of the time of a commit that was just written includes it, and stays as it is', async () => {
  const db = await open(new MemoryStore())
  const seen: { time: string; value: unknown }[] = []
  for (let i = 0; i < 200; i++) {
    const { at } = await db.put('a/1', i)
    // A clock that goes on is overtaken by one millisecond at most.
    expect(Date.parse(at)).toBeLessThanOrEqual(Date.now() + 1)
    seen.push({ time: at, value: await db.get('a/1', { asOf: { time: at } }) })
  }
  expect(seen.map(({ value }) => value)).toEqual(seen.map((_, i) => i))
  for (const { time, value } of seen) expect(await db.get('a/1', { asOf: { time } })).toBe(value)
})

test('a time is reached by the clock, not by a timer, before a read closes it', async () => {
  const began = performance.now()
  // A timer of one millisecond fires before this clock has gone on by one.
  const now = (): number => START + Math.floor((performance.now() - began) / 4)
  const db = await open(new MemoryStore(), { now })
  for (let i = 0; i < 50; i++) {
    const { at } = await db.put('a/1', i)
    expect(Date.parse(at)).toBeLessThanOrEqual(now() + 1)
    expect(await db.get('a/1', { asOf: { time: at } })).toBe(i)
  }
})

test('a time that is ahead of the clock is read only when something written bears it', async () => {
  const clock = clockAt(START)
  const db = await open(new MemoryStore(), clock)
  const { at } = await db.put('a/1', 1)
  clock.time -= 3_600_000
  expect(await db.get('a/1', { asOf: { time: at } })).toBe(1)
  expect(await refusal(db.get('a/1', { asOf: { time: timestamp(START + 1) } }))).toEqual({
    code: 'BAD_REQUEST',
    argument: 'asOf',
  })
  expect((await db.history('a/1', { to: timestamp(START + 1) })).edges).toHaveLength(1)
  expect((await db.put('a/1', 2)).at).toBe(timestamp(START + 1))
})

test('a batch that fails leaves no reader waiting', async () => {
  const held = holding(new MemoryStore())
  let isFailing = false
  const db = await open(
    wrapped(held.store, {
      append: async (tenant, drafts) => {
        const result = await held.store.append(tenant, drafts)
        if (isFailing) throw new Error('The disk failed.')
        return result
      },
    }),
    clockAt(START),
  )
  await db.put('a/1', 1)
  isFailing = true
  held.hold()
  const write = db.put('a/2', 2).catch((error: unknown) => String(error))
  while (held.waiting.length === 0) await turn()
  const read = db.get('a/1', { asOf: { time: timestamp(START) } })
  held.release()
  expect(await Promise.all([read, write])).toEqual([1, 'Error: The disk failed.'])
})

test('a batch of which the store says nothing makes a read as of its time TIMEOUT, and no other read', async () => {
  const [held, clock] = [holding(new MemoryStore()), clockAt(START)]
  const db = await open(held.store, { ...clock, now: clock.now, readMs: 50, writeMs: 50 })
  await db.put('a/1', 1)
  held.hold()
  const write = refusal(db.put('a/1', 2))
  while (held.waiting.length === 0) await turn()
  expect(await refusal(db.get('a/1', { asOf: { time: timestamp(START) } }))).toEqual({
    code: 'TIMEOUT',
    outcome: 'NOT_DONE',
  })
  expect(await db.get('a/1', { asOf: { time: timestamp(START - 1) } })).toBeNull()
  expect(await write).toEqual({ code: 'TIMEOUT', outcome: 'UNKNOWN' })
  held.release()
})

test('readers hold up no writer: as many batches with them as without', async () => {
  const batches: number[] = []
  const memory = new MemoryStore()
  const db = await open(
    wrapped(memory, {
      append: async (tenant, drafts) => {
        batches.push(drafts.length)
        return memory.append(tenant, drafts)
      },
    }),
  )
  for (let i = 0; i < 50; i++) {
    const reads = Array.from({ length: 20 }, () => db.get('a/1', { asOf: { time: new Date().toISOString() } }))
    await Promise.all([db.put('a/1', i), ...reads])
  }
  expect(batches).toEqual(Array.from({ length: 50 }, () => 1))
})

test(
  `under load no read as of a time, cursor or version gives another answer later: ${READS} of each`,
  async () => {
    await using directory = await freshDirectory()
    const store = await openLmdbStore({ directory: directory.path })
    const engine = await openEngine(store)
    const db = engine.database('default', { actor: null })
    const told = await readRepeatedly([db, db], READS)
    await engine.close()
    await store.close()
    process.stdout.write(`${JSON.stringify(told)}\n`)
    expect(told).toEqual(Object.fromEntries(Object.keys(told).map((kind) => [kind, { reads: READS, different: 0 }])))
  },
  30_000 + READS * 20,
)
