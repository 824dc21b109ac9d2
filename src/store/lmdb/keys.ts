import type { Key } from 'lmdb'
import { compareText, lastOf, parentOf, pathText, type Path } from '../../core/path.ts'
import type { Revision } from '../../core/version.ts'
import type { Range } from '../store.ts'

/** Identifies a document: the number of its tenant, the path of its collection as text, its id. */
export interface DocumentKey {
  readonly tenant: number
  readonly collection: string
  readonly id: string
}

/** A range of keys, both bounds exclusive. */
export interface KeySpan {
  readonly from: Key
  readonly to: Key
}

/** Sorts behind every text and number at its position in a key: UTF-8 never has this byte. */
const TOP = new Uint8Array([0xff])

/** Sorts behind the text of every collection. */
const LAST_KEY = '\u{10ffff}'

export function toDocumentKey(tenant: number, path: Path): DocumentKey {
  return { tenant, collection: pathText(parentOf(path)), id: lastOf(path) }
}

export function pathOfKey({ collection, id }: DocumentKey): Path {
  return [...collection.split('/'), id]
}

export function documentKey({ tenant, collection, id }: DocumentKey): Key {
  return [tenant, collection, id]
}

export function versionKey({ tenant, collection, id }: DocumentKey, revision: Revision): Key {
  return [tenant, collection, id, revision]
}

/** The document of a key of `heads`, `tombstones` or `versions`. */
export function parseDocumentKey(key: Key): DocumentKey {
  const [tenant, collection, id] = key as [number, string, string]
  return { tenant, collection, id }
}

/** A key behind all versions of the document. */
export function afterDocument({ tenant, collection, id }: DocumentKey): Key {
  return [tenant, collection, id, TOP]
}

/** The order of documents in every table. */
export function compareDocuments(a: DocumentKey, b: DocumentKey): number {
  return compareText(a.collection, b.collection) || compareText(a.id, b.id)
}

/** All rows of a tenant in a table. */
export function tenantSpan(tenant: number): KeySpan {
  return { from: [tenant], to: [tenant, TOP] }
}

/** The direct documents of a collection. */
export function collectionSpan(tenant: number, collection: Path): KeySpan {
  const text = pathText(collection)
  return { from: [tenant, text], to: [tenant, text, TOP] }
}

/** The collections whose texts begin with the path and a slash ("0" is the character behind "/"); for `[]`, all. */
export function nestedSpan(tenant: number, path: Path): KeySpan {
  if (path.length === 0) return tenantSpan(tenant)
  const { low, past } = nestedTexts(path)
  return { from: [tenant, low], to: [tenant, past] }
}

/**
 * The spans of a range in key order: one for a collection, one for its nested ones, as `posts-x` sorts between the two.
 */
export function spansOf(tenant: number, range: Range): readonly KeySpan[] {
  const text = pathText(range.path)
  const ownSpan = collectionSpan(tenant, range.path)
  const nested = nestedTexts(range.path)
  return [
    ...(range.path.length % 2 === 1 ? [narrowedSpan(ownSpan, { low: text, past: `${text}\0` }, range)] : []),
    ...(range.kind === 'below' ? [narrowedSpan(nestedSpan(tenant, range.path), nested, range)] : []),
  ]
}

/** A range of collection texts: from `low`, inclusive, to `past`, exclusive. */
interface CollectionTexts {
  readonly low: string
  readonly past: string
}

function nestedTexts(path: Path): CollectionTexts {
  if (path.length === 0) return { low: '', past: LAST_KEY }
  const text = pathText(path)
  return { low: `${text}/`, past: `${text}0` }
}

/** The span narrowed by `after` and `before` of the range, where they lie in its collections (`low` to `past`). */
function narrowedSpan({ from, to }: KeySpan, { low, past }: CollectionTexts, { after, before }: Range): KeySpan {
  const [tenant] = from as [number]
  const startDocument = after && toDocumentKey(tenant, after)
  const endDocument = before && toDocumentKey(tenant, before)
  return {
    from:
      startDocument !== undefined && compareText(startDocument.collection, low) >= 0
        ? afterDocument(startDocument)
        : from,
    to: endDocument !== undefined && compareText(endDocument.collection, past) < 0 ? documentKey(endDocument) : to,
  }
}
