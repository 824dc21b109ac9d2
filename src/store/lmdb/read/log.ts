import type { Commit } from '../../../core/commit.ts'
import { isWithin, pathText, type Path } from '../../../core/path.ts'
import type { Millis, Revision, Version } from '../../../core/version.ts'
import { erasedCommit, isErased } from '../../erasure.ts'
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

/** Decodes the row first: where `purges` must be read, that reuses the buffer of the row. */
function toCommit(view: TenantView, row: Buffer, revision: Revision): Commit {
  const commit = decodeCommit(row, revision)
  return erasedCommit(commit, view.purges)
}

/** The version of the document in the commit `found`. */
export function readStoredVersion(view: TenantView, document: DocumentKey, found: FoundCommit): Version {
  const path = pathOfKey(document)
  if (!isErased(view.purges, path, found.revision)) return decodeVersion(path, readRow(view, found.revision), found)
  // By the whole commit, which may have lost its key.
  const mark = readStoredCommit(view, found.revision).versions.find(
    (version) => pathText(version.path) === pathText(path),
  )
  if (mark === undefined) throw new Error(`Commit ${found.revision} did not write ${pathText(path)}.`)
  return mark
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
  return { low: after + 1, high: Math.min(before - 1, tenant.last) }
}

function* revisionsIn(tenant: TenantRow, range: LogRange): Generator<Revision> {
  const { low, high } = edgesOf(tenant, range)
  const step = range.reverse === true ? -1 : 1
  for (let revision = step > 0 ? low : high; revision >= low && revision <= high; revision += step) yield revision
}

/** Binary search over the times of the log, which never decrease; 0 when all are later than `time`. */
export function revisionAtTime(view: TenantView, time: Millis): Revision {
  const { last, at } = view.tenant
  if (last === 0 || at <= time) return last
  let [low, high] = [0, last - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (timeInRow(readRow(view, middle)) <= time) low = middle
    else high = middle - 1
  }
  return low
}
