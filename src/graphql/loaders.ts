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

/** The reads of one operation: each document is read once. */
export interface Loaders {
  /** Null when the document is absent or deleted, or the path names a field. */
  readonly document: (lookup: DocumentLookup) => Promise<Document | null>
}

/** Loaders of one operation on `db`, within its budget. */
export function createLoaders(db: Database, budget: Budget): Loaders {
  // Most operations need none.
  let reads: Map<string, Promise<Document | null>> | null = null
  return {
    document: (lookup) => {
      const key = cacheKey(lookup)
      reads ??= new Map()
      const known = reads.get(key)
      if (known !== undefined) return known
      const { path, ...options } = lookup
      const read = budget.read(
        0,
        () => db.document(path, options),
        () => 0,
      )
      reads.set(key, read)
      return read
    },
  }
}

/** A path alone is not mistaken for an array as JSON. */
function cacheKey({ path, asOf, atLeast, deleted }: DocumentLookup): string {
  const isPlain = asOf === undefined && atLeast === undefined && deleted === undefined
  return isPlain ? `=${path}` : JSON.stringify([path, asOf, atLeast, deleted])
}
