import type { Database, Key } from 'lmdb'
import type { Path } from '../../../core/path.ts'
import type { Revision } from '../../../core/version.ts'
import { actorPrefix } from '../commit-index.ts'
import { parseDocumentKey, toDocumentKey, spansOf, type DocumentKey } from '../keys.ts'
import type { TenantRow, TenantView } from '../tables.ts'

/**
 * Most documents whose histories are merged. A page of a merge costs a seek for each document; with more documents a
 * scan of their collections' commits is as fast, as more of these match.
 */
const MERGED_DOCUMENTS = 256

/** Most keys that a source reads at once. */
const MAX_KEYS = 64

/** The first and the last revision of a scan, and its direction. */
export interface RevisionEdges {
  readonly low: Revision
  readonly high: Revision
  readonly reverse: boolean
}

/** Exclusive bounds of revisions. */
interface RevisionRange {
  readonly after?: Revision | undefined
  readonly before?: Revision | undefined
  readonly reverse?: boolean | undefined
}

/** The edges of a range within the log of a tenant. */
export function edgesOf(tenant: TenantRow, { after = 0, before = Infinity, reverse }: RevisionRange): RevisionEdges {
  return {
    low: after + 1,
    high: Math.min(before - 1, tenant.last),
    reverse: reverse === true,
  }
}

/**
 * The first revision of a source at or beyond `from`, in the direction of reading; undefined when none is left. The
 * calls of one scan never go back.
 */
export type SeekRevision = (from: Revision) => Revision | undefined

/** The commits of an actor (of actors that have the same key). */
export function commitsByActor({ tables, tenant }: TenantView, actor: string, edges: RevisionEdges): SeekRevision {
  return keyedRevisions(tables.actors, actorPrefix(tenant.number, actor), edges)
}

/** The commits that wrote in or below any of these top-level collections. */
export function commitsIn(
  { tables, tenant }: TenantView,
  collections: readonly string[],
  edges: RevisionEdges,
): SeekRevision {
  const sources = collections.map((name) => keyedRevisions(tables.writes, [tenant.number, name], edges))
  return united(sources, edges)
}

/** The commits that deleted a document in or below a top-level collection. */
export function deletesIn({ tables, tenant }: TenantView, collection: string, edges: RevisionEdges): SeekRevision {
  return keyedRevisions(tables.deletes, [tenant.number, collection], edges)
}

/** The commits that wrote any of these documents. */
export function commitsOf(
  { tables }: TenantView,
  documents: readonly DocumentKey[],
  edges: RevisionEdges,
): SeekRevision {
  const sources = documents.map(({ tenant, collection, id }) =>
    keyedRevisions(tables.versions, [tenant, collection, id], edges),
  )
  return united(sources, edges)
}

/** The revisions that stand last in the keys of a table behind a prefix. */
function keyedRevisions<Value>(
  table: Database<Value, Key>,
  prefix: readonly (number | string)[],
  edges: RevisionEdges,
): SeekRevision {
  const source = new KeyedRevisions(table, prefix, edges)
  return (from) => source.seek(from)
}

/** Reads keys in chunks, which grow while the scan reads on, and shrink when it leaps. */
class KeyedRevisions<Value> {
  readonly #table: Database<Value, Key>
  readonly #prefix: readonly (number | string)[]
  readonly #edges: RevisionEdges
  #chunk: readonly Revision[] = []
  #size = 1
  #index = 0
  /** Number of calls that the chunk has answered. */
  #answered = 0
  /** Whether nothing follows the chunk. */
  #isLast = false

  constructor(table: Database<Value, Key>, prefix: readonly (number | string)[], edges: RevisionEdges) {
    this.#table = table
    this.#prefix = prefix
    this.#edges = edges
  }

  seek(from: Revision): Revision | undefined {
    const { reverse } = this.#edges
    for (; this.#index < this.#chunk.length; this.#index++) {
      const revision = this.#chunk[this.#index]
      if (revision === undefined || isBefore(revision, from, reverse)) continue
      this.#answered++
      return revision
    }
    if (!this.#isLast) this.#read(from)
    return this.#chunk[this.#index]
  }

  #read(from: Revision): void {
    const { low, high, reverse } = this.#edges
    const isReadOn = 2 * this.#answered >= this.#chunk.length
    this.#size = isReadOn ? Math.min(2 * this.#size, MAX_KEYS) : 1
    this.#index = 0
    this.#answered = 1
    const start = [...this.#prefix, from]
    // After a leap to a revision that is there, which costs less than a seek.
    if (this.#size === 1 && this.#table.get(start) !== undefined) {
      this.#chunk = [from]
      return
    }
    const end = [...this.#prefix, reverse ? low - 1 : high + 1]
    const keys = this.#table.getKeys({ start, end, reverse, limit: this.#size })
    this.#chunk = [...keys].map((key) => (key as readonly unknown[]).at(-1) as Revision)
    this.#isLast = this.#chunk.length < this.#size
  }
}

/** The revisions of all sources, each once. */
function united(sources: readonly SeekRevision[], { reverse }: RevisionEdges): SeekRevision {
  return (from) => {
    let first: Revision | undefined
    for (const seek of sources) {
      const found = seek(from)
      if (found !== undefined && (first === undefined || isBefore(found, first, reverse))) first = found
    }
    return first
  }
}

/** Whether a scan comes to `a` before it comes to `b`. */
function isBefore(a: Revision, b: Revision, reverse: boolean): boolean {
  return reverse ? a > b : a < b
}

/** One step of a scan: a revision that was found, or, else, up to which none lies. */
interface RevisionStep {
  readonly revision: Revision
  readonly isFound: boolean
}

/** The revisions that all of these sources have, at least one source: each seeks from where another one stands. */
export function* commonRevisions(
  sources: readonly SeekRevision[],
  { low, high, reverse }: RevisionEdges,
): Generator<RevisionStep> {
  const step = reverse ? -1 : 1
  for (let from = reverse ? high : low; from >= low && from <= high;) {
    const seen = farthest(sources, from)
    if (seen === undefined) return
    const { revision, isCommon } = seen
    yield isCommon ? { revision, isFound: true } : { revision: revision - step, isFound: false }
    from = isCommon ? revision + step : revision
  }
}

/** The revision that the sources reach when each seeks from where the one before it stands. */
function farthest(
  sources: readonly SeekRevision[],
  from: Revision,
): { readonly revision: Revision; readonly isCommon: boolean } | undefined {
  let reached: Revision | undefined
  let first: Revision | undefined
  for (const seek of sources) {
    reached = seek(reached ?? from)
    if (reached === undefined) return undefined
    first ??= reached
  }
  return reached === undefined ? undefined : { revision: reached, isCommon: reached === first }
}

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
