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
    return { db: engine.database('default', { actor: null }), dispose }
  },
})
