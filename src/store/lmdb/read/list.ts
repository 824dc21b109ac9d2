import { historyExpired } from '../../../core/cursor.ts'
import type { Path } from '../../../core/path.ts'
import type { Revision, Version } from '../../../core/version.ts'
import type { ListPage, Range } from '../../store.ts'
import { findVersion, isLost } from './documents.ts'
import { HeadView } from '../heads/head-view.ts'
import { isLatest, readLatest } from '../heads/latest.ts'
import { documentKey, pathOfKey, type DocumentKey } from '../keys.ts'
import { isMark, readLivingHead, readStoredVersion } from './log.ts'
import { oneVersion, type StoredRow } from './stored-row.ts'
import { takeRows, type ScannedRow } from './page.ts'
import { mergeScans, scanTable, type ScanEntry } from './scan.ts'
import { decodeHead, revisionInHead, versionInHead } from '../rows.ts'
import { deletedIn, writtenIn, type CommitRange } from './written.ts'
import type { TenantView } from '../tables.ts'

/** A range as of a revision. */
export interface ListMoment {
  readonly range: Range
  readonly at: Revision
}

/** A page of documents, still to be decoded. */
interface StoredListPage extends Omit<ListPage, 'rows'> {
  readonly rows: readonly StoredRow<Version>[]
}

type DocumentScanRow = ScannedRow<StoredRow<Version>, DocumentKey>

export function listDocuments(view: TenantView, range: Range, at: Revision): StoredListPage {
  if (isLatest(view, range, at)) {
    return readLatest(view, range, (path, row) => oneVersion(() => decodeHead(path, row)))
  }
  const moment = { range, at: Math.min(at, view.tenant.last) }
  const { next, ...page } = takeRows(scanDocuments(view, moment), range)
  return { ...page, next: next && pathOfKey(next), revision: moment.at }
}

/** The version in a row of `heads` or `tombstones`, as a page with this range gives it. */
function decodedHead({ views }: Range, path: Path, row: string): Version {
  return views === true ? new HeadView(path, row) : decodeHead(path, row)
}

function* scanDocuments(view: TenantView, moment: ListMoment): Generator<DocumentScanRow> {
  const { range, at } = moment
  const { last, floor } = view.tenant
  const isNow = at === last
  const since = { after: at, upTo: last }
  const writtenSince = writtenIn(view, range, since)
  const isFar = writtenSince === null && floor === 0
  const writtenUpTo = isFar ? writtenIn(view, range, { after: 0, upTo: at }) : null
  for (const entry of writtenUpTo?.map(entryOf) ?? entriesOf(view, range, { since, writtenSince })) {
    const { document, row, deleted } = entry
    const isUnchanged = row !== null && (isNow || revisionInHead(row) <= at)
    // A document written since comes again, from the log.
    if (row !== null && !isUnchanged && writtenSince !== null) continue
    if (!isUnchanged) yield pastVersion(view, entry, moment)
    else if (deleted && range.deleted !== true) yield { position: document, read: null, bytes: row.length }
    else {
      const stored = oneVersion(() => decodedHead(range, pathOfKey(document), row))
      yield { position: document, read: () => stored, bytes: row.length }
    }
  }
}

/** The version of a document at `at`, where it is not its newest one. */
function pastVersion(view: TenantView, { document, row }: ScanEntry, { range, at }: ListMoment): DocumentScanRow {
  // A document whose first version is later than `at` needs no search.
  const found = row !== null && versionInHead(row) === 1 ? null : findVersion(view.tables, document, at)
  if (found === null && isLost(view, document, at)) {
    return { position: document, read: () => throwExpired(view), bytes: row?.length ?? 0 }
  }
  const isAbsent = found === null || isMark(view, document, found)
  if (isAbsent) return { position: document, read: null, bytes: row?.length ?? 0 }
  if (range.deleted === true) {
    return { position: document, read: () => readStoredVersion(view, document, found), bytes: found.row[2] }
  }
  const living = readLivingHead(view, found)
  if (living === null) return { position: document, read: null, bytes: found.row[2] }
  const version = oneVersion(() => decodedHead(range, pathOfKey(document), living))
  return { position: document, read: () => version, bytes: found.row[2] }
}

/** Reads what `thin` removed: HISTORY_EXPIRED. */
export function throwExpired({ tenant }: TenantView): never {
  throw historyExpired(tenant)
}

interface SinceThen {
  /** The commits since the moment. */
  readonly since: CommitRange
  /** The documents that they wrote; null when these are too many. */
  readonly writtenSince: readonly DocumentKey[] | null
}

/**
 * The documents to scan, in order: live ones, tombstones where the page may need them, and those written since, if
 * known.
 */
function* entriesOf(view: TenantView, range: Range, { since, writtenSince }: SinceThen): Generator<ScanEntry> {
  const { reverse = false } = range
  const live = scanTable(view, range, { table: 'heads' })
  const rows =
    range.deleted === true || writtenSince === null ? mergeScans(live, tombstones(view, range, since), reverse) : live
  if (writtenSince === null || writtenSince.length === 0) return yield* rows
  yield* mergeScans(rows, writtenSince.map(entryOf).values(), reverse)
}

/** The tombstones that the page may show or have shown before: those made since, where they are few, else all. */
function tombstones(view: TenantView, range: Range, since: CommitRange): Iterator<ScanEntry> {
  const deleted = range.deleted === true ? null : deletedIn(view, range, since)
  if (deleted === null) return scanTable(view, range, { table: 'tombstones' })
  const rows = deleted.map((document) => ({ document, row: view.tables.tombstones.get(documentKey(document)) }))
  // Documents that are back are live.
  return rows.flatMap(({ document, row }) => (row === undefined ? [] : [{ document, row, deleted: true }])).values()
}

/** An entry for a document that was found by the log. */
export function entryOf(document: DocumentKey): ScanEntry {
  return { document, row: null, deleted: false }
}
