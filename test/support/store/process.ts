import { openLmdbStore } from '../../../src/store/lmdb/lmdb-store.ts'
import { DatabaseError } from '../../../src/core/error.ts'
import type { Store } from '../../../src/store/store.ts'

/**
 * A process of its own that holds a store: what it is sent it calls, and it answers with the result or the error.
 * Started by store-child.ts with the data directory as its argument.
 */
type Method = Exclude<keyof Store, 'listen' | 'shared'>

export interface Call {
  readonly id: number
  readonly method: Method
  readonly args: readonly unknown[]
}

export type Answer =
  | { readonly id: number; readonly result: unknown }
  | {
      readonly id: number
      readonly error: { readonly code: string; readonly message: string; readonly details: unknown }
    }

const OPENED = 0

async function answer(id: number, work: () => Promise<unknown>): Promise<void> {
  const reply: Answer = await work().then(
    (result) => ({ id, result }),
    (error: unknown) => ({ id, error: described(error) }),
  )
  process.send?.(reply)
}

function described(error: unknown): { readonly code: string; readonly message: string; readonly details: unknown } {
  if (error instanceof DatabaseError) return { code: error.code, message: error.message, details: error.details }
  return { code: 'BUG', message: error instanceof Error ? (error.stack ?? error.message) : String(error), details: {} }
}

async function serve(directory: string): Promise<void> {
  const opening = openLmdbStore({ directory })
  await answer(OPENED, async () => void (await opening))
  const store = await opening
  process.on('message', ({ id, method, args }: Call) => {
    const call = store[method].bind(store) as (...given: readonly unknown[]) => Promise<unknown>
    void answer(id, () => call(...args))
  })
}

serve(process.argv[2] ?? '').catch(() => process.exit(1))
process.on('disconnect', () => process.exit(0))
