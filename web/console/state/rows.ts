import type { Change, Document, DocumentPage } from '../../../src/core/database.ts'
import { isObject } from '../../../src/core/json/json.ts'
import { compareText } from '../../../src/core/path.ts'
import { VALUE_KEY } from './columns.ts'

/** The order of ids in a table. */
export type RowOrder = 'asc' | 'desc'

/**
 * The documents of a collection, as far as they were read: all ids up to the place that was reached, and the documents
 * around what is seen. A collection of any length fits.
 */
export interface Rows {
  readonly order: RowOrder
  readonly ids: readonly string[]
  readonly byId: ReadonlyMap<string, Document>
  /** Where each page that was read began, for reading it again. */
  readonly anchors: readonly Anchor[]
  /** The page cursor from which to read on; null: all of the collection is known. */
  readonly next: string | null
}

interface Anchor {
  /** The first id of the page. */
  readonly id: string
  /** The page cursor before it; null: it is the first page. */
  readonly from: string | null
}

/** What a batch of changes did to the rows. */
export interface RowsUpdate {
  readonly rows: Rows
  /** The ids that are new, that changed, and that are gone. */
  readonly come: readonly string[]
  readonly changed: readonly { readonly id: string; readonly keys: ReadonlySet<string> }[]
  readonly gone: readonly string[]
}

/** Documents of one request. */
export const PAGE_ROWS = 200
/** Documents that are kept around what is seen. */
const MOST_KEPT = 1_000

/** Rows before anything was read. */
export function noRows(order: RowOrder): Rows {
  return { order, ids: [], byId: new Map(), anchors: [], next: null }
}

/** The options of `documents` for the page at a place. */
export function pageAt(order: RowOrder, from: string | null): Readonly<Record<string, number | string>> {
  if (order === 'asc') return { first: PAGE_ROWS, ...(from !== null && { after: from }) }
  return { last: PAGE_ROWS, ...(from !== null && { before: from }) }
}

/** The rows with a page that was read from `from`: behind those that are known, or again among them. */
export function addPage(rows: Rows, page: DocumentPage, from: string | null): Rows {
  const read = page.edges.map(({ node }) => node)
  const documents = rows.order === 'asc' ? read : read.toReversed()
  const byId = new Map(rows.byId)
  for (const document of documents) put(byId, document)
  const isNext = rows.ids.length === 0 || from === rows.next
  const known = isNext
    ? rows.ids
    : withoutGone(rows, { documents, from, byId, isEnd: nextOf(rows.order, page) === null })
  const fresh = documents.filter(({ id }) => !find({ order: rows.order, ids: known }, id).isThere)
  const ids = merged({ order: rows.order, ids: known }, fresh)
  const next = nextOf(rows.order, page)
  const starts = [
    { id: documents[0]?.id, from },
    { id: isNext ? undefined : ids[find({ order: rows.order, ids }, documents.at(-1)?.id ?? '').at + 1], from: next },
  ]
  return { order: rows.order, ids, byId, anchors: withAnchors(rows, starts), next: isNext ? next : rows.next }
}

interface ReadAgain {
  readonly documents: readonly Document[]
  readonly from: string | null
  readonly byId: ReadonlyMap<string, Document>
  /** Whether nothing follows the page. */
  readonly isEnd: boolean
}

/** The ids without those that a page, read again, should have had and has not: they were deleted. */
function withoutGone(rows: Rows, { documents, from, byId, isEnd }: ReadAgain): readonly string[] {
  const anchor = rows.anchors.find((one) => one.from === from)
  const last = documents.at(-1)
  const start = anchor === undefined || from === null ? 0 : find(rows, anchor.id).at
  const end = isEnd ? rows.ids.length : last === undefined ? start : find(rows, last.id).at + 1
  return rows.ids.filter((id, i) => i < start || i >= end || byId.has(id))
}

function withAnchors(
  { order, anchors }: Rows,
  starts: readonly { readonly id: string | undefined; readonly from: string | null }[],
): readonly Anchor[] {
  const fresh = starts.flatMap(({ id, from }) =>
    id === undefined || anchors.some((anchor) => anchor.from === from) ? [] : [{ id, from }],
  )
  return fresh.length === 0 ? anchors : [...anchors, ...fresh].sort((a, b) => inOrder(order, a.id, b.id))
}

/** The rows after changes of documents of their collection. One that is older than what is shown changes nothing. */
export function applyChanges(rows: Rows, changes: readonly Change[]): RowsUpdate {
  const ids = [...rows.ids]
  const byId = new Map(rows.byId)
  const [come, gone]: [string[], string[]] = [[], []]
  const changed: RowsUpdate['changed'][number][] = []
  for (const { type, document, fields } of changes) {
    const { id } = document
    const shown = byId.get(id)
    if (shown !== undefined && shown.version > document.version) continue
    const place = find({ order: rows.order, ids }, id)
    if (type === 'DELETE') {
      byId.delete(id)
      if (place.isThere) gone.push(...ids.splice(place.at, 1))
      continue
    }
    // Behind the place that was reached, it comes with its page.
    if (!place.isThere && place.at === ids.length && rows.next !== null) continue
    byId.set(id, document)
    if (place.isThere) changed.push({ id, keys: shown === undefined ? topKeys(fields) : changedKeys(shown, document) })
    else {
      ids.splice(place.at, 0, id)
      come.push(id)
    }
  }
  return { rows: { ...rows, ids, byId }, come, changed, gone }
}

/** Top-level keys of which the values of two documents differ; VALUE_KEY where one of them is no object. */
export function changedKeys(before: Document, after: Document): ReadonlySet<string> {
  const [old, now] = [entriesOf(before), entriesOf(after)]
  const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])]
  return new Set(keys.filter((key) => JSON.stringify(old[key]) !== JSON.stringify(now[key])))
}

/** The rows with documents kept around a place alone; the others are read again when they are seen. */
export function keepAround(rows: Rows, at: number): Rows {
  if (rows.byId.size <= 2 * MOST_KEPT) return rows
  const kept = rows.ids.slice(Math.max(0, at - MOST_KEPT / 2), at + MOST_KEPT / 2)
  const byId = new Map<string, Document>()
  for (const id of kept) {
    const document = rows.byId.get(id)
    if (document !== undefined) byId.set(id, document)
  }
  return { ...rows, byId }
}

/** Where to read for what is seen: `undefined` when nothing is missing. */
export function missingFrom(
  rows: Rows,
  { start, end }: { readonly start: number; readonly end: number },
): string | null | undefined {
  const missing = rows.ids.slice(start, end).find((id) => !rows.byId.has(id))
  if (missing !== undefined) {
    return rows.anchors.findLast(({ id }) => inOrder(rows.order, id, missing) <= 0)?.from ?? null
  }
  return end >= rows.ids.length && rows.next !== null ? rows.next : undefined
}

function nextOf(order: RowOrder, page: DocumentPage): string | null {
  if (order === 'asc') return page.hasNextPage ? page.endCursor : null
  return page.hasPreviousPage ? page.startCursor : null
}

/** Ids of both in order; those of a page mostly follow the others. */
function merged(rows: Pick<Rows, 'order' | 'ids'>, fresh: readonly Document[]): readonly string[] {
  if (fresh.length === 0) return rows.ids
  const ids = [...rows.ids, ...fresh.map(({ id }) => id)]
  const [last, first] = [rows.ids.at(-1), fresh[0]?.id]
  if (last === undefined || first === undefined || inOrder(rows.order, last, first) < 0) return ids
  return ids.sort((a, b) => inOrder(rows.order, a, b))
}

function put(byId: Map<string, Document>, document: Document): void {
  const shown = byId.get(document.id)
  if (shown === undefined || shown.version <= document.version) byId.set(document.id, document)
}

/** The place of an id, by bisection. */
function find(
  { order, ids }: Pick<Rows, 'order' | 'ids'>,
  id: string,
): { readonly at: number; readonly isThere: boolean } {
  let [low, high] = [0, ids.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (inOrder(order, ids[middle] ?? '', id) < 0) low = middle + 1
    else high = middle
  }
  return { at: low, isThere: ids[low] === id }
}

function inOrder(order: RowOrder, a: string, b: string): number {
  return order === 'asc' ? compareText(a, b) : compareText(b, a)
}

function topKeys(fields: readonly string[]): ReadonlySet<string> {
  return new Set(fields.map((field) => field.split('/', 1)[0] ?? field))
}

function entriesOf({ value }: Document): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : { [VALUE_KEY]: value }
}
