import { expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { openEngine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { withBell, wrapped } from './store-wrappers.ts'

/** Two engines over one store that never notifies them, and how many batches the second has appended. */
async function unnotified(): Promise<{ readonly a: Database; readonly b: Database; readonly appends: () => number }> {
  const { store } = withBell(new MemoryStore())
  let appends = 0
  const counting: Store = wrapped(store, {
    append: (tenant, drafts) => {
      appends += 1
      return store.append(tenant, drafts)
    },
  })
  const engines = await Promise.all([openEngine(store), openEngine(counting)])
  onTestFinished(async () => void (await Promise.all(engines.map((engine) => engine.close()))))
  const [a, b] = engines.map((engine) => engine.database('default', { actor: null }))
  if (a === undefined || b === undefined) throw new Error('There must be two.')
  await a.put('posts/1', { n: 1 })
  expect((await b.document('posts/1'))?.value).toEqual({ n: 1 })
  return { a, b, appends: () => appends }
}

test('a delete expects its tree unchanged since it was read: commits before are no conflict', async () => {
  const { a, b, appends } = await unnotified()
  for (let i = 2; i <= 5; i++) {
    await a.put(`posts/${i}`, i)
    await a.put(`posts/1/replies/${i}`, i)
    const before = appends()
    await b.delete(`posts/${i}`)
    await b.delete(`posts/1/replies`)
    expect(appends() - before).toBe(2)
  }
  await b.purge('posts')
  expect(await a.get('posts')).toEqual([])
}, 20_000)

test('a put that may hide nested documents is drafted again once after commits that it was not told of', async () => {
  const { a, b, appends } = await unnotified()
  for (let i = 2; i <= 5; i++) {
    await a.put('posts/1', { n: i })
    const before = appends()
    await b.put('posts/1', `text ${i}`)
    expect(appends() - before).toBe(2)
  }
}, 20_000)
