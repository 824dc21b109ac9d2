import type { Change } from '../../core/database.ts'
import { compareText, isWithin, pathText, type Path } from '../../core/path.ts'
import { concrete } from '../../core/pattern.ts'
import type { Revision, Version } from '../../core/version.ts'
import { readPlace, toDocument, type ReadPlace } from '../shape/render.ts'
import { Search } from '../time/bounded-search.ts'
import type { Range } from '../../store/store.ts'
import type { TenantContext } from '../log/tenant-context.ts'
import type { Matcher } from '../shape/matcher.ts'
import { longestPath, type Shape } from '../shape/shape.ts'

/**
 * Where the next page of a snapshot begins: the index of its range in `SnapshotRanges.below`, and the document before.
 */
export interface SnapshotMark {
  readonly range: number
  readonly after?: Path | undefined
}

interface SnapshotPage {
  readonly changes: readonly Change[]
  /** Null after the last page. */
  readonly next: SnapshotMark | null
}

interface SnapshotOptions {
  readonly context: TenantContext
  readonly matcher: Matcher
  readonly shape: Shape
  /** The revision of the snapshot. */
  readonly at: Revision
}

/** Documents below a collection, a document or everything (`[]`). */
interface SnapshotRange {
  readonly root: Path
  /** Most segments of their paths. */
  readonly longest: number
}

/** Where documents of a shape may lie. */
interface SnapshotRanges {
  /** Documents that a pattern names, or whose inside it names. */
  readonly documents: readonly Path[]
  /** None is within another; with a depth, two may share documents. */
  readonly below: readonly SnapshotRange[]
}

function rangesOf({ patterns, depth }: Shape): SnapshotRanges {
  const all = patterns.map((pattern) => ({ root: concrete(pattern), longest: longestPath(pattern, depth) }))
  const below = all.filter(
    (range, i) =>
      levelsOf(range) > 0 && !all.some((other, k) => contains(other, range) && (!contains(range, other) || k < i)),
  )
  const documents = new Map<string, Path>()
  for (const { root } of all) {
    for (let length = 2; length <= root.length; length += 2) {
      const document = root.slice(0, length)
      if (!below.some((range) => isBelow(document, range))) documents.set(pathText(document), document)
    }
  }
  return { documents: [...documents.values()].toSorted((a, b) => compareText(pathText(a), pathText(b))), below }
}

function contains(outer: SnapshotRange, inner: SnapshotRange): boolean {
  return isWithin(inner.root, outer.root) && inner.longest <= outer.longest
}

/** Levels of collections in a range. */
function levelsOf({ root, longest }: SnapshotRange): number {
  return Math.floor((longest - root.length + (root.length % 2)) / 2)
}

/** Whether a read of the range returns the document. */
function isBelow(document: Path, { root, longest }: SnapshotRange): boolean {
  return document.length > root.length && document.length <= longest && isWithin(document, root)
}

/**
 * A page of the documents that match, as of one revision: later pages are of the same state, without an open read
 * transaction. It has at least one document, unless it is the last page, or the search ended early
 * (`searchedDocuments`, half of `readMs`).
 */
export async function snapshotPage(options: SnapshotOptions, from: SnapshotMark): Promise<SnapshotPage> {
  const { documents, below } = rangesOf(options.shape)
  const changes: Change[] = from.range === 0 && from.after === undefined ? await readNamed(options, documents) : []
  const { limits, readMs } = options.context
  const search = new Search(readMs, limits.searchedDocuments)
  for (let mark: SnapshotMark | null = from; ; await search.yieldOrTimeOut()) {
    const range: SnapshotRange | undefined = below[mark.range]
    if (range === undefined) return { changes, next: null }
    const page = await readBelow(options, { ...range, after: mark.after }, search)
    const earlier = below.slice(0, mark.range)
    for (const { path, change } of page.changes) {
      if (!earlier.some((other) => isBelow(path, other))) changes.push(change)
    }
    mark = page.after === undefined ? { range: mark.range + 1 } : { range: mark.range, after: page.after }
    if (changes.length > 0 || search.isOver) return { changes, next: mark.range >= below.length ? null : mark }
  }
}

async function readNamed(
  { context, matcher, at }: Omit<SnapshotOptions, 'shape'>,
  documents: readonly Path[],
): Promise<Change[]> {
  if (documents.length === 0) return []
  const { rows } = await context.store.heads(context.tenant, documents, at)
  const place = readPlace(context.tail.epoch, at)
  const found = rows.filter((row) => row !== null).map((version) => toNew(matcher, place, version))
  return found.filter((change) => change !== null)
}

interface FoundChange {
  readonly path: Path
  readonly change: Change
}

async function readBelow(
  options: SnapshotOptions,
  { after, ...snapshotRange }: SnapshotRange & { readonly after: Path | undefined },
  search: Search,
): Promise<{ changes: readonly FoundChange[]; after?: Path | undefined }> {
  const { store, tenant } = options.context
  const { slice, skips } = search
  const [path, levels] = [snapshotRange.root, levelsOf(snapshotRange)]
  const range: Range = { kind: 'below', path, levels, after, limit: slice, skips }
  const page = await store.list(tenant, range, options.at)
  search.count({ rows: page.rows.length, short: page.more && page.rows.length < slice.rows })
  const place = readPlace(options.context.tail.epoch, options.at)
  const changes: FoundChange[] = []
  for (const version of page.rows) {
    if (search.isLong) await search.yieldOrTimeOut()
    const change = toNew(options.matcher, place, version)
    if (change !== null) changes.push({ path: version.path, change })
  }
  return { changes, after: page.next }
}

/** The document as a NEW; null when it does not match. */
function toNew(matcher: Matcher, place: ReadPlace, version: Version): Change | null {
  const document = matcher.project(version, toDocument(version, place))
  if (document === null) return null
  const { path, cursor, updatedAt } = document
  const { commit } = version
  return { type: 'NEW', reason: 'WRITE', path, document, before: null, fields: [], commit, cursor, at: updatedAt }
}
