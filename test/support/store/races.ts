import { openLmdbStore } from '../../../src/store/lmdb/lmdb-store.ts'
import { DatabaseError } from '../../../src/core/error.ts'
import type { Store } from '../../../src/store/store.ts'

/**
 * A process that opens the directories which it is sent, and answers with null or why it was refused; a message without
 * a directory closes the one that is open. Started by store-racers.ts.
 */
export interface Race {
  readonly directory: string | null
}

let store: Store | null = null

async function run({ directory }: Race): Promise<string | null> {
  try {
    if (directory === null) await store?.close()
    store = directory === null ? null : await openLmdbStore({ directory })
    return null
  } catch (error) {
    return error instanceof DatabaseError ? `${error.code}: ${error.message}` : String(error)
  }
}

process.on('message', (race: Race) => void run(race).then((answer) => process.send?.({ answer })))
process.on('disconnect', () => process.exit(0))
process.send?.({ answer: null })
