import { MongoBulkWriteError, type AnyBulkWriteOperation } from 'mongodb'
import type { Commit } from '../../../core/commit.ts'
import type { Version } from '../../../core/version.ts'
import { isDuplicate, isTransient } from '../failure.ts'
import { headKey, headRow, type HeadRow } from '../rows.ts'
import { byKey, type MongoTables } from '../tables.ts'
import type { HeadOverlay } from '../read/head-overlay.ts'

/** Documents that are looked at in one read. */
const MAX_DOCUMENTS = 500
/**
 * Heads that are written in one command. FerretDB 1 holds one of its hundred connections to SQLite for each update of a
 * command until the last one is done: with a hundred it stands still for good.
 */
const MAX_WRITES = 32

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

/** Inserts a head, or replaces one that is older. Never takes a newer one back. */
function operation(scope: string, { version, fresh }: Newest): AnyBulkWriteOperation<HeadRow> {
  const row = headRow(scope, version)
  if (fresh) return { insertOne: { document: row } }
  const { _id, t, ...fields } = row
  return { updateOne: { filter: { _id, t, v: { $lt: row.v } }, update: { $set: fields } } }
}

async function write(tables: MongoTables, operations: readonly AnyBulkWriteOperation<HeadRow>[], w: 1 | 'majority'): Promise<void> {
  const writeConcern = w === 1 ? { w } : { w, wtimeoutMS: tables.readMs }
  for (let i = 0; i < operations.length; i += MAX_WRITES) {
    await tables.call(tables.heads.bulkWrite(operations.slice(i, i + MAX_WRITES), { ordered: false, writeConcern }))
  }
}

/**
 * Brings the heads of commits up to date. The log is the truth: where this does not succeed, readers see the
 * commits in their tails, and the janitor does it again.
 */
export async function applyCommits(tables: MongoTables, scope: string, commits: readonly Commit[]): Promise<void> {
  const operations = [...newestOf(scope, commits).values()].map((newest) => operation(scope, newest))
  try {
    await write(tables, operations, 1)
  } catch (error) {
    if (!isDuplicate(error) && !isTransient(error) && !(error instanceof MongoBulkWriteError)) throw error
  }
}

/** Makes sure that a majority has the heads of these commits; false when another process was at it. */
async function ensure(tables: MongoTables, scope: string, commits: readonly Commit[]): Promise<boolean> {
  const newest = [...newestOf(scope, commits)]
  for (let i = 0; i < newest.length; i += MAX_DOCUMENTS) {
    const part = newest.slice(i, i + MAX_DOCUMENTS)
    const filter = byKey(tables, scope, part.map(([key]) => key))
    const options = { projection: { v: 1 }, readConcern: { level: 'majority' }, maxTimeMS: tables.readMs } as const
    const rows = await tables.call(tables.heads.find(filter, options).toArray())
    const versions = new Map(rows.map((row) => [row._id, row.v]))
    const behind = part.filter(([key, { version }]) => (versions.get(key) ?? 0) < version.version)
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

/** Repairs the heads of commits up to `upTo` and moves the mark, so that tails need to hold less. Any process may. */
export async function repair(tables: MongoTables, tail: HeadOverlay, upTo: number): Promise<void> {
  if (upTo <= tail.applied) return
  const commits = tail.after(tail.applied).map(({ commit }) => commit).filter(({ revision }) => revision <= upTo)
  if (!(await ensure(tables, tail.scope, commits))) return
  await tables.call(tables.meta.updateOne({ _id: tail.tenant, epoch: tail.epoch }, { $max: { applied: upTo } }))
  tail.applied = upTo
  tail.trim()
}
