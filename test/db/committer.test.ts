import { expect, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { DatabaseError } from '../../src/core/error.ts'
import { openEngine, type EngineOptions } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { refusal, wholeLog } from '../contract/database/subject.ts'
import { wrapped } from './store-wrappers.ts'
import { turn, turns } from '../support/time/turns.ts'

async function withEngine(store: Store, options: EngineOptions, run: (db: Database) => Promise<void>): Promise<void> {
  const engine = await openEngine(store, options)
  try {
    await run(engine.database('default', { actor: 'ann' }))
  } finally {
    await engine.close()
  }
}

/** The store with an append that waits for a gate, or fails. */
function gatedAppends(store: Store): {
  readonly store: Store
  readonly batches: readonly number[]
  gate: Promise<void>
} {
  const batches: number[] = []
  const gates = { batches, gate: Promise.resolve(), store }
  gates.store = wrapped(store, {
    append: async (tenant, drafts) => {
      batches.push(drafts.length)
      await gates.gate
      return store.append(tenant, drafts)
    },
  })
  return gates
}

function newGate(): { readonly gate: Promise<void>; readonly open: () => void } {
  let open: () => void = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  return { gate, open }
}

test('one batch is in flight, and all that come meanwhile go together in the next', async () => {
  const gates = gatedAppends(new MemoryStore())
  await withEngine(gates.store, {}, async (db) => {
    const { gate, open } = newGate()
    gates.gate = gate
    const first = db.put('a/0', 0)
    while (gates.batches.length === 0) await turn()
    const rest = Array.from({ length: 100 }, (_, i) => db.put(`a/${i}`, i))
    await turns(10)
    expect(gates.batches).toEqual([1])
    open()
    await Promise.all([first, ...rest])
    expect(gates.batches).toEqual([1, 100])
  })
})

test('the order of writes that wait is the order of their calls', async () => {
  const gates = gatedAppends(new MemoryStore())
  await withEngine(gates.store, {}, async (db) => {
    await Promise.all(Array.from({ length: 700 }, (_, i) => db.put('a/1', i)))
    expect((await db.history('a/1', { last: 1_000 })).edges.map(({ node }) => node.value)).toEqual(
      Array.from({ length: 700 }, (_, i) => i),
    )
    expect(gates.batches.length).toBeLessThan(20)
  })
})

test('a store that fails fails the writes of its batch with its error, and those that come later pass', async () => {
  const store = new MemoryStore()
  let full = true
  const failing = wrapped(store, {
    append: async (tenant, drafts) => {
      if (full) throw new DatabaseError('STORAGE_FULL', 'There is no room.', { retryAfterMs: 1_000 })
      return store.append(tenant, drafts)
    },
  })
  await withEngine(failing, {}, async (db) => {
    const outcomes = await Promise.all([refusal(db.put('a/1', 1)), refusal(db.put('a/2', 2, { key: 'k' }))])
    expect(outcomes).toEqual([
      { code: 'STORAGE_FULL', retryAfterMs: 1_000, outcome: 'NOT_DONE' },
      { code: 'STORAGE_FULL', retryAfterMs: 1_000, outcome: 'NOT_DONE' },
    ])
    expect(await db.get('a')).toEqual([])
    full = false
    expect((await db.put('a/2', 2, { key: 'k' })).repeated).toBe(false)
    expect(await wholeLog(db)).toEqual(['NEW a/2@1'])
  })
})

test('a clock that jumps ahead makes no write late', async () => {
  let time = Date.UTC(2026, 0, 1)
  const jumping = (): number => (time += 3_600_000)
  await withEngine(new MemoryStore(), { now: jumping }, async (db) => {
    await Promise.all(Array.from({ length: 20 }, (_, i) => db.put(`a/${i}`, i)))
    expect((await db.documents('a')).edges).toHaveLength(20)
  })
})

test('a write that the store does not answer in time is TIMEOUT with an outcome that is true', async () => {
  const gates = gatedAppends(new MemoryStore())
  await withEngine(gates.store, { writeMs: 150 }, async (db) => {
    const { gate, open } = newGate()
    gates.gate = gate
    const sent = refusal(db.put('a/sent', 1))
    while (gates.batches.length === 0) await turn()
    const waiting = refusal(db.put('a/waiting', 1))
    expect(await sent).toEqual({ code: 'TIMEOUT', outcome: 'UNKNOWN' })
    expect(await waiting).toEqual({ code: 'TIMEOUT', outcome: 'NOT_DONE' })
    open()
    await db.put('a/later', 1)
    expect(await wholeLog(db)).toEqual(['NEW a/sent@1', 'NEW a/later@1'])
  })
})

test('whoever writes is the actor of the commit, the version and the change', async () => {
  await withEngine(new MemoryStore(), {}, async (db) => {
    const commit = await db.put('a/1', 1)
    expect(commit).toMatchObject({ actor: 'ann', changes: [{ document: { actor: 'ann' } }] })
    expect(await db.document('a/1')).toMatchObject({ actor: 'ann' })
  })
})

test('an engine that closes lets its writes finish and ends its feeds with UNAVAILABLE', async () => {
  const store = new MemoryStore()
  const engine = await openEngine(store)
  const db = engine.database('default', { actor: null })
  const feed = db.changes(['*'])
  await feed.next()
  const ending = refusal(feed.next())
  const writes = Array.from({ length: 50 }, (_, i) => db.put(`a/${i}`, i))
  await turn()
  await engine.close()
  expect(await ending).toEqual({ code: 'UNAVAILABLE', retryAfterMs: 1_000 })
  await Promise.all(writes)
  expect((await store.log('default', { after: 0, limit: { rows: 100, bytes: 1e6 } })).commits).toHaveLength(50)
})

test('a batch ends when its values are large, and the rest keeps its order', async () => {
  const gates = gatedAppends(new MemoryStore())
  await withEngine(gates.store, {}, async (db) => {
    const half = 'x'.repeat(500_000)
    const done = await Promise.all(Array.from({ length: 30 }, (_, i) => db.put('a/1', [i, half])))
    expect(gates.batches.length).toBeGreaterThan(2)
    expect(Math.max(...gates.batches)).toBeLessThan(12)
    expect(done.map(({ changes }) => changes[0]?.document.version)).toEqual(done.map((_, i) => i + 1))
  })
})

test('others run while a batch of large writes is drafted', async () => {
  let turns = 0
  let drafted = -1
  const inner = new MemoryStore()
  const store = wrapped(inner, {
    append: (tenant, drafts) => {
      if (drafts.length > 1) drafted = turns
      return inner.append(tenant, drafts)
    },
  })
  await withEngine(store, {}, async (db) => {
    const wide = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, i) => [`key-${i}`, [i, { text: 'x'.repeat(20) }]]),
    )
    const writes = Array.from({ length: 60 }, (_, i) => db.put(`a/${i}`, wide))
    turns = 0
    const count = setInterval(() => turns++, 0)
    await Promise.all(writes)
    clearInterval(count)
  })
  expect(drafted).toBeGreaterThan(0)
})
