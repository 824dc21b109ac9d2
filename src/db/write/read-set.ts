import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Limits } from '../../core/limits.ts'
import { pathText, type Path } from '../../core/path.ts'
import type { Revision, Version } from '../../core/version.ts'
import type { Store, TenantId } from '../../store/store.ts'
import { SEARCH_SLICE } from '../time/bounded-search.ts'
import type { DocumentHead, ReadResult, ReadSet } from './staged-documents.ts'

export interface LoadOptions {
  readonly store: Store
  readonly tenant: TenantId
  /** A revision that is visible already: the result is as of this one or a later one. */
  readonly revision: Revision
  readonly readSet: ReadSet
  readonly limits: Limits
}

/** Reads the read set of a batch concurrently. */
export async function load(options: LoadOptions): Promise<ReadResult> {
  const { store, tenant, revision, readSet, limits } = options
  const [heads, collections, trees] = await Promise.all([
    readSet.documents.length === 0 ? [] : store.heads(tenant, readSet.documents).then(({ rows }) => rows),
    readSet.parents.length === 0 ? [] : store.collections(tenant, readSet.parents),
    Promise.all(readSet.trees.map((root) => loadTree(store, tenant, root, limits.documents))),
  ])
  return {
    revision,
    heads: new Map(readSet.documents.map((path, i) => [pathText(path), headOf(heads[i] ?? null)])),
    collections: new Map(readSet.parents.map((path, i) => [pathText(path), collections[i] ?? []])),
    trees: new Map(readSet.trees.map((root, i) => [pathText(root), trees[i] ?? null])),
  }
}

function headOf(version: Version | null): DocumentHead | null {
  if (version === null) return null
  const { path, value, createdAt } = version
  return { path, version: version.version, deleted: version.type === 'DELETE', value, createdAt }
}

/** The live documents at and below `root`, without their values (a delete needs none); null when there are more than `max`. */
async function loadTree(store: Store, tenant: TenantId, root: Path, max: number): Promise<readonly DocumentHead[] | null> {
  const heads: DocumentHead[] = []
  if (root.length % 2 === 0) {
    const { rows } = await store.heads(tenant, [root])
    const own = headOf(rows[0] ?? null)
    if (own !== null && !own.deleted) heads.push(own)
  }
  let after: Path | undefined
  for (;;) {
    const page = await store.list(tenant, { kind: 'below', path: root, after, limit: SEARCH_SLICE })
    for (const version of page.rows) heads.push({ path: version.path, version: version.version, deleted: false, value: null, createdAt: version.createdAt })
    if (heads.length > max) return null
    if (page.next === undefined) return heads
    after = page.next
    // The embedded store answers without waiting: yield to the event loop before the next page.
    await nextTurn()
  }
}
