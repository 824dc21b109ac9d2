import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { storeContract } from '../contract/store/contract.ts'
import { assertSound, freshDirectory, type TemporaryDirectory } from '../support/store/lmdb-directory.ts'

let directory: TemporaryDirectory

storeContract({
  name: 'lmdb',
  open: async () => {
    directory = await freshDirectory()
    return openLmdbStore({ directory: directory.path })
  },
  reopen: async (store) => {
    await store.close()
    return openLmdbStore({ directory: directory.path })
  },
  dispose: async () => {
    await assertSound(directory.path)
    await directory[Symbol.asyncDispose]()
  },
  modelCommands: Number(process.env['TIDEMARK_MODEL_COMMANDS'] ?? 100_000),
})
