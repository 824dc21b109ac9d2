import { formatCursor } from '../../../core/cursor.ts'
import type { DocumentPage } from '../../../core/database.ts'
import type { HistoryOptions } from '../../../core/database/options.ts'
import { getField } from '../../../core/json/field.ts'
import { equalJson } from '../../../core/json/value.ts'
import { isDocumentPath, isWithin, lastOf, parentOf, parsePath, type Path } from '../../../core/path.ts'
import type { Version } from '../../../core/version.ts'
import type { HistoryRange, Limit, LogRange } from '../../../store/store.ts'
import type { TenantContext } from '../../log/tenant-context.ts'
import { readPlace, toDocument } from '../../shape/render.ts'
import { PageRemainder } from '../../time/bounded-search.ts'
import { TimeSlice } from '../../time/time-slice.ts'
import { toPage, parseWindow, type Window } from '../page.ts'
import { parsePeriod } from '../period.ts'
import { resolveVersioned } from '../resolve-path.ts'
import {
  collectionBounds,
  documentBounds,
  formatPosition,
  isBetween,
  parseBounds,
  remainingBounds,
  toPosition,
  toRow,
  type HistoryBounds,
  type HistoryPosition,
  type HistoryRow,
} from './position.ts'
import { searchHistory, type HistoryRows, type HistorySlice } from './search.ts'

/** Least number of versions in one read of a field's history, as some of them may have left the field unchanged. */
const MIN_ROWS = 16

const ONE_ROW: Limit = { rows: 1, bytes: 1 }

/** The part of a history that one page may show. */
interface HistoryRead {
  readonly bounds: HistoryBounds
  readonly window: Window
  /** Only versions that this actor wrote; undefined: of all. */
  readonly actor: string | undefined
}

/** A page of the versions of the document, field or collection at `text`, in the order in which they were written. */
export async function readHistory(
  context: TenantContext,
  text: string,
  options: HistoryOptions,
): Promise<DocumentPage> {
  const path = parsePath(text, context.limits)
  const window = parseWindow(options, 'last', context.limits)
  const { from, to } = await parsePeriod(context, options)
  const { last, epoch } = context.tail
  const bounds = parseBounds(options, { from, to: to ?? last })
  const { rows, next, truncated } = await readRows(context, path, { bounds, window, actor: options.actor })
  const edges = rows.map((row) => ({
    cursor: formatPosition(toPosition(row)),
    node: toDocument(row.version, readPlace(epoch, row.version.revision)),
  }))
  const cursor = formatCursor(epoch, last)
  return { ...toPage(options, window, { edges, next: next && formatPosition(next), cursor }), truncated }
}

/** The rows of a page, and whether retention removed versions that lie within the bounds. */
interface KeptRows extends HistoryRows {
  readonly truncated: boolean
}

async function readRows(context: TenantContext, path: Path, read: HistoryRead): Promise<KeptRows> {
  const { head, fieldPath } = await resolveVersioned(context, path)
  const isDocument = head !== null && fieldPath.length === 0
  if (!isDocument && !isDocumentPath(path) && (path.length === 1 || (await isCollection(context, path)))) {
    // Below the floor any version in the collection may have been removed.
    const truncated = read.bounds.after.revision < context.tail.floor
    return { ...(await collectionHistory(context, path, read)), truncated }
  }
  if (head === null) return { rows: [], next: undefined, truncated: false }
  const rows = isDocument
    ? await (read.actor === undefined ? documentHistory : documentHistoryBy)(context, head.path, read)
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

/** The versions of a document that one actor wrote. */
function documentHistoryBy(
  context: TenantContext,
  path: Path,
  { bounds, window, actor }: HistoryRead,
): Promise<HistoryRows> {
  const read = async (range: HistoryRange): Promise<HistorySlice> => {
    const { rows, next } = await context.store.history(context.tenant, path, { ...range, actor })
    return { found: rows.map(toRow), rows: rows.length, next }
  }
  return searchHistory(context, { window, range: documentBounds(bounds), minRows: 1, read })
}

/** The versions that changed, added or removed a field. Versions that did not write it are not read. */
function fieldHistory(
  context: TenantContext,
  path: Path,
  { bounds, window, actor, field }: HistoryRead & { readonly field: Path },
): Promise<HistoryRows> {
  const { store, tenant } = context
  const read = async (range: HistoryRange): Promise<HistorySlice> => {
    const { rows, next } = await store.history(tenant, path, { ...range, touching: field })
    const before = rows[0]?.revision
    const predecessor =
      before === undefined ? undefined : await store.history(tenant, path, { before, reverse: true, limit: ONE_ROW })
    // The versions between two rows did not write the field, so comparing neighbours is enough.
    const changed = rows.filter((version, i) => !sameField(rows[i - 1] ?? predecessor?.rows[0], version, field))
    const found = changed.filter((version) => actor === undefined || version.actor === actor)
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
function collectionHistory(
  context: TenantContext,
  path: Path,
  { bounds, window, actor }: HistoryRead,
): Promise<HistoryRows> {
  const { store, tenant } = context
  const read = async (range: LogRange): Promise<HistorySlice> => {
    const { commits, next } = await store.log(tenant, { ...range, below: [path], actor })
    const written = commits.flatMap(({ versions }) => versions.map((version, index) => ({ version, index })))
    const found = written.filter((row) => isWithin(row.version.path, path) && isBetween(row, bounds))
    return { found, rows: commits.length, next }
  }
  return searchHistory(context, { window, range: collectionBounds(bounds), minRows: 1, read })
}
