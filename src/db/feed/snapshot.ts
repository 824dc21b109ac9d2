import type { Change } from '../../core/database.ts'
import { compareText, isWithin, pathText, type Path } from '../../core/path.ts'
import { concrete, type Pattern } from '../../core/pattern.ts'
import type { Revision, Version } from '../../core/version.ts'
import { toDocument } from '../shape/render.ts'
import { Search } from '../time/bounded-search.ts'
import type { TenantContext } from '../log/tenant-context.ts'
import type { Matcher } from '../shape/matcher.ts'

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
  readonly patterns: readonly Pattern[]
  /** The revision of the snapshot. */
  readonly at: Revision
}

/** Where documents that match a set of patterns may lie. */
interface SnapshotRanges {
  /** Documents that a pattern names, or whose inside it names. */
  readonly documents: readonly Path[]
  /** Collections, documents or everything (`[]`) below which they may lie; no path is within another. */
  readonly below: readonly Path[]
}

function rangesOf(patterns: readonly Pattern[]): SnapshotRanges {
  const roots = patterns.map(concrete)
  const below = roots.filter(
    (root, i) => !roots.some((other, k) => isWithin(root, other) && (other.length < root.length || k < i)),
  )
  const documents = new Map<string, Path>()
  for (const root of roots) {
    for (let length = 2; length <= root.length; length += 2) {
      const document = root.slice(0, length)
      if (!below.some((other) => isBelow(document, other))) documents.set(pathText(document), document)
    }
  }
  return { documents: [...documents.values()].toSorted((a, b) => compareText(pathText(a), pathText(b))), below }
}

/** Whether a range read below `root` returns the document. */
function isBelow(document: Path, root: Path): boolean {
  return document.length > root.length && isWithin(document, root)
}

/**
 * A page of the documents that match, as of one revision: later pages are of the same state, without an open read
 * transaction. It has at least one document, unless it is the last page, or the search ended early
 * (`searchedDocuments`, half of `readMs`).
 */
export async function snapshotPage(options: SnapshotOptions, from: SnapshotMark): Promise<SnapshotPage> {
  const { documents, below } = rangesOf(options.patterns)
  const changes: Change[] = from.range === 0 && from.after === undefined ? await readNamed(options, documents) : []
  const { limits, readMs } = options.context
  const search = new Search(readMs, limits.searchedDocuments)
  for (let mark: SnapshotMark | null = from; ; await search.yieldOrTimeOut()) {
    const root: Path | undefined = below[mark.range]
    if (root === undefined) return { changes, next: null }
    const page = await readBelow(options, { root, after: mark.after }, search)
    changes.push(...page.changes)
    mark = page.after === undefined ? { range: mark.range + 1 } : { range: mark.range, after: page.after }
    if (changes.length > 0 || search.isOver) return { changes, next: mark.range >= below.length ? null : mark }
  }
}

async function readNamed({ context, matcher, at }: SnapshotOptions, documents: readonly Path[]): Promise<Change[]> {
  if (documents.length === 0) return []
  const { rows } = await context.store.heads(context.tenant, documents, at)
  return rows.filter((row) => row !== null).flatMap((version) => toNew({ context, matcher, at }, version))
}

async function readBelow(
  options: SnapshotOptions,
  { root, after }: { readonly root: Path; readonly after: Path | undefined },
  search: Search,
): Promise<{ changes: Change[]; after?: Path | undefined }> {
  const { store, tenant } = options.context
  const { slice, skips } = search
  const page = await store.list(tenant, { kind: 'below', path: root, after, limit: slice, skips }, options.at)
  search.count({ rows: page.rows.length, short: page.more && page.rows.length < slice.rows })
  const changes: Change[] = []
  for (const version of page.rows) {
    if (search.isLong) await search.yieldOrTimeOut()
    changes.push(...toNew(options, version))
  }
  return { changes, after: page.next }
}

/** The document as a NEW, if it matches. */
function toNew(
  { context: { tail }, matcher, at }: Omit<SnapshotOptions, 'patterns'>,
  version: Version,
): readonly Change[] {
  const document = matcher.project(version, toDocument(tail.epoch, version, at))
  if (document === null) return []
  const { path, cursor, updatedAt } = document
  return [
    {
      type: 'NEW',
      reason: 'WRITE',
      path,
      document,
      before: null,
      fields: [],
      commit: version.commit,
      cursor,
      at: updatedAt,
    },
  ]
}
