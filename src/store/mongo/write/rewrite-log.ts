import type { AnyBulkWriteOperation, Filter } from 'mongodb'
import type { Commit } from '../../../core/commit.ts'
import type { Revision } from '../../../core/version.ts'
import type { Limit } from '../../store.ts'
import { collectionsOf, headKey, opRow, rowBytes, toLogEntry, type LogRow } from '../rows.ts'
import { readUpTo, type MongoTables } from '../tables.ts'

/** Commits that one command rewrites, and their bytes. They are few, as FerretDB 1 scans the collection for each. */
const REWRITE_PAGE: Limit = { rows: 8, bytes: 1_048_576 }

/** The commits in (after, before) that wrote a document. */
interface RewrittenSection {
  readonly scope: string
  /** The document's path. */
  readonly text: string
  readonly after: Revision
  readonly before: Revision
}

interface Rewritten {
  /** Number of versions that commits have less than before. */
  readonly removed: number
  /** The revision from which to go on (as `after`); null at the end of the section. */
  readonly next: Revision | null
}

/**
 * Rewrites the first commits of a section that `edit` changes. A commit that another process rewrites at the same time
 * is read again by the next call.
 */
export async function rewriteCommits(
  tables: MongoTables,
  { scope, text, after, before }: RewrittenSection,
  edit: (commit: Commit) => Commit,
): Promise<Rewritten> {
  const filter: Filter<LogRow> = { t: scope, 'ops.p': text, n: { $gt: after, $lt: before } }
  const cursor = tables.log.find(filter, { sort: { n: 1 }, maxTimeMS: tables.readMs })
  const { rows, more } = await tables.call(readUpTo(cursor, REWRITE_PAGE, bytesOf))
  const operations: AnyBulkWriteOperation<LogRow>[] = []
  const renamed: Commit[] = []
  let removed = 0
  for (const row of rows) {
    const { commit } = toLogEntry(row)
    const edited = edit(commit)
    if (edited === commit) continue
    removed += commit.versions.length - edited.versions.length
    operations.push(updateOf(row, edited))
    if (edited.id !== commit.id) renamed.push(edited)
  }
  if (operations.length > 0) {
    const { matchedCount } = await tables.call(tables.log.bulkWrite(operations, { ordered: false }))
    if (matchedCount < operations.length) return { removed: 0, next: after }
  }
  for (const commit of renamed) await renameInHeads(tables, scope, commit)
  return { removed, next: more ? Number(rows.at(-1)?.n) : null }
}

/** The heads that a commit without a key has left are marks. */
async function renameInHeads(tables: MongoTables, scope: string, { id, revision, versions }: Commit): Promise<void> {
  if (versions.length === 0) return
  const keys = versions.map(({ path }) => headKey(scope, path))
  const filter = { _id: { $in: keys }, t: scope, n: revision }
  await tables.call(tables.heads.updateMany(filter, { $set: { cid: id } }))
}

function bytesOf({ ops }: LogRow): number {
  return ops.reduce((sum, { val }) => sum + rowBytes(val), 0)
}

/** Only while the row is as it was read. */
function updateOf({ _id, t, e }: LogRow, commit: Commit): AnyBulkWriteOperation<LogRow> {
  const { id, digest, versions, thinned } = commit
  const ops = versions.map((version) => opRow(version, JSON.stringify(version.value)))
  const filter: Filter<LogRow> = { _id, t, e: e ?? { $exists: false } }
  const set = { ops, c: collectionsOf(commit), cid: id, dg: digest, e: (e ?? 0) + 1, ...(thinned ? { th: true } : {}) }
  return { updateOne: { filter, update: { $set: set } } }
}
