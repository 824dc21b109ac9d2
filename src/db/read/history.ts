import { formatCursor } from '../../core/cursor.ts'
import type { DocumentPage, HistoryOptions } from '../../core/database.ts'
import { getField } from '../../core/json/field.ts'
import type { Limits } from '../../core/limits.ts'
import { isDocumentPath, isWithin, lastOf, parentOf, parsePath, type Path } from '../../core/path.ts'
import { parseTimestamp } from '../../core/timestamp.ts'
import { equalJson, jsonBytes } from '../../core/json/value.ts'
import type { Millis, Revision, Version } from '../../core/version.ts'
import type { Limit } from '../../store/store.ts'
import { badPageCursor, formatPageCursor, toPage, parsePageCursor, parseWindow, type Window } from './page.ts'
import { TimeSlice } from '../time/time-slice.ts'
import { toDocument } from '../shape/render.ts'
import { resolvePath } from './resolve-path.ts'
import { PageRemainder, Search, SEARCH_SLICE } from '../time/bounded-search.ts'
import type { TenantContext } from '../log/tenant-context.ts'

/** Versions that one read asks for at least, where some of them may have left the field as it was. */
const MIN_ROWS = 16

/** Stands behind all versions of a commit in a place between two commits, which no version has. */
const END_OF_COMMIT = 999_999

/** Exclusive bounds of a history, as places in the log: a revision, and an index within its commit. */
interface HistoryBounds {
  readonly after: HistoryPosition
  readonly before: HistoryPosition
}

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
  /** Where the history goes on, in the direction of reading. */
  readonly next: HistoryPosition | undefined
}

/** The versions of what `text` means, in the order in which they were written. */
export async function readHistory(context: TenantContext, text: string, options: HistoryOptions): Promise<DocumentPage> {
  const path = parsePath(text, context.limits)
  const window = parseWindow(options, 'last', context.limits)
  const span = await parseSpan(context, options)
  const { last, epoch } = context.tail
  const bounds = parseBounds(options, { from: span.from, to: span.to ?? last })
  const { rows, next } = await readRows(context, path, bounds, window)
  const edges = rows.map((row) => ({ cursor: formatPosition(toPosition(row)), node: toDocument(epoch, row.version, row.version.revision) }))
  return toPage(options, window, { edges, next: next && formatPosition(next), cursor: formatCursor(epoch, last) })
}

async function readRows(context: TenantContext, path: Path, bounds: HistoryBounds, window: Window): Promise<HistoryRows> {
  const { head, fieldPath: rest } = await resolvePath(context, path)
  if (head !== null && rest.length === 0) return documentHistory(context, head.path, bounds, window)
  if (!isDocumentPath(path) && (path.length === 1 || (await isCollection(context, path)))) return collectionHistory(context, path, bounds, window)
  return head === null ? { rows: [], next: undefined } : fieldHistory(context, head.path, rest, { bounds, window })
}

async function isCollection({ store, tenant }: TenantContext, path: Path): Promise<boolean> {
  const [names = []] = await store.collections(tenant, [parentOf(path)])
  return names.includes(lastOf(path))
}

/** Slice by slice, so that no large page is parsed in one step. */
async function documentHistory({ store, tenant, limits, readMs }: TenantContext, path: Path, bounds: HistoryBounds, window: Window): Promise<HistoryRows> {
  const slices: (readonly Version[])[] = []
  const missing = new PageRemainder({ rows: window.count, bytes: limits.pageBytes })
  const patience = new TimeSlice(readMs)
  const inOrder = (): readonly HistoryRow[] => (window.reverse ? slices.toReversed() : slices).flat().map(toRow)
  let reached: HistoryPosition | undefined
  for (let range = documentBounds(bounds); ; await patience.yieldOrTimeOut()) {
    const { slice } = missing
    const { rows, next } = await store.history(tenant, path, { ...range, reverse: window.reverse, limit: slice })
    if (!missing.fits(rows)) return { rows: inOrder(), next: reached }
    slices.push(rows)
    if (next === undefined) return { rows: inOrder(), next }
    reached = { revision: next, index: 0 }
    missing.take(rows, rows.length < slice.rows)
    if (missing.isFull) return { rows: inOrder(), next: reached }
    range = remainingBounds(range, next, window)
  }
}

interface FieldRead {
  readonly bounds: HistoryBounds
  readonly window: Window
}

/** The versions in which a field became another one, came or went. One that cannot have touched it is not read. */
async function fieldHistory(context: TenantContext, path: Path, field: Path, { bounds, window }: FieldRead): Promise<HistoryRows> {
  const { store, tenant, limits } = context
  const harvest = new HistoryCollector(window, limits)
  const search = new Search(context.readMs, limits.searchedCommits)
  for (let range = documentBounds(bounds); ; await search.yieldOrTimeOut()) {
    const asked = harvest.nextLimit(MIN_ROWS)
    const page = await store.history(tenant, path, { ...range, touching: field, reverse: window.reverse, limit: asked, skips: search.skips })
    const oldest = page.rows[0]
    if (oldest !== undefined) {
      const { rows: [predecessor] } = await store.history(tenant, path, { before: oldest.revision, reverse: true, limit: { rows: 1, bytes: 1 } })
      // What lies between two of these did not touch the field.
      harvest.add(page.rows.filter((version, i) => !sameField(i === 0 ? predecessor : page.rows[i - 1], version, field)).map(toRow))
    }
    const short = page.more && page.rows.length < asked.rows
    search.count({ rows: page.rows.length, short })
    if (page.next === undefined || harvest.isDone(short) || search.isOver) return harvest.rows(page.next)
    range = remainingBounds(range, page.next, window)
  }
}

function sameField(older: Version | undefined, newer: Version, field: Path): boolean {
  const [a, b] = [older, newer].map((version) => (version === undefined || version.type === 'DELETE' ? undefined : getField(version.value, field)))
  return a === undefined || b === undefined ? a === b : equalJson(a, b)
}

/** The versions of all documents in and below a collection: commits that wrote there, from one end of the bounds. */
async function collectionHistory(context: TenantContext, path: Path, bounds: HistoryBounds, window: Window): Promise<HistoryRows> {
  const { store, tenant, limits } = context
  const harvest = new HistoryCollector(window, limits)
  const search = new Search(context.readMs, limits.searchedCommits)
  let range = collectionBounds(bounds)
  for (;; await search.yieldOrTimeOut()) {
    const asked = harvest.nextLimit(1)
    const { commits, next } = await store.log(tenant, { ...range, below: [path], reverse: window.reverse, limit: asked, skips: search.skips })
    const found = commits.flatMap((commit) => commit.versions.map((version, index) => ({ version, index })))
    harvest.add(found.filter((row) => isWithin(row.version.path, path) && isBetween(row, bounds)))
    const short = next !== undefined && commits.length < asked.rows
    search.count({ rows: commits.length, short })
    if (next === undefined || harvest.isDone(short) || search.isOver) return harvest.rows(next)
    range = remainingBounds(range, next, window)
  }
}

/** Exclusive. */
interface RevisionBounds {
  readonly after: Revision
  readonly before: Revision
}

/** Of one document: a commit makes one version of it at most, so its revision is the place. */
function documentBounds({ after, before }: HistoryBounds): RevisionBounds {
  return { after: after.revision, before: before.index > 0 ? before.revision + 1 : before.revision }
}

/** Of a collection: a place lies within a commit, which belongs to the search unless all of its versions lie beyond the bound. */
function collectionBounds({ after, before }: HistoryBounds): RevisionBounds {
  return { after: after.index < END_OF_COMMIT ? Math.max(after.revision - 1, 0) : after.revision, before: before.index > 0 ? before.revision + 1 : before.revision }
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

/** The rows of one page, as a search finds them in the direction of reading: so many, and so many bytes, but one at least. */
class HistoryCollector {
  readonly #window: Window
  readonly #maxBytes: number
  readonly #rows: HistoryRow[] = []
  #bytes = 0
  /** Whether a row was found that has no room. */
  #full = false

  constructor(window: Window, limits: Limits) {
    this.#window = window
    this.#maxBytes = limits.pageBytes
  }

  /** Whether the page is full, and it is known that there is one more row; where that has to be searched for (`isRare`), it is not worth it. */
  isDone(isRare: boolean): boolean {
    return this.#full || (isRare && this.#rows.length >= this.#window.count)
  }

  /** What the next read asks for: those that are missing, and one to know whether there is more. */
  nextLimit(least: number): Limit {
    return { rows: Math.min(SEARCH_SLICE.rows, Math.max(least, this.#window.count - this.#rows.length + 1)), bytes: SEARCH_SLICE.bytes }
  }

  /** Takes in the rows of one read, oldest first. */
  add(found: readonly HistoryRow[]): void {
    for (const row of this.#window.reverse ? found.toReversed() : found) {
      this.#bytes += jsonBytes(row.version.value)
      this.#full ||= this.#rows.length > 0 && (this.#rows.length >= this.#window.count || this.#bytes > this.#maxBytes)
      if (this.#full) return
      this.#rows.push(row)
    }
  }

  /** The page, when the search has come to a revision, or to the end. */
  rows(reached: Revision | undefined): HistoryRows {
    const last = this.#rows.at(-1)
    const rows = this.#window.reverse ? this.#rows.toReversed() : this.#rows
    if (this.#full) return { rows, next: last && toPosition(last) }
    if (reached === undefined) return { rows, next: undefined }
    return { rows, next: { revision: this.#window.reverse ? reached - 1 : reached, index: END_OF_COMMIT } }
  }
}

/** Revisions: those after `from`, up to `to` where there is an end. A time that has passed stands for one revision for ever. */
async function parseSpan({ store, tenant, closeTime }: TenantContext, { from, to }: HistoryOptions): Promise<{ from: Revision; to: Revision | null }> {
  const revisionAt = async (time: Millis): Promise<Revision> => {
    await closeTime(time)
    return store.revisionAt(tenant, time)
  }
  return {
    from: from === undefined ? 0 : await revisionAt(parseTimestamp(from, 'from') - 1),
    to: to === undefined ? null : await revisionAt(parseTimestamp(to, 'to')),
  }
}

function parseBounds(options: HistoryOptions, { from, to }: { readonly from: Revision; readonly to: Revision }): HistoryBounds {
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
