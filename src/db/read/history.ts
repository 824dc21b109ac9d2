import { formatCursor } from '../../core/cursor.ts'
import type { DocumentPage, HistoryOptions } from '../../core/database.ts'
import { getField } from '../../core/json/field.ts'
import type { Limits } from '../../core/limits.ts'
import { isDocumentPath, isWithin, lastOf, parentOf, parsePath, type Path } from '../../core/path.ts'
import { parseTimestamp } from '../../core/timestamp.ts'
import { equalJson, jsonBytes } from '../../core/json/value.ts'
import type { Millis, Revision, Version } from '../../core/version.ts'
import { PageCounter } from '../../store/page.ts'
import type { HistoryRange, Limit, LogRange } from '../../store/store.ts'
import { badPageCursor, formatPageCursor, toPage, parsePageCursor, parseWindow, type Window } from './page.ts'
import { TimeSlice } from '../time/time-slice.ts'
import { toDocument } from '../shape/render.ts'
import { resolveVersioned } from './resolve-path.ts'
import { PageRemainder, Search, SEARCH_SLICE } from '../time/bounded-search.ts'
import type { TenantContext } from '../log/tenant-context.ts'

/** Least number of versions in one read of a field's history, as some of them may have left the field unchanged. */
const MIN_ROWS = 16

const ONE_ROW: Limit = { rows: 1, bytes: 1 }

/** An index after all versions of a commit: a position between two commits. */
const END_OF_COMMIT = 999_999

/** Exclusive bounds of a history. */
interface HistoryBounds {
  readonly after: HistoryPosition
  readonly before: HistoryPosition
}

/** The part of a history that one page may show. */
interface HistoryRead {
  readonly bounds: HistoryBounds
  readonly window: Window
}

/** A position in the log: a revision, and the index of a version within its commit. */
interface HistoryPosition {
  readonly revision: Revision
  readonly index: number
}

/** A version and its index within its commit. */
interface HistoryRow {
  readonly version: Version
  readonly index: number
}

interface HistoryRows {
  readonly rows: readonly HistoryRow[]
  /** The exclusive position at which the next page begins, in the direction of reading; undefined at the end. */
  readonly next: HistoryPosition | undefined
  /** Whether retention removed versions that lie within the bounds. Default false. */
  readonly truncated?: boolean | undefined
}

/** A page of the versions of the document, field or collection at `text`, in the order in which they were written. */
export async function readHistory(
  context: TenantContext,
  text: string,
  options: HistoryOptions,
): Promise<DocumentPage> {
  const path = parsePath(text, context.limits)
  const window = parseWindow(options, 'last', context.limits)
  const span = await parseSpan(context, options)
  const { last, epoch } = context.tail
  const bounds = parseBounds(options, { from: span.from, to: span.to ?? last })
  const { rows, next, truncated } = await readRows(context, path, { bounds, window })
  const edges = rows.map((row) => ({
    cursor: formatPosition(toPosition(row)),
    node: toDocument(epoch, row.version, row.version.revision),
  }))
  const cursor = formatCursor(epoch, last)
  return toPage(options, window, { edges, next: next && formatPosition(next), cursor, truncated })
}

async function readRows(context: TenantContext, path: Path, read: HistoryRead): Promise<HistoryRows> {
  const { head, fieldPath } = await resolveVersioned(context, path)
  const isDocument = head !== null && fieldPath.length === 0
  if (!isDocument && !isDocumentPath(path) && (path.length === 1 || (await isCollection(context, path)))) {
    // Below the floor any version in the collection may have been removed.
    const truncated = read.bounds.after.revision < context.tail.floor
    return { ...(await collectionHistory(context, path, read)), truncated }
  }
  if (head === null) return { rows: [], next: undefined }
  const rows = isDocument
    ? await documentHistory(context, head.path, read)
    : await fieldHistory(context, head.path, { ...read, field: fieldPath })
  return { ...rows, truncated: await isTruncated(context, head.path, read.bounds) }
}

/** Whether versions of a document within the bounds were removed: the oldest ones are, so its first is not there. */
async function isTruncated(
  { store, tenant, tail }: TenantContext,
  path: Path,
  { after }: HistoryBounds,
): Promise<boolean> {
  if (after.revision >= tail.floor) return false
  const [oldest] = (await store.history(tenant, path, { limit: ONE_ROW })).rows
  return oldest !== undefined && oldest.version > 1 && after.revision < oldest.revision
}

async function isCollection({ store, tenant }: TenantContext, path: Path): Promise<boolean> {
  const [names = []] = await store.collections(tenant, [parentOf(path)])
  return names.includes(lastOf(path))
}

/** Reads in slices, so that no large page is parsed in one turn of the event loop. */
async function documentHistory(
  { store, tenant, limits, readMs }: TenantContext,
  path: Path,
  { bounds, window }: HistoryRead,
): Promise<HistoryRows> {
  const slices: (readonly Version[])[] = []
  const remainder = new PageRemainder({ rows: window.count, bytes: limits.pageBytes })
  const timeSlice = new TimeSlice(readMs)
  const inOrder = (): readonly HistoryRow[] => (window.reverse ? slices.toReversed() : slices).flat().map(toRow)
  let reached: HistoryPosition | undefined
  for (let range = documentBounds(bounds); ; await timeSlice.yieldOrTimeOut()) {
    const { slice } = remainder
    const { rows, next } = await store.history(tenant, path, { ...range, reverse: window.reverse, limit: slice })
    if (!remainder.fits(rows)) return { rows: inOrder(), next: reached }
    slices.push(rows)
    if (next === undefined) return { rows: inOrder(), next }
    reached = { revision: next, index: 0 }
    remainder.take(rows, rows.length < slice.rows)
    if (remainder.isFull) return { rows: inOrder(), next: reached }
    range = remainingBounds(range, next, window)
  }
}

/** One read of a search through a history. */
interface HistorySlice {
  /** The versions that were found, oldest first. */
  readonly found: readonly HistoryRow[]
  /** Number of rows that the store returned. */
  readonly rows: number
  /** The revision from which to continue; undefined at the end. */
  readonly next: Revision | undefined
}

interface HistorySearch {
  readonly window: Window
  readonly range: RevisionBounds
  /** Least number of rows in one read. */
  readonly minRows: number
  readonly read: (range: LogRange) => Promise<HistorySlice>
}

/** Reads slices until the page is full, or the search is over. */
async function searchHistory(
  { limits, readMs }: TenantContext,
  { window, range, minRows, read }: HistorySearch,
): Promise<HistoryRows> {
  const collector = new HistoryCollector(window, limits)
  const search = new Search(readMs, limits.searchedCommits)
  for (let remaining = range; ; await search.yieldOrTimeOut()) {
    const limit = collector.nextLimit(minRows)
    const { found, rows, next } = await read({ ...remaining, reverse: window.reverse, limit, skips: search.skips })
    collector.add(found)
    const short = next !== undefined && rows < limit.rows
    search.count({ rows, short })
    if (next === undefined || collector.isDone(short) || search.isOver) return collector.rows(next)
    remaining = remainingBounds(remaining, next, window)
  }
}

/** The versions that changed, added or removed a field. Versions that did not write it are not read. */
function fieldHistory(
  context: TenantContext,
  path: Path,
  { bounds, window, field }: HistoryRead & { readonly field: Path },
): Promise<HistoryRows> {
  const { store, tenant } = context
  const read = async (range: HistoryRange): Promise<HistorySlice> => {
    const { rows, next } = await store.history(tenant, path, { ...range, touching: field })
    const before = rows[0]?.revision
    const predecessor =
      before === undefined ? undefined : await store.history(tenant, path, { before, reverse: true, limit: ONE_ROW })
    // The versions between two rows did not write the field, so comparing neighbours is enough.
    const found = rows.filter((version, i) => !sameField(rows[i - 1] ?? predecessor?.rows[0], version, field))
    return { found: found.map(toRow), rows: rows.length, next }
  }
  return searchHistory(context, { window, range: documentBounds(bounds), minRows: MIN_ROWS, read })
}

function sameField(older: Version | undefined, newer: Version, field: Path): boolean {
  const [a, b] = [older, newer].map((version) =>
    version === undefined || version.type === 'DELETE' ? undefined : getField(version.value, field),
  )
  return a === undefined || b === undefined ? a === b : equalJson(a, b)
}

/** The versions of all documents in and below a collection, from the commits in the log that wrote there. */
function collectionHistory(context: TenantContext, path: Path, { bounds, window }: HistoryRead): Promise<HistoryRows> {
  const { store, tenant } = context
  const read = async (range: LogRange): Promise<HistorySlice> => {
    const { commits, next } = await store.log(tenant, { ...range, below: [path] })
    const written = commits.flatMap(({ versions }) => versions.map((version, index) => ({ version, index })))
    const found = written.filter((row) => isWithin(row.version.path, path) && isBetween(row, bounds))
    return { found, rows: commits.length, next }
  }
  return searchHistory(context, { window, range: collectionBounds(bounds), minRows: 1, read })
}

/** Exclusive bounds. */
interface RevisionBounds {
  readonly after: Revision
  readonly before: Revision
}

/** Bounds for one document: a commit makes at most one version of it, so the revision alone is its position. */
function documentBounds({ after, before }: HistoryBounds): RevisionBounds {
  return { after: after.revision, before: before.index > 0 ? before.revision + 1 : before.revision }
}

/** Bounds for a collection: a commit at a bound is read, too, unless all of its versions are outside. */
function collectionBounds({ after, before }: HistoryBounds): RevisionBounds {
  return {
    after: after.index < END_OF_COMMIT ? Math.max(after.revision - 1, 0) : after.revision,
    before: before.index > 0 ? before.revision + 1 : before.revision,
  }
}

function remainingBounds(range: RevisionBounds, next: Revision, { reverse }: Window): RevisionBounds {
  return reverse ? { ...range, before: next } : { ...range, after: next }
}

function isBetween({ version: { revision }, index }: HistoryRow, { after, before }: HistoryBounds): boolean {
  const above = revision > after.revision || (revision === after.revision && index > after.index)
  const below = revision < before.revision || (revision === before.revision && index < before.index)
  return above && below
}

function toRow(version: Version): HistoryRow {
  return { version, index: 0 }
}

function toPosition({ version: { revision }, index }: HistoryRow): HistoryPosition {
  return { revision, index }
}

/** Collects the rows of one page in the direction of reading, up to a number and a size, but at least one. */
class HistoryCollector {
  readonly #window: Window
  readonly #rows: HistoryRow[] = []
  readonly #counter: PageCounter

  constructor(window: Window, { pageBytes }: Limits) {
    this.#window = window
    this.#counter = new PageCounter({ rows: window.count, bytes: pageBytes })
  }

  /** Whether to stop: one row more than fits was found, or, where matches are rare (`isRare`), enough for the page. */
  isDone(isRare: boolean): boolean {
    return this.#counter.isFull || (isRare && this.#rows.length >= this.#window.count)
  }

  /** The limit of the next read: the missing rows, and one to know whether there is more; at least `minRows`. */
  nextLimit(minRows: number): Limit {
    return {
      rows: Math.min(SEARCH_SLICE.rows, Math.max(minRows, this.#window.count - this.#rows.length + 1)),
      bytes: SEARCH_SLICE.bytes,
    }
  }

  /** Adds the rows of one read, given oldest first. */
  add(found: readonly HistoryRow[]): void {
    for (const row of this.#window.reverse ? found.toReversed() : found) {
      if (!this.#counter.take(jsonBytes(row.version.value))) return
      this.#rows.push(row)
    }
  }

  /** The page, where the search has reached a revision; undefined: the end. */
  rows(reached: Revision | undefined): HistoryRows {
    const last = this.#rows.at(-1)
    const rows = this.#window.reverse ? this.#rows.toReversed() : this.#rows
    if (this.#counter.isFull) return { rows, next: last && toPosition(last) }
    if (reached === undefined) return { rows, next: undefined }
    return { rows, next: { revision: this.#window.reverse ? reached - 1 : reached, index: END_OF_COMMIT } }
  }
}

/**
 * The revisions of a span of time: after `from`, up to `to` (null: no end). Closes both times, so that the result is
 * final.
 */
async function parseSpan(
  { store, tenant, closeTime }: TenantContext,
  { from, to }: HistoryOptions,
): Promise<{ from: Revision; to: Revision | null }> {
  const revisionAt = async (time: Millis): Promise<Revision> => {
    await closeTime(time)
    return store.revisionAt(tenant, time)
  }
  return {
    from: from === undefined ? 0 : await revisionAt(parseTimestamp(from, 'from') - 1),
    to: to === undefined ? null : await revisionAt(parseTimestamp(to, 'to')),
  }
}

function parseBounds(
  options: HistoryOptions,
  { from, to }: { readonly from: Revision; readonly to: Revision },
): HistoryBounds {
  const after = options.after === undefined ? null : parsePosition(options.after, 'after')
  const before = options.before === undefined ? null : parsePosition(options.before, 'before')
  return {
    after: after !== null && after.revision > from ? after : { revision: from, index: Infinity },
    before: before !== null && before.revision <= to ? before : { revision: to + 1, index: 0 },
  }
}

function formatPosition({ revision, index }: HistoryPosition): string {
  return formatPageCursor('place', `${revision}.${index}`)
}

function parsePosition(cursor: string, argument: string): HistoryPosition {
  const [, revision, index] = /^(\d{1,15})\.(\d{1,6})$/.exec(parsePageCursor('place', cursor, argument)) ?? []
  if (revision === undefined || index === undefined) throw badPageCursor(argument)
  return { revision: Number(revision), index: Number(index) }
}
