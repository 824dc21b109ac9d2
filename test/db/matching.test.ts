import { expect, onTestFinished, test, vi } from 'vitest'
import type { ChangeBatch, Database } from '../../src/core/database.ts'
import { openEngine } from '../../src/db/engine.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'
import { turn } from '../support/time/turns.ts'

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

test('a search is never TIMEOUT: it ends early, and goes on from where it was', async () => {
  await withDocuments(40, async (db) => {
    const where = `${SLOW} || id == "99"`
    const found: string[] = []
    let pages = 0
    for (let after: string | undefined, more = true; more; pages++) {
      const page = await db.documents('a', { where, after })
      found.push(...page.edges.map(({ node }) => node.id))
      more = page.hasNextPage
      after = page.endCursor ?? undefined
    }
    expect(found).toEqual(['99'])
    expect(pages).toBeGreaterThan(1)
    await db.put('b/1', 1)
    expect((await db.log(['*'], { where: SLOW })).changes).toEqual([])
  })
})

test('the snapshot of a rare shape comes in batches without a document while it is searched for', async () => {
  await withDocuments(40, async (db) => {
    const batches: ChangeBatch[] = []
    const feed = db.live(['a'], { where: `${SLOW} || id == "99"` })
    while (batches.at(-1)?.upToDate !== true) batches.push((await feed.next()).value as ChangeBatch)
    await feed.return?.()
    expect(batches.flatMap(({ changes }) => changes.map(({ path }) => path))).toEqual(['a/99'])
  })
})

test('a search lets others run, within a page of rows too', async () => {
  await withDocuments(60_000, async (db) => {
    // Each look at the clock takes a millisecond, whatever the machine.
    let now = performance.now()
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now++)
    onTestFinished(() => clock.mockRestore())
    const search = { over: false, turns: 0 }
    const searching = db.documents('a', { where: SLOW }).finally(() => (search.over = true))
    for (; !search.over; search.turns++) await turn()
    expect((await searching).edges).toEqual([])
    expect(search.turns).toBeGreaterThan(4)
  })
})
