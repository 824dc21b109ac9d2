import { expect, it } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { openEngine } from '../../src/db/engine.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { refusal } from '../contract/database/subject.ts'
import { freshDirectory } from '../support/lmdb-directory.ts'

/** Takes long for each document, and is false of all. */
const SLOW = 'value.list.exists(a, value.list.exists(b, a + b < 0))'

async function withDocuments(readMs: number, use: (db: Database) => Promise<void>): Promise<void> {
  await using directory = await freshDirectory()
  const store = await openLmdbStore({ directory: directory.path })
  const engine = await openEngine(store, { readMs })
  try {
    const db = engine.database('default', { actor: null })
    const value = { list: Array.from({ length: 100 }, (_, i) => i) }
    await db.transact(Array.from({ length: 250 }, (_, i) => ({ kind: 'put', path: `a/${i}`, value })))
    await use(db)
  } finally {
    await engine.close()
    await store.close()
  }
}

it('a search that takes longer than a read may is TIMEOUT', async () => {
  await withDocuments(20, async (db) => {
    expect(await refusal(db.documents('a', { where: SLOW }))).toEqual({ code: 'TIMEOUT', outcome: 'NOT_DONE' })
    expect((await db.documents('a', { where: SLOW, first: 1, after: (await db.documents('a', { last: 2 })).edges[0]?.cursor })).edges).toEqual([])
  })
})

it('a search lets others run, within a page of rows too', async () => {
  await withDocuments(60_000, async (db) => {
    const began = performance.now()
    const search = { over: false, turns: 0 }
    const searching = db.documents('a', { where: SLOW }).finally(() => (search.over = true))
    for (; !search.over; search.turns++) await new Promise((resolve) => setImmediate(resolve))
    expect((await searching).edges).toEqual([])
    const tookMs = performance.now() - began
    expect(tookMs).toBeGreaterThan(50)
    expect(search.turns).toBeGreaterThan(4)
  })
})
