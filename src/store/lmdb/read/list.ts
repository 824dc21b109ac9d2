import type { Database, Key } from 'lmdb'
import type { Path } from '../../../core/path.ts'
import type { Revision, Version } from '../../../core/version.ts'
import type { ListPage, Range } from '../../store.ts'
import { findVersion } from './documents.ts'
import {
  compareDocuments,
  documentKey,
  pathOfKey,
  parseDocumentKey,
  spansOf,
  type DocumentKey,
  type KeySpan,
} from '../keys.ts'
import { readStoredVersion } from './log.ts'
import { takeRows, type ScannedRow } from './page.ts'
import { deletedIn, writtenIn, type CommitRange } from './written.ts'
import { decodeHead, revisionInHead, versionInHead } from '../rows.ts'
import type { TenantView } from '../tables.ts'

/** A scanned document: its row of `heads` or `tombstones`, or null when it was found by the log. */
interface ListEntry {
  readonly document: DocumentKey
  readonly row: string | null
  readonly deleted: boolean
}

interface ListMoment {
  readonly range: Range
  readonly at: Revision
}

export function listDocuments(view: TenantView, range: Range, at: Revision): ListPage {
  const moment = { range, at: Math.min(at, view.tenant.last) }
  const { next, ...page } = takeRows(scanDocuments(view, moment), range)
  return { ...page, next: next && pathOfKey(next), revision: moment.at }
}

function* scanDocuments(view: TenantView, moment: ListMoment): Generator<ScannedRow<Version, DocumentKey>> {
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
    else yield { position: document, read: () => decodeHead(pathOfKey(document), row), bytes: row.length }
  }
}

/** The version of a document at `at`, where it is not its newest one. */
function pastVersion(
  view: TenantView,
  { document, row }: ListEntry,
  { range, at }: ListMoment,
): ScannedRow<Version, DocumentKey> {
  // A document whose first version is later than `at` needs no search.
  const found = row !== null && versionInHead(row) === 1 ? null : findVersion(view.tables, document, at)
  if (found === null) return { position: document, read: null, bytes: row?.length ?? 0 }
  if (range.deleted === true) {
    return { position: document, read: () => readStoredVersion(view, document, found), bytes: found.row[2] }
  }
  const version = readStoredVersion(view, document, found)
  return { position: document, read: version.type === 'DELETE' ? null : () => version, bytes: found.row[2] }
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
function* entriesOf(view: TenantView, range: Range, { since, writtenSince }: SinceThen): Generator<ListEntry> {
  const live = scan(view.tables.heads, range, { tenant: view.tenant.number, deleted: false })
  const rows =
    range.deleted === true || writtenSince === null ? merge(live, tombstones(view, range, since), range) : live
  if (writtenSince === null || writtenSince.length === 0) return yield* rows
  yield* merge(rows, writtenSince.map(entryOf).values(), range)
}

/** The tombstones that the page may show or have shown before: those made since, where they are few, else all. */
function tombstones(view: TenantView, range: Range, since: CommitRange): Iterator<ListEntry> {
  const { tables, tenant } = view
  const deleted = range.deleted === true ? null : deletedIn(view, range, since)
  if (deleted === null) return scan(tables.tombstones, range, { tenant: tenant.number, deleted: true })
  const rows = deleted.map((document) => ({ document, row: tables.tombstones.get(documentKey(document)) }))
  // Documents that are back are live.
  return rows.flatMap(({ document, row }) => (row === undefined ? [] : [{ document, row, deleted: true }])).values()
}

/** An entry for a document that was found by the log. */
function entryOf(document: DocumentKey): ListEntry {
  return { document, row: null, deleted: false }
}

interface ScannedTable {
  readonly tenant: number
  readonly deleted: boolean
}

function* scan(table: Database<string, Key>, range: Range, { tenant, deleted }: ScannedTable): Generator<ListEntry> {
  const { reverse = false } = range
  const spans = spansOf(tenant, range)
  for (const span of reverse ? spans.toReversed() : spans) {
    for (const { key, value } of table.getRange(bounds(span, reverse))) {
      yield { document: parseDocumentKey(key), row: value, deleted }
    }
  }
}

function bounds(
  { from, to }: KeySpan,
  reverse: boolean,
): { start: Key; end: Key; reverse: boolean; exclusiveStart: boolean } {
  return reverse
    ? { start: to, end: from, reverse, exclusiveStart: true }
    : { start: from, end: to, reverse, exclusiveStart: true }
}

/** Merges two ordered streams. An entry that is in both comes twice. */
function* merge(
  left: Iterator<ListEntry>,
  right: Iterator<ListEntry>,
  { reverse = false }: Range,
): Generator<ListEntry> {
  const sides = [left, right]
  try {
    const heads = sides.map((side) => side.next().value as ListEntry | undefined)
    for (;;) {
      const next = nextSide(heads, reverse)
      const entry = heads[next]
      if (entry === undefined) return
      yield entry
      heads[next] = sides[next]?.next().value as ListEntry | undefined
    }
  } finally {
    for (const side of sides) side.return?.(undefined)
  }
}

function nextSide([a, b]: readonly (ListEntry | undefined)[], reverse: boolean): 0 | 1 {
  if (a === undefined) return 1
  if (b === undefined) return 0
  return compareDocuments(a.document, b.document) < 0 === !reverse ? 0 : 1
}

/** Whether a collection had a document, deleted or not; `after`: unknown so far, where to continue the search. */
type HadDocument = boolean | { readonly after: Path }

/**
 * Whether a document of the collection had a version at `at`; undecided after SKIPS documents that were created later.
 */
export function hadDocument(
  view: TenantView,
  collection: Path,
  { at, after }: { readonly at: Revision; readonly after?: Path | undefined },
): HadDocument {
  const range: Range = { kind: 'collection', path: collection, after, deleted: true, limit: { rows: 1, bytes: 1 } }
  const { rows, next } = takeRows(withoutValues(scanDocuments(view, { range, at })), range)
  return rows.length > 0 || next === undefined ? rows.length > 0 : { after: pathOfKey(next) }
}

function* withoutValues(
  scanned: Generator<ScannedRow<Version, DocumentKey>>,
): Generator<ScannedRow<true, DocumentKey>> {
  for (const row of scanned) yield { ...row, read: row.read === null ? null : () => true }
}
