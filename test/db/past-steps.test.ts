import { expect, onTestFinished, test, vi } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import type { Json } from '../../src/core/json/json.ts'
import { openEngine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { wrapped } from './store-wrappers.ts'

const COUNT = 300
const paths = Array.from({ length: COUNT }, (_, i) => `posts/${i}`)

interface Steps {
  /** Most documents of one read of the past. */
  past: number
  /** Turns of the event loop from the last read before the draft to the append. */
  draft: number
}

/** A store that counts the steps of what is done on it, where each look at the clock takes a millisecond. */
function counted(inner: Store): { readonly store: Store; readonly steps: Steps } {
  const steps: Steps = { past: 0, draft: 0 }
  let [turns, read] = [0, 0]
  let isOver = false
  const tick = (): void => {
    turns++
    if (!isOver) setImmediate(tick)
  }
  tick()
  let now = performance.now()
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => ++now)
  onTestFinished(() => {
    isOver = true
    spy.mockRestore()
  })
  const heads: Store['heads'] = (tenant, asked, at) => {
    if (at !== undefined) steps.past = Math.max(steps.past, asked.length)
    read = turns
    return inner.heads(tenant, asked, at)
  }
  const append: Store['append'] = (tenant, drafts) => {
    steps.draft = turns - read
    return inner.append(tenant, drafts)
  }
  return { store: wrapped(inner, { heads, append }), steps }
}

async function withPosts(use: (db: Database, steps: Steps) => Promise<void>): Promise<void> {
  const { store, steps } = counted(new MemoryStore())
  const engine = await openEngine(store, { readMs: 1e9, writeMs: 1e9 })
  onTestFinished(() => engine.close())
  const db = engine.database('t', { actor: 'bob' })
  await db.transact(paths.map((path) => ({ kind: 'put' as const, path, value: { n: 1, m: [1] } })))
  await use(db, steps)
}

test('a large revert reads a few documents at once, and decides document by document', async () => {
  await withPosts(async (db, steps) => {
    const { id } = await db.transact(paths.map((path) => ({ kind: 'put' as const, path: `${path}/n`, value: 2 })))
    const reverted = await db.revert({ commit: id })
    expect(reverted.applied).toHaveLength(COUNT)
    expect(steps.past).toBe(16)
    expect(steps.draft).toBeGreaterThan(COUNT / 10)
    expect(await db.get('posts/7')).toEqual({ n: 1, m: [1] })
  })
})

test('a revert of one document decides some hundred fields in one step', async () => {
  const { store, steps } = counted(new MemoryStore())
  const engine = await openEngine(store, { readMs: 1e9, writeMs: 1e9 })
  onTestFinished(() => engine.close())
  const db = engine.database('t', { actor: 'bob' })
  const [groups, fields] = [40, 500]
  const value = (n: number): Json =>
    Object.fromEntries(
      Array.from({ length: groups }, (_, g) => [
        `g${g}`,
        Object.fromEntries(Array.from({ length: fields }, (_, i) => [`f${i}`, n + i])),
      ]),
    )
  await db.put('posts/1', value(0))
  const { id } = await db.put('posts/1', value(1))
  // Some turns to take the fields back, some to name them, some to check the value.
  const leastTurns = (groups * fields) / 1_000
  expect((await db.revert({ commit: id })).applied).toHaveLength(1)
  expect(steps.draft).toBeGreaterThan(leastTurns)
  expect(await db.get('posts/1')).toEqual(value(0))
  const last = await db.put('posts/1', value(3))
  await db.put('posts/1', value(4))
  const { conflicts } = await db.revert({ commit: last.id }, { dryRun: true })
  expect(conflicts).toHaveLength(groups * fields)
  expect(conflicts.map(({ field }) => field)).toEqual(conflicts.map(({ field }) => field).toSorted())
  expect(conflicts[0]).toEqual({ path: 'posts/1', field: 'g0/f0', now: 4, wanted: 0, by: 'bob' })
})

test('a large restore decides document by document', async () => {
  await withPosts(async (db, steps) => {
    const { cursor } = await db.put('posts/7/n', 2)
    await db.delete('posts')
    await db.restore('posts', { cursor }, { scope: 'TREE' })
    expect(steps.draft).toBeGreaterThan(COUNT / 10)
    expect(await db.get('posts/7')).toEqual({ n: 2, m: [1] })
  })
})
