import type { Commit } from '../../../core/commit.ts'
import { isWithin, pathText, type Path } from '../../../core/path.ts'
import type { Millis, Revision, Version } from '../../../core/version.ts'
import { erasedCommit, isErased } from '../../erasure.ts'
import type { LogPage, LogRange } from '../../store.ts'
import { pathOfKey, type DocumentKey } from '../keys.ts'
import { takeRows, type ScannedRow } from './page.ts'
import {
  commitsByActor,
  commitsIn,
  commitsOf,
  commonRevisions,
  edgesOf,
  fewLmdbDocuments,
  type RevisionEdges,
  type SeekRevision,
} from './revisions.ts'
import { actorInRow, headInRow, isDeleteInRow, pathsInRow, storedCommit, storedVersion, timeInRow } from '../rows.ts'
import { decodedAtOnce, oneVersion, type StoredRow } from './stored-row.ts'
import type { FoundCommit, TenantView } from '../tables.ts'

/** From so many bytes on a row is held for the versions in it that a read still needs. */
const LARGE_ROW_BYTES = 131_072
/** Large rows that one read holds. */
const LARGE_ROWS = 4

/**
 * The log row of a commit; valid only until the next read of any table, which reuses its buffer. Reading a row copies
 * it whole, so a large one of which a second version is read is held until the end of the call.
 */
export function readRow({ tables, tenant, largeRows }: TenantView, revision: Revision): Buffer {
  const known = largeRows?.get(revision)
  if (known) return known
  const row = tables.log.getBinaryFast([tenant.number, revision])
  if (row === undefined) throw new Error(`The log of tenant ${tenant.number} has no commit ${revision}.`)
  if (largeRows === undefined || row.length < LARGE_ROW_BYTES) return row
  if (largeRows.size >= LARGE_ROWS && known === undefined) largeRows.clear()
  // `Buffer.from` would copy all of the buffer that lmdb uses again and again.
  const held = known === null ? Buffer.from(Uint8Array.prototype.slice.call(row, 0, row.length).buffer) : null
  largeRows.set(revision, held)
  return held ?? row
}

export function readStoredCommit(view: TenantView, revision: Revision): StoredRow<Commit> {
  return toCommit(view, readRow(view, revision), revision)
}

/** Copies from the row first: where `purges` must be read, that reuses its buffer. */
function toCommit(view: TenantView, row: Buffer, revision: Revision): StoredRow<Commit> {
  const { versions, join } = storedCommit(row, revision)
  const { purges } = view
  return { versions, join: (decoded) => erasedCommit(join(decoded), purges) }
}

/** The version of the document in the commit `found`. */
export function readStoredVersion(view: TenantView, document: DocumentKey, found: FoundCommit): StoredRow<Version> {
  const path = pathOfKey(document)
  if (!isErased(view.purges, path, found.revision)) return storedVersion(path, readRow(view, found.revision), found)
  // By the whole commit, which may have lost its key.
  const mark = decodedAtOnce(readStoredCommit(view, found.revision)).versions.find(
    (version) => pathText(version.path) === pathText(path),
  )
  if (mark === undefined) throw new Error(`Commit ${found.revision} did not write ${pathText(path)}.`)
  return oneVersion(() => mark)
}

/** The row of `heads` that a version had when it was the newest one; null for a delete. It must not be purged. */
export function readLivingHead(view: TenantView, found: FoundCommit): string | null {
  const row = readRow(view, found.revision)
  return isDeleteInRow(row, found.row) ? null : headInRow(row, found)
}

/** Whether the version was purged. */
export function isMark({ purges }: TenantView, document: DocumentKey, { row, revision }: FoundCommit): boolean {
  return row[3] === 1 || isErased(purges, pathOfKey(document), revision)
}

export function readLogRows(
  view: TenantView,
  range: LogRange,
): Omit<LogPage, 'commits'> & { readonly rows: readonly StoredRow<Commit>[] } {
  const { floor, last, epoch } = view.tenant
  const edges = edgesOf(view.tenant, range)
  const selection = selectionOf(view, range, edges)
  const scanned = selection === null ? allCommits(view, edges) : selectedCommits(view, selection, edges)
  const { rows, next } = takeRows(scanned, range)
  return { rows, next, floor, last, epoch }
}

function* allCommits(view: TenantView, { low, high, reverse }: RevisionEdges): Generator<ScannedCommit> {
  const step = reverse ? -1 : 1
  for (let revision = reverse ? high : low; revision >= low && revision <= high; revision += step) {
    const row = readRow(view, revision)
    yield { position: revision, read: () => toCommit(view, row, revision), bytes: row.length }
  }
}

type ScannedCommit = ScannedRow<StoredRow<Commit>, Revision>

/** A part of the commits. */
interface CommitSelection {
  /** Every selected commit is in all of them, at least one. */
  readonly sources: readonly SeekRevision[]
  readonly actor: string | undefined
  /** The paths at or below which a commit of the sources need not have written. */
  readonly below: readonly Path[] | undefined
}

/**
 * The commits of a range by the indexes; null: all of them. Commits below paths are found by the versions of the
 * documents there, or, of many documents, by the commits of their top-level collections.
 */
function selectionOf(view: TenantView, range: LogRange, edges: RevisionEdges): CommitSelection | null {
  const { actor } = range
  const below = range.below?.some((path) => path.length === 0) ? undefined : range.below
  const isWhole = below === undefined || below.every((path) => path.length === 1)
  const documents = isWhole ? null : fewLmdbDocuments(view, below)
  const sources = actor === undefined ? [] : [commitsByActor(view, actor, edges)]
  if (documents !== null) sources.push(commitsOf(view, documents, edges))
  else if (below !== undefined) sources.push(commitsIn(view, topLevel(below), edges))
  if (sources.length === 0) return null
  return { sources, actor, below: isWhole || documents !== null ? undefined : below }
}

function topLevel(paths: readonly Path[]): readonly string[] {
  return [...new Set(paths.flatMap((path) => path.slice(0, 1)))]
}

function* selectedCommits(
  view: TenantView,
  { sources, actor, below }: CommitSelection,
  edges: RevisionEdges,
): Generator<ScannedCommit> {
  for (const { revision, isFound } of commonRevisions(sources, edges)) {
    if (!isFound) {
      yield { position: revision, read: null, bytes: 0, rows: sources.length }
      continue
    }
    const row = readRow(view, revision)
    const paths = below === undefined ? [] : pathsInRow(row)
    const isSelected =
      (actor === undefined || actorInRow(row) === actor) &&
      (below === undefined || paths.some((path) => below.some((root) => isWithin(path, root))))
    yield {
      position: revision,
      read: isSelected ? () => toCommit(view, row, revision) : null,
      bytes: row.length,
      rows: Math.max(1, paths.length),
    }
  }
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
