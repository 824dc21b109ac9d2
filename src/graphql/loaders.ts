import DataLoader from 'dataloader'
import type { Database, Document } from '../core/database.ts'
import type { AsOf, Cursor } from '../core/database/options.ts'
import type { Budget } from './limits/budget.ts'

/** A document, now or as of a past time. */
export interface DocumentLookup {
  readonly path: string
  readonly asOf?: AsOf | undefined
  readonly atLeast?: Cursor | undefined
  /** Whether a deleted document is returned as its tombstone instead of null. Default false. */
  readonly deleted?: boolean | undefined
}

/** The loaders of one operation: each document is read once. */
export interface Loaders {
  /** Null when the document is absent or deleted, or the path names a field. */
  readonly document: DataLoader<DocumentLookup, Document | null, string>
}

const cacheKey = ({ path, asOf, atLeast, deleted }: DocumentLookup): string =>
  JSON.stringify([path, asOf, atLeast, deleted])

/**
 * Loaders of one operation on `db`, within its budget. Loads of one turn reach `db` in one turn, so that it can batch
 * them.
 */
export function createLoaders(db: Database, budget: Budget): Loaders {
  const read = ({ path, ...options }: DocumentLookup): Promise<Document | null> =>
    budget.read(
      0,
      () => db.document(path, options),
      () => 0,
    )
  let document: Loaders['document'] | null = null
  return {
    // Most operations need none.
    get document() {
      return (document ??= new DataLoader((keys) => settleAll(keys.map(read)), { cacheKeyFn: cacheKey }))
    },
  }
}

/** Awaits all reads; an error of one becomes its result, and does not fail the others. */
async function settleAll<T>(reads: readonly Promise<T>[]): Promise<readonly (T | Error)[]> {
  const results = await Promise.allSettled(reads)
  return results.map((result) => (result.status === 'fulfilled' ? result.value : toError(result.reason)))
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
