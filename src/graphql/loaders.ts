import DataLoader from 'dataloader'
import type { AsOf, Database, Document } from '../core/database.ts'
import type { Budget } from './limits/budget.ts'

/** Which document, and at which moment. */
export interface DocumentLookup {
  readonly path: string
  readonly asOf?: AsOf | undefined
  /** Whether a delete is shown too, and is not null. Default false. */
  readonly deleted?: boolean | undefined
}

/** What one operation reads, each thing once. */
export interface Loaders {
  /** Null when absent, deleted, or the path is a field's. */
  readonly document: DataLoader<DocumentLookup, Document | null, string>
}

const text = ({ path, asOf, deleted }: DocumentLookup): string => JSON.stringify([path, asOf, deleted])

/** Loaders for one operation on `db`, within its budget. All reads of one turn reach `db` in one turn, so that it can gather them. */
export function createLoaders(db: Database, budget: Budget): Loaders {
  const read = ({ path, ...options }: DocumentLookup): Promise<Document | null> => budget.read(0, () => db.document(path, options), () => 0)
  const document = new DataLoader((keys: readonly DocumentLookup[]) => settle(keys.map(read)), { cacheKeyFn: text })
  return { document }
}

/** One error does not fail its neighbours. */
async function settle<T>(reads: readonly Promise<T>[]): Promise<readonly (T | Error)[]> {
  const results = await Promise.allSettled(reads)
  return results.map((result) => (result.status === 'fulfilled' ? result.value : toError(result.reason)))
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
