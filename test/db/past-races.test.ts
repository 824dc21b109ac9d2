import { expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { openEngine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'

/** The databases of two servers over one store, which do not know each other's writes until they read them. */
async function twoServers(): Promise<readonly [Database, Database]> {
  const store = new MemoryStore()
  const engines = [await openEngine(store), await openEngine(store)] as const
  onTestFinished(async () => {
    for (const engine of engines) await engine.close()
    await store.close()
  })
  return [engines[0].database('default', { actor: 'ada' }), engines[1].database('default', { actor: 'bob' })]
}

test('a revert that loses a race is decided anew: neither its field nor that of the other is lost', async () => {
  const [ada, bob] = await twoServers()
  await ada.put('posts/1', { title: 'a', n: 0 })
  for (let n = 1; n <= 30; n++) {
    const { id } = await bob.put('posts/1/title', `bob ${n}`)
    const [reverted] = await Promise.all([ada.revert({ commit: id }), bob.put('posts/1/n', n), bob.put('posts/2', n)])
    expect(reverted.conflicts).toEqual([])
    expect(await ada.get('posts/1')).toEqual({ title: 'a', n })
  }
})

test('a revert that loses a race to a write of its field leaves that, and tells', async () => {
  const [ada, bob] = await twoServers()
  await ada.put('posts/1', { title: 'a' })
  for (let n = 1; n <= 30; n++) {
    const { id } = await bob.put('posts/1/title', `bob ${n}`)
    const [reverted] = await Promise.all([ada.revert({ commit: id }), bob.put('posts/1/title', `again ${n}`)])
    const title = await ada.get('posts/1/title')
    // The revert came first, and was overwritten; or it came second, and left what was there.
    expect(title).toBe(`again ${n}`)
    const told = reverted.conflicts.map(({ now, by }) => [now, by])
    expect(reverted.commit === null ? told : [[title, 'bob']]).toEqual([[`again ${n}`, 'bob']])
  }
})

test('a tree that is restored beside writers is whole: nothing that came before it stays', async () => {
  const [ada, bob] = await twoServers()
  await ada.put('posts/1', { comments: [] })
  const { cursor } = await ada.put('posts/1/comments/a', { n: 0 })
  for (let n = 1; n <= 15; n++) {
    const [restored, added] = await Promise.all([
      ada.restore('posts/1', { cursor }, { scope: 'TREE' }),
      bob.put(`posts/1/comments/b${n}`, n),
    ])
    const { edges } = await ada.documents('posts/1/comments', { asOf: { cursor: restored.cursor } })
    expect(edges.map(({ node }) => node.id)).toEqual(['a'])
    const late = await ada.documents('posts/1/comments', { asOf: { cursor: added.cursor } })
    expect(late.edges.length).toBeGreaterThanOrEqual(2)
  }
})
