import type { Change } from '../../core/database.ts'
import { compareText, isWithin, pathText, type Path } from '../../core/path.ts'
import { concrete, type Pattern } from '../../core/pattern.ts'
import type { Revision, Version } from '../../core/version.ts'
import { toDocument } from '../shape/render.ts'
import { Search } from '../time/bounded-search.ts'
import type { TenantContext } from '../log/tenant-context.ts'
import type { Matcher } from '../shape/matcher.ts'

/** Where a snapshot goes on: in which of its ranges, after which document. */
export interface SnapshotMark {
  readonly range: number
  readonly after?: Path | undefined
}

export interface SnapshotPage {
  readonly changes: readonly Change[]
  /** Null after the last page. */
  readonly next: SnapshotMark | null
}

export interface SnapshotOptions {
  readonly context: TenantContext
  readonly matcher: Matcher
  readonly patterns: readonly Pattern[]
  /** The revision whose state it is. */
  readonly at: Revision
}

/** Where documents of a set of patterns may lie. */
interface SnapshotRanges {
  /** Documents that patterns name, or go on inside. */
  readonly documents: readonly Path[]
  /** Collections, documents or everything (`[]`) below which they may lie; none within another. */
  readonly below: readonly Path[]
}

function rangesOf(patterns: readonly Pattern[]): SnapshotRanges {
  const roots = patterns.map(concrete)
  const below = roots.filter((root, i) => !roots.some((other, k) => isWithin(root, other) && (other.length < root.length || k < i)))
  const documents = new Map<string, Path>()
  for (const root of roots) {
    for (let length = 2; length <= root.length; length += 2) {
      const document = root.slice(0, length)
      if (!below.some((other) => isBelow(document, other))) documents.set(pathText(document), document)
    }
  }
  return { documents: [...documents.values()].toSorted((a, b) => compareText(pathText(a), pathText(b))), below }
}

/** Whether a range read of `root` gives the document. */
function isBelow(document: Path, root: Path): boolean {
  return document.length > root.length && isWithin(document, root)
}

/**
 * A page of the documents that match, as they were at one revision: pages of later moments are of the same state, without
 * a read view that is held open. It has a document at least, unless it is the last, or a search for what is rare took long.
 */
export async function snapshotPage(options: SnapshotOptions, from: SnapshotMark): Promise<SnapshotPage> {
  const { documents, below } = rangesOf(options.patterns)
  const changes: Change[] = from.range === 0 && from.after === undefined ? await readNamed(options, documents) : []
  const { limits, readMs } = options.context
  const search = new Search(readMs, limits.searchedDocuments)
  for (let mark: SnapshotMark | null = from; ; await search.yieldOrTimeOut()) {
    const root: Path | undefined = below[mark.range]
    if (root === undefined) return { changes, next: null }
    const page = await readBelow(options, root, mark, search)
    changes.push(...page.changes)
    mark = page.after === undefined ? { range: mark.range + 1 } : { range: mark.range, after: page.after }
    if (changes.length > 0 || search.isOver) return { changes, next: mark.range >= below.length ? null : mark }
  }
}

async function readNamed({ context, matcher, at }: SnapshotOptions, documents: readonly Path[]): Promise<Change[]> {
  if (documents.length === 0) return []
  const { rows } = await context.store.heads(context.tenant, documents, at)
  return rows.filter((row) => row !== null).flatMap((version) => shown({ context, matcher, at }, version))
}

async function readBelow(options: SnapshotOptions, root: Path, { after }: SnapshotMark, search: Search): Promise<{ changes: Change[]; after?: Path | undefined }> {
  const { store, tenant } = options.context
  const { slice, skips } = search
  const page = await store.list(tenant, { kind: 'below', path: root, after, limit: slice, skips }, options.at)
  search.count({ rows: page.rows.length, short: page.more && page.rows.length < slice.rows })
  const changes: Change[] = []
  for (const version of page.rows) {
    if (search.isLong) await search.yieldOrTimeOut()
    changes.push(...shown(options, version))
  }
  return { changes, after: page.next }
}

/** The document as a NEW, if it matches. */
function shown({ context: { tail }, matcher, at }: Omit<SnapshotOptions, 'patterns'>, version: Version): readonly Change[] {
  const document = matcher.project(version, toDocument(tail.epoch, version, at))
  if (document === null) return []
  const { path, cursor, updatedAt } = document
  return [{ type: 'NEW', reason: 'WRITE', path, document, before: null, fields: [], commit: version.commit, cursor, at: updatedAt }]
}
