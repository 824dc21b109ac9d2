import type { Database } from '../../../src/core/database.ts'

/** The database with some of its methods replaced. */
export function overridden(db: Database, methods: Partial<Database>): Database {
  return Object.assign(Object.create(db) as Database, methods)
}
