import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { storeContract } from '../contract/store/contract.ts'

storeContract({
  name: 'memory',
  open: async () => new MemoryStore(),
  skip: [{ law: 'L4', reason: 'its data ends with its process' }],
})
