import type { Document, DocumentPage } from '../../core/database.ts'
import { parseDepth } from '../../core/database/arguments.ts'
import type { DocumentOptions, Filter, PageOptions, ReadOptions } from '../../core/database/options.ts'
import { wrongKind } from '../../core/error.ts'
import { getField } from '../../core/json/field.ts'
import type { Json } from '../../core/json/json.ts'
import type { Limits } from '../../core/limits.ts'
import { isDocumentPath, lastOf, parentOf, parsePath, pathText, type Path } from '../../core/path.ts'
import { jsonBytes } from '../../core/json/value.ts'
import type { Revision, Version } from '../../core/version.ts'
import type { Range } from '../../store/store.ts'
import { documentsBelow } from './tree/below.ts'
import { parseWhere } from '../shape/shape.ts'
import { listAll, listMatching } from './matching.ts'
import { badPageCursor, formatPageCursor, parsePageCursor } from './page-cursor.ts'
import { toPage, parseWindow } from './page.ts'
import { asOfRevision } from './as-of.ts'
import { viewDocument } from '../shape/document-view.ts'
import { readPlace, toDocument } from '../shape/render.ts'
import { resolvePath } from './resolve-path.ts'
import type { TenantContext } from '../log/tenant-context.ts'
import { ValueTree } from './tree/value-tree.ts'

/** The stored document at `text`, or null. */
export async function readDocument(
  context: TenantContext,
  text: string,
  options: DocumentOptions & Views,
): Promise<Document | null> {
  const { store, tenant, tail, limits } = context
  const path = parsePath(text, limits)
  if (path.length === 1) throw wrongKind(text, 'it names a collection; a document is collection/id, such as posts/1')
  const revision = await asOfRevision(context, path, { argument: 'asOf', moment: options.asOf })
  if (!isDocumentPath(path)) return null
  const { rows, revision: readAt } = await store.heads(tenant, [path], revision)
  const version = rows[0] ?? null
  const isShown = version !== null && (version.type !== 'DELETE' || options.deleted === true)
  if (!isShown) return null
  const place = readPlace(tail.epoch, readAt)
  return options.views === true
    ? viewDocument(version, { ...place, collection: pathText(parentOf(path)) })
    : toDocument(version, place)
}

/** Whether documents may be views. Default false: plain objects. */
interface Views {
  readonly views?: boolean | undefined
}

/** A page of the documents of the collection at `text` that match. */
export async function readDocuments(
  context: TenantContext,
  text: string,
  options: PageOptions & ReadOptions & Filter & Views,
): Promise<DocumentPage> {
  const { tail, limits } = context
  const path = parsePath(text, limits)
  if (isDocumentPath(path)) throw wrongKind(text, 'it names a document; documents pages a collection, such as posts')
  const where = parseWhere(options, limits)
  const window = parseWindow(options, 'first', limits)
  const revision = await asOfRevision(context, path, { argument: 'asOf', moment: options.asOf })
  const bound = (cursor: string | undefined, argument: string): Path | undefined =>
    cursor === undefined ? undefined : [...path, parseId(cursor, argument, limits)]
  const range: Range = {
    kind: 'collection',
    path,
    after: bound(options.after, 'after'),
    before: bound(options.before, 'before'),
    reverse: window.reverse,
    views: options.views,
    limit: { rows: window.count, bytes: limits.pageBytes },
  }
  const page = await (where === null
    ? listAll(context, { range, at: revision })
    : listMatching(context, { range, where, at: revision }))
  const cursorOf = (document: Path): string => formatPageCursor('id', lastOf(document))
  const place = { ...readPlace(tail.epoch, page.revision), collection: text }
  const edges = page.rows.map((version) =>
    options.views === true
      ? new EdgeView(viewDocument(version, place))
      : { cursor: cursorOf(version.path), node: toDocument(version, place) },
  )
  const { cursor } = place
  return { ...toPage(options, window, { edges, next: page.next && cursorOf(page.next), cursor }), truncated: false }
}

/** An edge whose cursor is made when it is read. */
class EdgeView {
  readonly node: Document

  constructor(node: Document) {
    this.node = node
  }

  get cursor(): string {
    return formatPageCursor('id', this.node.id)
  }
}

/** The id of a page cursor. Throws BAD_REQUEST unless it is a valid id, from which alone cursors are made. */
function parseId(cursor: string, argument: string, limits: Limits): string {
  const id = parsePageCursor('id', cursor, argument)
  try {
    if (parsePath(`x/${id}`, limits).length === 2) return id
  } catch {
    // Reported as a bad cursor, not as an invalid path.
  }
  throw badPageCursor(argument)
}

/** The value at `text`, with `depth` levels of nested collections (default: all); null when nothing is there. */
export async function readValue(
  context: TenantContext,
  text: string,
  options: ReadOptions & { readonly depth?: number | undefined },
): Promise<Json> {
  const path = parsePath(text, context.limits)
  const depth = parseDepth(options.depth)
  return valueAt(context, path, {
    depth,
    at: await asOfRevision(context, path, { argument: 'asOf', moment: options.asOf }),
  })
}

interface ValueRead {
  /** Levels of nested collections. */
  readonly depth: number
  /** The revision to read; undefined: the latest. */
  readonly at: Revision | undefined
}

/** The value at a path as of a revision, as `readValue` returns it. */
export async function valueAt(context: TenantContext, path: Path, { depth, at }: ValueRead): Promise<Json> {
  const { head, fieldPath, revision } = await resolvePath(context, path, at)
  if (head !== null && fieldPath.length === 0) {
    return head.type === 'DELETE' ? null : readTree(context, head, { depth, revision })
  }
  const field = head === null || head.type === 'DELETE' ? undefined : getField(head.value, fieldPath)
  if (isDocumentPath(path) || (field !== undefined && !(Array.isArray(field) && field.length === 0))) {
    return field ?? null
  }
  return readCollection(context, path, { depth, revision, declared: field !== undefined })
}

async function readTree(
  context: TenantContext,
  head: Version,
  { depth, revision }: { readonly depth: number; readonly revision: Revision },
): Promise<Json> {
  if (depth === 0) return head.value
  const below = await documentsBelow(context, head.path, { levels: depth, revision, bytes: jsonBytes(head.value) })
  return new ValueTree(below).value(head.path, head.value)
}

interface CollectionRead {
  readonly depth: number
  readonly revision: Revision
  /** Whether an empty array in the parent document declares the collection. */
  readonly declared: boolean
}

async function readCollection(
  context: TenantContext,
  path: Path,
  { depth, revision, declared }: CollectionRead,
): Promise<Json> {
  const documents = await documentsBelow(context, path, { levels: depth + 1, revision, bytes: 0 })
  if (documents.length > 0 || declared || path.length === 1) return new ValueTree(documents).list(path)
  const [names = []] = await context.store.collections(context.tenant, [parentOf(path)], revision)
  return names.includes(lastOf(path)) ? [] : null
}
