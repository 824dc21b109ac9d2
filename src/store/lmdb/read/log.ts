import type { Commit } from '../../../core/commit.ts'
import { isWithin, type Path } from '../../../core/path.ts'
import type { Millis, Revision, Version } from '../../../core/version.ts'
import type { LogPage, LogRange } from '../../store.ts'
import { pathOfKey, type DocumentKey } from '../keys.ts'
import { fewLmdbDocuments, mergedRevisions } from './merged.ts'
import { takeRows, type ScannedRow } from './page.ts'
import { decodeCommit, decodeVersion, pathsInRow, timeInRow } from '../rows.ts'
import type { LmdbTables, TenantRow, VersionRow } from '../tables.ts'

/** The log row of a commit; valid only until the next read of any table, which reuses its buffer. */
export function readRow(tables: LmdbTables, tenant: TenantRow, revision: Revision): Buffer {
  const row = tables.log.getBinaryFast([tenant.number, revision])
  if (row === undefined) throw new Error(`The log of tenant ${tenant.number} has no commit ${revision}.`)
  return row
}

export function readStoredCommit(tables: LmdbTables, tenant: TenantRow, revision: Revision): Commit {
  return decodeCommit(readRow(tables, tenant, revision), revision)
}

/** The version of the document in the commit `found`. */
export function readStoredVersion(
  tables: LmdbTables,
  tenant: TenantRow,
  document: DocumentKey,
  found: FoundCommit,
): Version {
  return decodeVersion(pathOfKey(document), readRow(tables, tenant, found.revision), found.revision, found.row)
}

/** A row of `versions`, and the revision of its key. */
export interface FoundCommit {
  readonly revision: Revision
  readonly row: VersionRow
}

export function readLogRows(tables: LmdbTables, tenant: TenantRow, range: LogRange): LogPage {
  const { floor, last, epoch } = tenant
  const { rows, next } = takeRows(
    range.below === undefined ? commitsIn(tables, tenant, range) : commitsBelow(tables, tenant, range, range.below),
    range,
  )
  return { commits: rows, next, floor, last, epoch }
}

function* commitsIn(tables: LmdbTables, tenant: TenantRow, range: LogRange): Generator<ScannedRow<Commit, Revision>> {
  for (const revision of revisionsIn(tenant, range)) {
    const row = readRow(tables, tenant, revision)
    yield { position: revision, read: () => decodeCommit(row, revision), bytes: row.length }
  }
}

/**
 * Commits that wrote at or below one of the paths: by the versions of the documents there, or for many by a log scan.
 */
function* commitsBelow(
  tables: LmdbTables,
  tenant: TenantRow,
  range: LogRange,
  below: readonly Path[],
): Generator<ScannedRow<Commit, Revision>> {
  const documents = fewLmdbDocuments(tables, tenant, below)
  if (documents !== null) return yield* commitsOf(tables, tenant, range, documents)
  for (const revision of revisionsIn(tenant, range)) {
    const row = readRow(tables, tenant, revision)
    const paths = pathsInRow(row)
    const isSelected = paths.some((path) => below.some((root) => isWithin(path, root)))
    yield {
      position: revision,
      read: isSelected ? () => decodeCommit(row, revision) : null,
      bytes: row.length,
      rows: Math.max(1, paths.length),
    }
  }
}

function* commitsOf(
  tables: LmdbTables,
  tenant: TenantRow,
  range: LogRange,
  documents: readonly DocumentKey[],
): Generator<ScannedRow<Commit, Revision>> {
  for (const revision of mergedRevisions(tables, documents, {
    ...edgesOf(tenant, range),
    reverse: range.reverse === true,
  })) {
    const row = readRow(tables, tenant, revision)
    yield { position: revision, read: () => decodeCommit(row, revision), bytes: row.length }
  }
}

/** The first and the last revision of a range. */
function edgesOf(
  tenant: TenantRow,
  { after, before = Infinity }: LogRange,
): { readonly low: Revision; readonly high: Revision } {
  return { low: Math.max(after, tenant.floor) + 1, high: Math.min(before - 1, tenant.last) }
}

function* revisionsIn(tenant: TenantRow, range: LogRange): Generator<Revision> {
  const { low, high } = edgesOf(tenant, range)
  const step = range.reverse === true ? -1 : 1
  for (let revision = step > 0 ? low : high; revision >= low && revision <= high; revision += step) yield revision
}

/** Binary search over the times of the log, which never decrease; 0 when all are later than `time`. */
export function revisionAtTime(tables: LmdbTables, tenant: TenantRow, time: Millis): Revision {
  if (tenant.last === 0 || tenant.at <= time) return tenant.last
  let [low, high] = [tenant.floor, tenant.last - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (timeInRow(readRow(tables, tenant, middle)) <= time) low = middle
    else high = middle - 1
  }
  return low
}
