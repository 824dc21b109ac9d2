import { formatCursor } from '../../../core/cursor.ts'
import type { Collection, CollectionPage } from '../../../core/database.ts'
import { parseCount } from '../../../core/database/arguments.ts'
import type { CollectionsOptions } from '../../../core/database/options.ts'
import { wrongKind } from '../../../core/error.ts'
import { isObject, type Json } from '../../../core/json/json.ts'
import { isArray } from '../../../core/json/value.ts'
import type { Limits } from '../../../core/limits.ts'
import { compareText, isDocumentPath, parsePath, pathText, type Path } from '../../../core/path.ts'
import type { Revision } from '../../../core/version.ts'
import type { Range } from '../../../store/store.ts'
import type { TenantContext } from '../../log/tenant-context.ts'
import { Search } from '../../time/bounded-search.ts'
import { TimeSlice } from '../../time/time-slice.ts'
import { asOfRevision } from '../as-of.ts'
import { badPageCursor, formatPageCursor, parsePageCursor } from '../page-cursor.ts'
import { toPage } from '../page.ts'

/** Up to this number of documents a collection is counted. */
const COUNTED_DOCUMENTS = 1_000
/** Collections that are counted concurrently, and the documents of each in one read: some milliseconds of work. */
const COUNTS_AT_ONCE = 4
const COUNT_SLICE = 128
/** Bytes of the log that one read of a count looks at, where it counts the documents of a past state. */
const COUNT_BYTES = 8_388_608
/** Sorts behind every id and name: it is longer than a segment may be. */
const BEHIND_ALL = '\u{10ffff}'.repeat(33)
const ONE_ROW = { rows: 1, bytes: 1 } as const

/** A document, or the root (`[]`), as of one revision. */
interface ParentState {
  readonly path: Path
  readonly revision: Revision
  /** The document's value; null at the root. */
  readonly value: Json
}

/** A page of the collections at the root, or below the document at `text`; null when there is no such document. */
export async function readCollectionPage(
  context: TenantContext,
  text: string | null,
  options: CollectionsOptions,
): Promise<CollectionPage | null> {
  const { limits, tail, readMs } = context
  const path = text === null ? [] : parsePath(text, limits)
  if (text !== null && !isDocumentPath(path)) throw wrongKind(text, 'collections lie at the root or below a document')
  const count = parseCount(options.first, 'first', limits)
  const after = parsePosition(options.after, limits)
  const parent = await readParent(
    context,
    path,
    await asOfRevision(context, path, { argument: 'asOf', moment: options.asOf }),
  )
  if (parent === null) return null
  const search = new Search(readMs, limits.searchedDocuments)
  const found = await findNames(context, parent, { after, count, search })
  const { collections, next } = await countAll(context, parent, { ...found, search })
  const edges = collections.map((node) => ({ cursor: formatPosition(node), node }))
  const cursor = formatCursor(tail.epoch, parent.revision)
  const window = { count, reverse: false }
  return toPage(options, window, { edges, next: next && formatPosition(next), cursor })
}

/**
 * The position of a page cursor: a name, or a name and an id. Throws BAD_REQUEST unless it is one, from which alone
 * cursors are made.
 */
function parsePosition(cursor: string | undefined, limits: Limits): Position | undefined {
  if (cursor === undefined) return undefined
  const [name = '', id, ...more] = parsePageCursor('name', cursor, 'after').split('/')
  if (!isName(name, limits) || !isName(id ?? name, limits) || more.length > 0) throw badPageCursor('after')
  return { name, id }
}

function formatPosition({ name, id }: Position): string {
  return formatPageCursor('name', id === undefined ? name : `${name}/${id}`)
}

/** Whether a text can be the name of a collection. */
function isName(text: string, limits: Limits): boolean {
  try {
    return parsePath(`x/x/${text}`, limits).length === 3
  } catch {
    return false
  }
}

/** The state of a document now or as of `at`; null when it is not there. */
async function readParent(
  { store, tenant }: TenantContext,
  path: Path,
  at: Revision | undefined,
): Promise<ParentState | null> {
  if (path.length === 0) {
    const { revision } = await store.paths(tenant, { kind: 'below', path, limit: ONE_ROW }, at)
    return { path, revision, value: null }
  }
  const { rows, revision } = await store.heads(tenant, [path], at)
  const head = rows[0] ?? null
  return head === null || head.type === 'DELETE' ? null : { path, revision, value: head.value }
}

/** A position among the documents below a parent: behind all of a collection, or behind one of its documents. */
interface Position {
  readonly name: string
  readonly id?: string | undefined
}

interface FoundNames {
  readonly names: readonly string[]
  /** Where to go on; undefined at the end. */
  readonly next: Position | undefined
}

interface NameSearch {
  readonly after: Position | undefined
  readonly count: number
  readonly search: Search
}

/** Names of collections, in order: of those that have or had documents, and of those that an empty array declares. */
async function findNames(
  { store, tenant, limits }: TenantContext,
  parent: ParentState,
  { after, count, search }: NameSearch,
): Promise<FoundNames> {
  const { path, revision } = parent
  const stored: string[] = []
  let reached = after
  // A step for each collection: to the first document behind all that lies in and below the one before.
  for (let isOver = false; stored.length <= count && !isOver;) {
    const bound = reached && boundOf(path, reached)
    const range: Range = { kind: 'below', path, levels: 1, deleted: true, after: bound, limit: ONE_ROW }
    const page = await store.paths(tenant, { ...range, skips: search.skips }, revision)
    const [found, skipped] = [page.rows[0], page.rows[0] ?? page.next]
    search.count({ rows: 1, short: found === undefined })
    if (skipped === undefined) {
      reached = undefined
      break
    }
    const name = skipped[path.length] ?? ''
    reached = found === undefined ? { name, id: skipped[path.length + 1] } : { name }
    if (found !== undefined && !isSystem(path, name)) stored.push(name)
    isOver = search.isOver && !isSystem(path, name)
    if (search.isLong) await search.yieldOrTimeOut()
  }
  const isFound = (name: string): boolean =>
    isBehind(name, after) && (reached === undefined || !isBehind(name, reached))
  const declared = declaredNames(parent, limits).filter(isFound)
  const all = [...new Set([...stored, ...declared])].toSorted(compareText)
  const names = all.slice(0, count)
  const last = names.at(-1)
  return { names, next: all.length > count && last !== undefined ? { name: last } : reached }
}

/** A bound behind a position; the collections of the system are passed as one. */
function boundOf(parent: Path, { name, id = BEHIND_ALL }: Position): Path {
  return isSystem(parent, name) ? [...parent, `_${BEHIND_ALL}`, BEHIND_ALL] : [...parent, name, id]
}

/** Whether a collection belongs to the system. */
function isSystem(parent: Path, name: string): boolean {
  return parent.length === 0 && name.startsWith('_')
}

/** Names that an empty array declares. */
function declaredNames({ value }: ParentState, limits: Limits): readonly string[] {
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([key, field]) =>
    isArray(field) && field.length === 0 && isName(key, limits) ? [key] : [],
  )
}

/** Whether a name comes after a position; undefined: the beginning. */
function isBehind(name: string, position: Position | undefined): boolean {
  if (position === undefined) return true
  return name === position.name ? position.id !== undefined : compareText(name, position.name) > 0
}

interface CountedNames {
  readonly collections: readonly Collection[]
  readonly next: Position | undefined
}

/** Counts the documents of collections, several at once; ends after fewer when the search is over. */
async function countAll(
  context: TenantContext,
  { path: parent, revision }: ParentState,
  { names, next, search }: FoundNames & { readonly search: Search },
): Promise<CountedNames> {
  const collections: Collection[] = []
  for (let i = 0; i < names.length; i += COUNTS_AT_ONCE) {
    const last = collections.at(-1)
    if (last !== undefined && search.isOver) return { collections, next: { name: last.name } }
    const chunk = names.slice(i, i + COUNTS_AT_ONCE).map((name) => ({ name, path: [...parent, name] }))
    const counts = await Promise.all(chunk.map(({ path }) => countDocuments(context, path, { revision, search })))
    collections.push(
      ...chunk.map(({ name, path }, k) => ({ path: pathText(path), name, documents: counts[k] ?? null })),
    )
    await search.yieldOrTimeOut()
  }
  return { collections, next }
}

interface CountOptions {
  readonly revision: Revision
  readonly search: Search
}

/** Number of living documents directly in a collection; null when they are more than COUNTED_DOCUMENTS. */
async function countDocuments(
  { store, tenant, readMs }: TenantContext,
  path: Path,
  { revision, search }: CountOptions,
): Promise<number | null> {
  const timeSlice = new TimeSlice(readMs)
  let total = 0
  for (let after: Path | undefined; ; await timeSlice.yieldOrTimeOut()) {
    const limit = { rows: Math.min(COUNT_SLICE, COUNTED_DOCUMENTS + 1 - total), bytes: COUNT_BYTES }
    const page = await store.paths(tenant, { kind: 'collection', path, after, limit, skips: COUNT_SLICE }, revision)
    total += page.rows.length
    search.count({ rows: page.rows.length, short: false })
    if (total > COUNTED_DOCUMENTS) return null
    if (page.next === undefined) return total
    after = page.next
  }
}
