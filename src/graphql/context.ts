import type { Database } from '../core/database.ts'
import { createLoaders, type Loaders } from './loaders.ts'

/** What a resolver may use; one for each operation. */
export interface Context {
  /** Bound to a tenant and an identity before an operation begins. */
  readonly db: Database
  readonly loaders: Loaders
}

/** The context of one operation on `db`: never share it, its loaders remember what they read. */
export function createContext(db: Database): Context {
  return { db, loaders: createLoaders(db) }
}
