import type { Key } from 'lmdb'
import { compareText, lastOf, parentOf, pathText, type Path } from '../../core/path.ts'
import type { Revision } from '../../core/version.ts'
import type { Range } from '../store.ts'

/** A document's place: its tenant's number, its collection's text and its id. */
export interface DocumentKey {
  readonly tenant: number
  readonly collection: string
  readonly id: string
}

/** A range of keys; neither bound is in it. */
export interface KeySpan {
  readonly from: Key
  readonly to: Key
}

/** Sorts behind every text and number in its place of a key: no UTF-8 has this byte. */
const TOP = new Uint8Array([0xff])

/** Behind the text of every collection. */
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

/** The place that a key of `heads`, `tombs` or `versions` names. */
export function parseDocumentKey(key: Key): DocumentKey {
  const [tenant, collection, id] = key as [number, string, string]
  return { tenant, collection, id }
}

/** Behind all versions of the document. */
export function afterDocument({ tenant, collection, id }: DocumentKey): Key {
  return [tenant, collection, id, TOP]
}

/** All rows of a tenant in a table. */
export function tenantSpan(tenant: number): KeySpan {
  return { from: [tenant], to: [tenant, TOP] }
}

/** A collection's own documents. */
export function collectionSpan(tenant: number, collection: Path): KeySpan {
  const text = pathText(collection)
  return { from: [tenant, text], to: [tenant, text, TOP] }
}

/** The collections whose texts begin with the path and a slash ("0" is the character behind "/"); of `[]`, all. */
export function nestedSpan(tenant: number, path: Path): KeySpan {
  if (path.length === 0) return tenantSpan(tenant)
  const { low, past } = nestedTexts(path)
  return { from: [tenant, low], to: [tenant, past] }
}

/** The spans of a range in key order. A collection and what it nests are two: `posts-x` sorts between `posts` and `posts/`. */
export function spansOf(tenant: number, range: Range): readonly KeySpan[] {
  const own = pathText(range.path)
  const ownSpan = collectionSpan(tenant, range.path)
  const nested = nestedTexts(range.path)
  return [
    ...(range.path.length % 2 === 1 ? [narrowed(ownSpan, { low: own, past: `${own}\0` }, range)] : []),
    ...(range.kind === 'below' ? [narrowed(nestedSpan(tenant, range.path), nested, range)] : []),
  ]
}

/** Collection texts: the first one that may be meant, and the first one behind them. */
interface Texts {
  readonly low: string
  readonly past: string
}

function nestedTexts(path: Path): Texts {
  if (path.length === 0) return { low: '', past: LAST_KEY }
  const text = pathText(path)
  return { low: `${text}/`, past: `${text}0` }
}

/** The span that holds collections from `low` to before `past`, cut by the range's own bounds where those lie inside. */
function narrowed({ from, to }: KeySpan, { low, past }: Texts, { after, before }: Range): KeySpan {
  const [tenant] = from as [number]
  const first = after && toDocumentKey(tenant, after)
  const end = before && toDocumentKey(tenant, before)
  return {
    from: first !== undefined && compareText(first.collection, low) >= 0 ? afterDocument(first) : from,
    to: end !== undefined && compareText(end.collection, past) < 0 ? documentKey(end) : to,
  }
}
