import type { Database } from '../../src/core/database.ts'
import { openEngine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { databaseContract } from '../contract/database.ts'

databaseContract({
  name: 'memory',
  open: async (options) => {
    const store = new MemoryStore()
    const engine = await openEngine(store, options)
    const dispose = async (): Promise<void> => {
      await engine.close()
      await store.close()
    }
    const as = (actor: string | null): Database => engine.database('default', { actor })
    return { db: as(null), as, dispose }
  },
})
