import { expect, onTestFinished, test, vi } from 'vitest'
import type { Database } from '../../src/core/database.ts'
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

test('a large restore decides document by document', async () => {
  await withPosts(async (db, steps) => {
    const { cursor } = await db.put('posts/7/n', 2)
    await db.delete('posts')
    await db.restore('posts', { cursor }, { scope: 'TREE' })
    expect(steps.draft).toBeGreaterThan(COUNT / 10)
    expect(await db.get('posts/7')).toEqual({ n: 2, m: [1] })
  })
})
