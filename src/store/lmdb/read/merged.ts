import type { Path } from '../../../core/path.ts'
import type { Revision } from '../../../core/version.ts'
import {
  afterDocument,
  documentKey,
  parseDocumentKey,
  toDocumentKey,
  spansOf,
  versionKey,
  type DocumentKey,
} from '../keys.ts'
import type { LmdbTables, TenantView } from '../tables.ts'

/**
 * Most documents whose histories are merged. A page of a merge costs a seek for each document; with more documents a
 * log scan is as fast, as more of its commits match.
 */
const MERGED_DOCUMENTS = 256

/**
 * The documents at and below the paths, deleted and purged ones included; null when there are more than
 * MERGED_DOCUMENTS.
 */
export function fewLmdbDocuments(
  { tables, tenant }: TenantView,
  below: readonly Path[],
): readonly DocumentKey[] | null {
  const documents: DocumentKey[] = []
  const spans = below.flatMap((path) => spansOf(tenant.number, { kind: 'below', path, limit: { rows: 0, bytes: 0 } }))
  for (const { from, to } of spans) {
    for (const table of [tables.heads, tables.tombstones, tables.purged]) {
      const limit = MERGED_DOCUMENTS + 1 - documents.length
      for (const key of table.getKeys({ start: from, end: to, limit })) documents.push(parseDocumentKey(key))
      if (documents.length > MERGED_DOCUMENTS) return null
    }
  }
  const own = below
    .filter((path) => path.length > 0 && path.length % 2 === 0)
    .map((path) => toDocumentKey(tenant.number, path))
  return [...documents, ...own]
}

interface RevisionEdges {
  readonly low: Revision
  readonly high: Revision
  readonly reverse: boolean
}

/** The revisions from `low` to `high`, inclusive, at which any of the documents was written: each once, in order. */
export function* mergedRevisions(
  tables: LmdbTables,
  documents: readonly DocumentKey[],
  { low, high, reverse }: RevisionEdges,
): Generator<Revision> {
  const seek = (document: DocumentKey, from: Revision): Revision | undefined => {
    const [key] = reverse
      ? tables.versions.getKeys({ start: versionKey(document, from), end: documentKey(document), reverse, limit: 1 })
      : tables.versions.getKeys({ start: versionKey(document, from), end: afterDocument(document), limit: 1 })
    const revision = (key as readonly [number, string, string, Revision] | undefined)?.[3]
    return revision !== undefined && revision >= low && revision <= high ? revision : undefined
  }
  const heads = documents.map((document) => seek(document, reverse ? high : low))
  for (;;) {
    const found = heads.filter((revision) => revision !== undefined)
    if (found.length === 0) return
    const next = found.reduce((a, b) => (reverse ? Math.max(a, b) : Math.min(a, b)))
    yield next
    for (const [i, document] of documents.entries()) {
      if (heads[i] === next) heads[i] = seek(document, reverse ? next - 1 : next + 1)
    }
  }
}
