import { open, type Database, type Key, type RootDatabase } from 'lmdb'
import type { Purges } from '../erasure.ts'
import { PRIVATE_FILE } from './files/private-mode.ts'

/**
 * The sub-databases. Keys are arrays in ordered-binary form: numbers before texts, texts by their UTF-8 bytes.
 * `n` is a tenant's number, `collection` the path of a collection as text.
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
  /** As `heads`, of deleted documents: apart, so that a page of live documents costs only the rows it returns. */
  readonly tombstones: Database<string, Key>
  /** As `heads`, of purged documents: the newest of their marks. */
  readonly purged: Database<string, Key>
  /** [n, collection, id] → how far the document's versions are erased, until all are. */
  readonly erasures: Database<ErasureRow, Key>
  /** [n, collection, id, revision] → location of the version. */
  readonly versions: Database<VersionRow, Key>
  /** [n, actor, revision] → 0, of each commit that has an actor (`actorPrefix`). */
  readonly actors: Database<number, Key>
  /** [n, top-level collection, revision] → 0, of each commit that wrote there. */
  readonly writes: Database<number, Key>
  /** As `writes`, of each commit that deleted a document there; the marks of purged versions do not count. */
  readonly deletes: Database<number, Key>
  /** Number of a dropped tenant → its name, until its rows are removed. */
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
  /**
   * `actors`, `writes` and `deletes` have the commits up to this revision. Releases that lack these tables write no
   * such number, or leave it as it was.
   */
  readonly indexed?: number | undefined
}

/** The tables, and the tenant whose rows a call reads. */
export interface TenantView {
  readonly tables: LmdbTables
  readonly tenant: TenantRow
  /** The rows of `erasures`: what is not erased on disk is read as erased. */
  readonly purges: Purges
  /** Cache of large rows of the log by revision; null: seen once, not held yet. Default: none. */
  readonly largeRows?: Map<number, Buffer | null> | undefined
}

/**
 * Location of a version: its number, then offset and length in bytes of its line in the log row of its commit; 1 for
 * the mark of a purged one.
 */
export type VersionRow = readonly [version: number, offset: number, length: number, purged?: 1]

/** A purge whose versions are not all erased on disk: its revision, and the revision up to which they are. */
export type ErasureRow = readonly [purge: number, upTo: number]

/** A row of `versions`, and the revision of its key. */
export interface FoundCommit {
  readonly revision: number
  readonly row: VersionRow
}

/** Default address space for the data, which bounds its size; it reserves neither memory nor disk. */
export const MAP_SIZE_BYTES: number = 2 ** 40

/** Most tables of an environment. */
export const MAX_TABLES = 16

/** An option of lmdb 3.5.6 that its types lack: the mode of files that it makes. */
export const NEW_FILES: object = { permissionsMode: PRIVATE_FILE }

export interface TablesOptions {
  readonly directory: string
  readonly mapSizeBytes: number
}

/**
 * Opens the environment. Without `overlappingSync` lmdb commits in its plain sequence (write the pages, flush them,
 * write the root through a descriptor that flushes), so that a synchronous transaction is durable when it returns.
 */
export function openTables({ directory, mapSizeBytes }: TablesOptions): LmdbTables {
  const root = open<unknown, Key>({
    path: directory,
    noSubdir: false,
    mapSize: mapSizeBytes,
    maxDbs: MAX_TABLES,
    overlappingSync: false,
    ...NEW_FILES,
  })
  try {
    return {
      root,
      pageSize: pageSizeOf(root),
      tenants: root.openDB({ name: 'tenants', encoding: 'json' }),
      log: root.openDB({ name: 'log', encoding: 'binary' }),
      commits: root.openDB({ name: 'commits', encoding: 'json' }),
      heads: root.openDB({ name: 'heads', encoding: 'string' }),
      tombstones: root.openDB({ name: 'tombs', encoding: 'string' }),
      purged: root.openDB({ name: 'purged', encoding: 'string' }),
      erasures: root.openDB({ name: 'erasures', encoding: 'json' }),
      versions: root.openDB({ name: 'versions', encoding: 'json' }),
      actors: root.openDB({ name: 'actors', encoding: 'json' }),
      writes: root.openDB({ name: 'writes', encoding: 'json' }),
      deletes: root.openDB({ name: 'deletes', encoding: 'json' }),
      dropped: root.openDB({ name: 'dropped', encoding: 'string' }),
      counters: root.openDB({ name: 'counters', encoding: 'json' }),
    }
  } catch (error) {
    void root.close()
    throw error
  }
}

export function pageSizeOf(root: RootDatabase<unknown, Key>): number {
  return (root.getStats() as { readonly pageSize: number }).pageSize
}

/** Closes the environment. As no write is ever pending, lmdb closes it synchronously; its promise is not needed. */
export function closeTables({ root }: LmdbTables): void {
  void root.close()
}

/**
 * Bytes of the data file up to the end of the last used page. (`getStats` returns it too, but walks all free pages.)
 */
export function usedBytes({ root, pageSize }: Pick<LmdbTables, 'root' | 'pageSize'>): number {
  const { env } = root as unknown as { readonly env: { info(): { readonly lastPageNumber: number } } }
  return (env.info().lastPageNumber + 1) * pageSize
}
