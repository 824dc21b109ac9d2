import { open, type Database, type Key, type RootDatabase } from 'lmdb'

/**
 * The sub-databases. Keys are arrays in ordered-binary form: numbers before texts, texts by their UTF-8 bytes.
 * `n` is a tenant's number, `collection` the text of a collection's path.
 */
export interface LmdbTables {
  readonly root: RootDatabase<unknown, Key>
  readonly pageSize: number
  /** Tenant name → TenantRow as JSON. */
  readonly tenants: Database<TenantRow, string>
  /** [n, revision] → the commit as lines of text (rows.ts). */
  readonly log: Database<Buffer, Key>
  /** [n, commit id] → revision. */
  readonly commits: Database<number, Key>
  /** [n, collection, id] → the latest version as text (rows.ts), of live documents. */
  readonly heads: Database<string, Key>
  /** The same of deleted documents, so that a page of live ones costs what it returns. */
  readonly tombs: Database<string, Key>
  /** [n, collection, id, revision] → where the version is. */
  readonly versions: Database<VersionRow, Key>
  /** Number of a dropped tenant → its name, until its rows are gone. */
  readonly dropped: Database<string, number>
  /** Name of a counter → its value. */
  readonly counters: Database<number, string>
}

export interface TenantRow {
  readonly number: number
  readonly epoch: string
  readonly floor: number
  /** Revision and time of the newest commit; 0 when there is none. */
  readonly last: number
  readonly at: number
}

/** The version's number, then offset and length in bytes of its line in its commit's log row. */
export type VersionRow = readonly [version: number, offset: number, length: number]

export interface TablesOptions {
  readonly directory: string
  readonly mapSizeBytes: number
}

/**
 * Opens the environment. Without `overlappingSync` a commit is lmdb's plain sequence (write the pages, flush them, write the
 * root through a descriptor that flushes) and nothing is left to do when a synchronous transaction returns.
 */
export function openTables({ directory, mapSizeBytes }: TablesOptions): LmdbTables {
  const root = open<unknown, Key>({ path: directory, noSubdir: false, mapSize: mapSizeBytes, maxDbs: 16, overlappingSync: false })
  try {
    return {
      root,
      pageSize: (root.getStats() as { readonly pageSize: number }).pageSize,
      tenants: root.openDB({ name: 'tenants', encoding: 'json' }),
      log: root.openDB({ name: 'log', encoding: 'binary' }),
      commits: root.openDB({ name: 'commits', encoding: 'json' }),
      heads: root.openDB({ name: 'heads', encoding: 'string' }),
      tombs: root.openDB({ name: 'tombs', encoding: 'string' }),
      versions: root.openDB({ name: 'versions', encoding: 'json' }),
      dropped: root.openDB({ name: 'dropped', encoding: 'string' }),
      counters: root.openDB({ name: 'counters', encoding: 'json' }),
    }
  } catch (error) {
    void root.close()
    throw error
  }
}

/** Closes the environment. As nothing is ever pending, it is closed on return and the promise brings nothing more. */
export function closeTables({ root }: LmdbTables): void {
  void root.close()
}

/** Bytes of the data file up to the end of the last page in use. (`getStats` tells it too, but walks all free pages.) */
export function usedBytes({ root, pageSize }: LmdbTables): number {
  const { env } = root as unknown as { readonly env: { info(): { readonly lastPageNumber: number } } }
  return (env.info().lastPageNumber + 1) * pageSize
}
