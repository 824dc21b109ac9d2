import { openLmdbStore } from '../../../src/store/lmdb/lmdb-store.ts'
import { closeTables, openTables, type LmdbTables } from '../../../src/store/lmdb/tables.ts'
import { commit, put, remove } from './drafts.ts'

/** Writes a directory with two tenants, a deleted document, one that came back, a nested one, and a large value. */
export async function writeSample(directory: string): Promise<void> {
  const store = await openLmdbStore({ directory })
  await commit(store, 'a', [put('posts/1', 1, { title: 'é' })], { id: 'first', actor: 'ada', at: 1_000 })
  await commit(store, 'a', [put('posts/1', 2), put('posts/1/notes/1', 1, 'x'.repeat(20_000))], {
    id: 'second',
    at: 2_000,
  })
  await commit(store, 'a', [remove('posts/1/notes/1', 2), put('posts/2', 1)], { id: 'third', at: 2_000 })
  await commit(store, 'a', [remove('posts/2', 2)], { id: 'fourth', at: 3_000 })
  await commit(store, 'b', [put('posts/1', 1)], { id: 'first', at: 5_000 })
  await store.close()
}

/** Changes rows behind the back of the store, which is closed. */
export function spoil(directory: string, change: (tables: LmdbTables) => void): void {
  const tables = openTables({ directory, mapSizeBytes: 2 ** 30 })
  try {
    tables.root.transactionSync(() => change(tables))
  } finally {
    closeTables(tables)
  }
}
