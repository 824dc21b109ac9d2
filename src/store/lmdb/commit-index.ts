import type { Key } from 'lmdb'
import type { Revision } from '../../core/version.ts'
import type { TenantId } from '../store.ts'
import { actorInRow, writesInRow, type RowWrite } from './rows.ts'
import type { LmdbTables, TenantRow } from './tables.ts'

/** Most rows that one transaction adds to the indexes, and most bytes of the log that it reads. */
const STEP = { rows: 500, bytes: 1_048_576 }

/** Most characters of an actor in a key, as lmdb bounds keys. The log row tells longer actors apart. */
const ACTOR_CHARACTERS = 256

/** The facts of a commit that the indexes hold. */
export interface IndexedCommit {
  readonly revision: Revision
  readonly actor: string | null
  readonly writes: readonly RowWrite[]
}

/** The keys of the commits of an actor, without the revision. */
export function actorPrefix(tenant: number, actor: string): readonly [number, string] {
  return [tenant, actor.slice(0, ACTOR_CHARACTERS)]
}

/** The tables that find the commits of an actor, of a collection, and those that deleted in a collection. */
export type CommitIndex = 'actors' | 'writes' | 'deletes'

/** The rows of a commit in the indexes. */
export function indexKeys(
  tenant: number,
  { revision, actor, writes }: IndexedCommit,
): readonly (readonly [table: CommitIndex, key: Key])[] {
  const keys = (of: readonly RowWrite[]): readonly Key[] =>
    [...new Set(of.map(({ path: [collection = ''] }) => collection))].map((name) => [tenant, name, revision])
  const rows: (readonly [CommitIndex, Key])[] = []
  for (const key of keys(writes)) rows.push(['writes', key])
  for (const key of keys(writes.filter(({ isDelete }) => isDelete))) rows.push(['deletes', key])
  if (actor !== null) rows.push(['actors', [...actorPrefix(tenant, actor), revision]])
  return rows
}

/** Adds a commit to the indexes within the running transaction; returns the number of rows. */
export function indexCommit(tables: LmdbTables, tenant: number, commit: IndexedCommit): number {
  const rows = indexKeys(tenant, commit)
  for (const [table, key] of rows) void tables[table].put(key, 0)
  return rows.length
}

/** A commit before and after its row was rewritten. */
interface RewrittenCommit {
  readonly before: IndexedCommit
  readonly after: IndexedCommit
}

/** Makes the rows of a commit in the indexes those of its rewritten row, within the running transaction. */
export function reindexCommit(tables: LmdbTables, tenant: number, { before, after }: RewrittenCommit): void {
  const kept = new Set(indexKeys(tenant, after).map(textOf))
  for (const row of indexKeys(tenant, before)) if (!kept.has(textOf(row))) void tables[row[0]].remove(row[1])
  indexCommit(tables, tenant, after)
}

function textOf(row: readonly [table: CommitIndex, key: Key]): string {
  return JSON.stringify(row)
}

/** Tenants that one call of `tenantsBehind` looks at. */
const TENANTS = 1_000

interface TenantsBehind {
  readonly tenants: readonly TenantId[]
  /** The name after which to continue; undefined at the end. */
  readonly next: TenantId | undefined
}

/** The tenants of which the indexes lack commits, among some that follow `after`. */
export function tenantsBehind(tables: LmdbTables, after: TenantId | undefined): TenantsBehind {
  const start = after === undefined ? {} : { start: after, exclusiveStart: true }
  const rows = [...tables.tenants.getRange({ ...start, limit: TENANTS })]
  return {
    tenants: rows.filter(({ value }) => isBehind(value)).map(({ key }) => key),
    next: rows.length < TENANTS ? undefined : rows.at(-1)?.key,
  }
}

/** Whether the indexes lack commits of the tenant: releases without these tables wrote them. */
function isBehind({ indexed = 0, last }: TenantRow): boolean {
  return indexed < last
}

/**
 * Adds some commits that the indexes lack within the running transaction, which also records how far they are complete;
 * false when no commit is left.
 */
export function indexSome(tables: LmdbTables, tenant: TenantId): boolean {
  const row = tables.tenants.get(tenant)
  if (row === undefined || !isBehind(row)) return false
  let { indexed = 0 } = row
  for (let [rows, bytes] = [0, 0]; indexed < row.last && rows < STEP.rows && bytes < STEP.bytes;) {
    indexed++
    const log = tables.log.getBinaryFast([row.number, indexed])
    if (log === undefined) throw new Error(`The log of tenant ${row.number} has no commit ${indexed}.`)
    bytes += log.length
    rows += indexCommit(tables, row.number, { revision: indexed, actor: actorInRow(log), writes: writesInRow(log) }) + 1
  }
  void tables.tenants.put(tenant, { ...row, indexed })
  return indexed < row.last
}
