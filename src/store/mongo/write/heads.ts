import { MongoError, type AnyBulkWriteOperation } from 'mongodb'
import type { Commit } from '../../../core/commit.ts'
import type { Version } from '../../../core/version.ts'
import { isDuplicate, isTransient } from '../failure.ts'
import { headKey, headRow, type HeadRow } from '../rows.ts'
import { byKey, durable, type MongoTables } from '../tables.ts'
import type { HeadOverlay } from '../read/head-overlay.ts'

/** Most documents in one read. */
const MAX_DOCUMENTS = 500

interface Newest {
  readonly version: Version
  /** Whether the document had no version before these commits. */
  readonly fresh: boolean
}

/** The newest version of each document that commits wrote, by the key of its head. */
function newestOf(scope: string, commits: readonly Commit[]): ReadonlyMap<string, Newest> {
  const newest = new Map<string, Newest>()
  for (const version of commits.flatMap(({ versions }) => versions)) {
    const key = headKey(scope, version.path)
    newest.set(key, { version, fresh: newest.get(key)?.fresh ?? version.version === 1 })
  }
  return newest
}

/** Inserts a head, or replaces an older one; never overwrites a newer one. */
function operation(scope: string, { version, fresh }: Newest): AnyBulkWriteOperation<HeadRow> {
  const row = headRow(scope, version)
  if (fresh) return { insertOne: { document: row } }
  const { _id, t, ...fields } = row
  return { updateOne: { filter: { _id, t, v: { $lt: row.v } }, update: { $set: fields } } }
}

async function write(
  tables: MongoTables,
  operations: readonly AnyBulkWriteOperation<HeadRow>[],
  w: 1 | 'majority',
): Promise<void> {
  const writeConcern = w === 1 ? { w } : durable(tables.readMs)
  const { maxUpdates } = tables.quirks
  for (let i = 0; i < operations.length; i += maxUpdates) {
    await tables.call(tables.heads.bulkWrite(operations.slice(i, i + maxUpdates), { ordered: false, writeConcern }))
  }
}

/**
 * Brings the heads of commits up to date, best effort: until the janitor repairs a failure, readers see the commits in
 * their overlays, which they read from the log.
 */
export async function applyCommits(tables: MongoTables, scope: string, commits: readonly Commit[]): Promise<void> {
  const operations = [...newestOf(scope, commits).values()].map((newest) => operation(scope, newest))
  try {
    await write(tables, operations, 1)
  } catch (error) {
    // The commits are durable, whatever MongoDB says of their heads; an UNAVAILABLE is a command that was lost.
    if (!(error instanceof MongoError) && !isTransient(error)) throw error
  }
}

/** Ensures that a majority has the heads of these commits; false when another process was writing them. */
async function ensureHeads(tables: MongoTables, scope: string, commits: readonly Commit[]): Promise<boolean> {
  const newest = [...newestOf(scope, commits)]
  for (let i = 0; i < newest.length; i += MAX_DOCUMENTS) {
    const batch = newest.slice(i, i + MAX_DOCUMENTS)
    const filter = byKey(
      tables,
      scope,
      batch.map(([key]) => key),
    )
    const options = { projection: { v: 1 }, readConcern: { level: 'majority' }, maxTimeMS: tables.readMs } as const
    const rows = await tables.call(tables.heads.find(filter, options).toArray())
    const versions = new Map(rows.map((row) => [row._id, row.v]))
    const behind = batch.filter(([key, { version }]) => (versions.get(key) ?? 0) < version.version)
    const operations = behind.map(([key, { version }]) => operation(scope, { version, fresh: !versions.has(key) }))
    try {
      await write(tables, operations, 'majority')
    } catch (error) {
      if (isDuplicate(error)) return false
      throw error
    }
  }
  return true
}

/**
 * Repairs the heads of commits up to `upTo`, then raises `applied`, so that overlays can evict them. Any process may
 * call it.
 */
export async function repair(tables: MongoTables, overlay: HeadOverlay, upTo: number): Promise<void> {
  if (upTo <= overlay.applied) return
  const commits = overlay
    .after(overlay.applied)
    .map(({ commit }) => commit)
    .filter(({ revision }) => revision <= upTo)
  if (!(await ensureHeads(tables, overlay.scope, commits))) return
  await tables.updateMeta({ _id: overlay.tenant, epoch: overlay.epoch }, { $max: { applied: upTo } })
  overlay.applied = upTo
  overlay.trim()
}
