import type { Commit } from '../../../core/commit.ts'
import { isWithin, type Path } from '../../../core/path.ts'
import type { Millis, Revision, Version } from '../../../core/version.ts'
import { erasedCommit, isErased, markOf } from '../../erasure.ts'
import type { LogPage, LogRange } from '../../store.ts'
import { pathOfKey, type DocumentKey } from '../keys.ts'
import { fewLmdbDocuments, mergedRevisions } from './merged.ts'
import { takeRows, type ScannedRow } from './page.ts'
import { decodeCommit, decodeVersion, pathsInRow, timeInRow } from '../rows.ts'
import type { FoundCommit, TenantRow, TenantView } from '../tables.ts'

/** The log row of a commit; valid only until the next read of any table, which reuses its buffer. */
export function readRow({ tables, tenant }: TenantView, revision: Revision): Buffer {
  const row = tables.log.getBinaryFast([tenant.number, revision])
  if (row === undefined) throw new Error(`The log of tenant ${tenant.number} has no commit ${revision}.`)
  return row
}

export function readStoredCommit(view: TenantView, revision: Revision): Commit {
  return toCommit(view, readRow(view, revision), revision)
}

function toCommit({ purges }: TenantView, row: Buffer, revision: Revision): Commit {
  return erasedCommit(decodeCommit(row, revision), purges)
}

/** The version of the document in the commit `found`. */
export function readStoredVersion(view: TenantView, document: DocumentKey, found: FoundCommit): Version {
  const version = decodeVersion(pathOfKey(document), readRow(view, found.revision), found)
  return isErased(view.purges, version.path, found.revision) ? markOf(version) : version
}

/** Whether the version was purged. */
export function isMark({ purges }: TenantView, document: DocumentKey, { row, revision }: FoundCommit): boolean {
  return row[3] === 1 || isErased(purges, pathOfKey(document), revision)
}

export function readLogRows(view: TenantView, range: LogRange): LogPage {
  const { floor, last, epoch } = view.tenant
  const { rows, next } = takeRows(
    range.below === undefined ? commitsIn(view, range) : commitsBelow(view, range, range.below),
    range,
  )
  return { commits: rows, next, floor, last, epoch }
}

function* commitsIn(view: TenantView, range: LogRange): Generator<ScannedRow<Commit, Revision>> {
  for (const revision of revisionsIn(view.tenant, range)) {
    const row = readRow(view, revision)
    yield { position: revision, read: () => toCommit(view, row, revision), bytes: row.length }
  }
}

/**
 * Commits that wrote at or below one of the paths: by the versions of the documents there, or for many by a log scan.
 */
function* commitsBelow(
  view: TenantView,
  range: LogRange,
  below: readonly Path[],
): Generator<ScannedRow<Commit, Revision>> {
  const documents = fewLmdbDocuments(view, below)
  if (documents !== null) return yield* commitsOf(view, range, documents)
  for (const revision of revisionsIn(view.tenant, range)) {
    const row = readRow(view, revision)
    const paths = pathsInRow(row)
    const isSelected = paths.some((path) => below.some((root) => isWithin(path, root)))
    yield {
      position: revision,
      read: isSelected ? () => toCommit(view, row, revision) : null,
      bytes: row.length,
      rows: Math.max(1, paths.length),
    }
  }
}

function* commitsOf(
  view: TenantView,
  range: LogRange,
  documents: readonly DocumentKey[],
): Generator<ScannedRow<Commit, Revision>> {
  for (const revision of mergedRevisions(view.tables, documents, {
    ...edgesOf(view.tenant, range),
    reverse: range.reverse === true,
  })) {
    const row = readRow(view, revision)
    yield { position: revision, read: () => toCommit(view, row, revision), bytes: row.length }
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
export function revisionAtTime(view: TenantView, time: Millis): Revision {
  const { last, at, floor } = view.tenant
  if (last === 0 || at <= time) return last
  let [low, high] = [floor, last - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (timeInRow(readRow(view, middle)) <= time) low = middle
    else high = middle - 1
  }
  return low
}
