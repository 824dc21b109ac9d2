import type { Database } from '../../src/core/database.ts'
import { openEngine } from '../../src/db/engine.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { databaseContract } from '../contract/database.ts'
import { assertSound, freshDirectory } from '../support/store/lmdb-directory.ts'

databaseContract({
  name: 'lmdb',
  open: async (options) => {
    const directory = await freshDirectory()
    const store = await openLmdbStore({ directory: directory.path })
    const engine = await openEngine(store, options)
    const dispose = async (): Promise<void> => {
      await engine.close()
      await store.close()
      await assertSound(directory.path)
      await directory[Symbol.asyncDispose]()
    }
    const as = (actor: string | null): Database => engine.database('default', { actor })
    return { db: as(null), as, dispose }
  },
})
