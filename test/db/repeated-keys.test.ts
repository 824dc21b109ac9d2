import { expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { openEngine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { wrapped } from './store-wrappers.ts'

/** Writes with the key `k`, of which the second attempt is refused, or writes nothing, on the state after the first. */
const WRITES: Readonly<Record<string, (db: Database) => Promise<string | undefined>>> = {
  post: async (db) => (await db.post('posts', 1, { id: 'new', key: 'k' })).id,
  'put of what is absent': async (db) => (await db.put('posts/new', 1, { expect: { absent: true }, key: 'k' })).id,
  'patch of a version': async (db) =>
    (await db.patch('posts/1', { merge: { n: 2 } }, { expect: { version: 1 }, key: 'k' })).id,
  delete: async (db) => (await db.delete('posts/1', { key: 'k' })).id,
  purge: async (db) => (await db.purge('posts/1', { key: 'k' })).id,
  revert: async (db) => (await db.revert({ commit: 'first' }, { key: 'k' })).commit?.id,
}

for (const [name, write] of Object.entries(WRITES)) {
  test(`a ${name} whose key another process commits meanwhile is answered with that commit`, async () => {
    const shared = wrapped(new MemoryStore(), { shared: true })
    let meanwhile: (() => Promise<unknown>) | null = null
    const overtaken: Store = wrapped(shared, {
      find: async (tenant, ids) => {
        const found = await shared.find(tenant, ids)
        const run = meanwhile
        meanwhile = null
        await run?.()
        return found
      },
    })
    const engines = await Promise.all([openEngine(shared), openEngine(overtaken)])
    onTestFinished(async () => void (await Promise.all(engines.map((engine) => engine.close()))))
    const [a, b] = engines.map((engine) => engine.database('default', { actor: null }))
    if (a === undefined || b === undefined) throw new Error('There must be two.')
    await a.put('posts/1', { n: 1 }, { key: 'first' })
    expect(await b.get('posts/1')).toEqual({ n: 1 })
    meanwhile = () => write(a)
    expect(await write(b)).toBe('k')
  })
}
