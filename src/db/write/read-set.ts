import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Limits } from '../../core/limits.ts'
import { documentPrefixes, parentOf, pathText, type Path } from '../../core/path.ts'
import type { Revision, Version } from '../../core/version.ts'
import { chunks } from '../../store/page.ts'
import type { Store, TenantId } from '../../store/store.ts'
import { SEARCH_SLICE } from '../time/bounded-search.ts'
import { WorkSlice } from '../time/time-slice.ts'
import type { ComputedOperation, Request, WriteOperation } from './request.ts'
import type { DocumentHead, ReadResult, ReadSet } from './staged/staged-documents.ts'

/** Documents of which the heads, or the nested collections, are read in one call. */
const PATHS_PER_CALL = 256
/** Documents that are read in one call where only their versions are needed. */
const BARE_HEADS_PER_CALL = 16

/** The documents, collections and trees that must be loaded before the requests can be drafted. */
export function collectReadSet(requests: readonly Request[]): ReadSet {
  const documents = new Map<string, Path>()
  const parents = new Map<string, Path>()
  const trees = new Map<string, Path>()
  const bare = new Map<string, Path>()
  const purges = new Map<string, Path>()
  const add = (into: Map<string, Path>, paths: readonly Path[]): void => {
    for (const path of paths) into.set(pathText(path), path)
  }
  for (const request of requests) {
    add(
      documents,
      request.checks.map((check) => check.path),
    )
    for (const operation of request.operations) {
      if (operation.kind === 'computed') {
        const { reads } = operation
        add(documents, reads.documents)
        add(parents, reads.parents)
        add(trees, reads.trees)
        add(bare, reads.bare)
        continue
      }
      add(documents, documentsOf(operation))
      if (operation.kind === 'delete') add(trees, [operation.path])
      else if (operation.kind === 'purge') add(purges, [operation.path])
      else if (operation.kind !== 'post') add(parents, documentPrefixes(operation.path))
      else if (!operation.fresh) add(parents, [[...operation.path, operation.id]])
    }
  }
  for (const text of documents.keys()) bare.delete(text)
  return {
    documents: [...documents.values()],
    parents: [...parents.values()],
    trees: [...trees.values()],
    bare: [...bare.values()],
    purges: [...purges.values()],
  }
}

function documentsOf(operation: Exclude<WriteOperation, ComputedOperation>): readonly Path[] {
  if (operation.kind !== 'post') return documentPrefixes(operation.path)
  const parent = operation.path.length > 1 ? [parentOf(operation.path)] : []
  return operation.fresh ? parent : [...parent, [...operation.path, operation.id]]
}

interface LoadOptions {
  readonly store: Store
  readonly tenant: TenantId
  /** A revision that is visible already: each part of the result is as of this one or a later one. */
  readonly revision: Revision
  readonly readSet: ReadSet
  readonly limits: Limits
}

/** Reads the read set of a batch concurrently. */
export async function load(options: LoadOptions): Promise<ReadResult> {
  const { store, tenant, readSet } = options
  const [heads, bare, collections, trees, purges] = await Promise.all([
    inParts(readSet.documents, (paths) => store.heads(tenant, paths).then(({ rows }) => rows)),
    loadBare(options),
    inParts(readSet.parents, (paths) => store.collections(tenant, paths)),
    Promise.all(readSet.trees.map((root) => loadTree(options, root, { deleted: false }))),
    Promise.all(readSet.purges.map((root) => loadTree(options, root, { deleted: true }))),
  ])
  return {
    revision: sinceOf(options, [...trees, ...purges]),
    heads: new Map([
      ...bare,
      ...readSet.documents.map((path, i) => [pathText(path), headOf(heads[i] ?? null)] as const),
    ]),
    collections: new Map(readSet.parents.map((path, i) => [pathText(path), collections[i] ?? []])),
    trees: new Map(readSet.trees.map((root, i) => [pathText(root), trees[i]?.heads ?? null])),
    purges: new Map(readSet.purges.map((root, i) => [pathText(root), purges[i]?.heads ?? null])),
  }
}

/**
 * The revision after which nothing may be written below what the drafts expect to be unchanged. Of deletes and purges
 * it is that of their trees, for `revision` may be behind what another process wrote. Names of collections come without
 * their revision, and what brings the past back must conflict with every purge that is later than `revision`
 * (`retryIfPurged`).
 */
function sinceOf({ revision, readSet }: LoadOptions, trees: readonly LoadedTree[]): Revision {
  const isOfTreesAlone = trees.length > 0 && readSet.parents.length === 0
  return isOfTreesAlone ? Math.min(...trees.map((tree) => tree.revision)) : revision
}

async function inParts<R>(
  paths: readonly Path[],
  read: (part: readonly Path[]) => Promise<readonly R[]>,
): Promise<readonly R[]> {
  return (await new WorkSlice().reads(chunks(paths, PATHS_PER_CALL), read)).flat()
}

function headOf(version: Version | null): DocumentHead | null {
  if (version === null) return null
  const { path, value, createdAt, purged } = version
  return { path, version: version.version, deleted: version.type === 'DELETE', value, createdAt, purged }
}

/** The heads of the `bare` documents by path text, without their values, which may be large together. */
async function loadBare({ store, tenant, readSet }: LoadOptions): Promise<ReadonlyMap<string, DocumentHead | null>> {
  const heads = new Map<string, DocumentHead | null>()
  for (let i = 0; i < readSet.bare.length; i += BARE_HEADS_PER_CALL) {
    if (i > 0) await nextTurn()
    const paths = readSet.bare.slice(i, i + BARE_HEADS_PER_CALL)
    const { rows } = await store.heads(tenant, paths)
    for (const [k, path] of paths.entries()) {
      const head = headOf(rows[k] ?? null)
      heads.set(pathText(path), head && { ...head, value: null })
    }
  }
  return heads
}

/** The documents at and below a path, without their values (a delete needs none). */
interface LoadedTree {
  /** Null when there are more than `documents`. */
  readonly heads: readonly DocumentHead[] | null
  /** The earliest revision of its parts: the tree is that of any later one, unless it was written in since. */
  readonly revision: Revision
}

/** Reads a tree. With `deleted`, deleted documents too, but no purged ones. */
async function loadTree(
  { store, tenant, limits }: LoadOptions,
  root: Path,
  { deleted }: { readonly deleted: boolean },
): Promise<LoadedTree> {
  const heads: DocumentHead[] = []
  let revision: Revision = Infinity
  if (root.length % 2 === 0) {
    const snapshot = await store.heads(tenant, [root])
    const own = headOf(snapshot.rows[0] ?? null)
    revision = snapshot.revision
    if (own !== null && own.purged !== true && (deleted || !own.deleted)) heads.push(own)
  }
  let after: Path | undefined
  for (;;) {
    const page = await store.list(tenant, { kind: 'below', path: root, after, deleted, limit: SEARCH_SLICE })
    for (const { path, version, type, createdAt } of page.rows) {
      heads.push({ path, version, deleted: type === 'DELETE', value: null, createdAt })
    }
    revision = Math.min(revision, page.revision)
    if (heads.length > limits.documents) return { heads: null, revision }
    if (page.next === undefined) return { heads, revision }
    after = page.next
    // The embedded store answers without waiting: yield to the event loop before the next page.
    await nextTurn()
  }
}
