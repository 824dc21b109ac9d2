import { pathText } from '../../../core/path.ts'
import type { Revision } from '../../../core/version.ts'
import type { Thinned, Thinning } from '../../store.ts'
import { documentKey, toDocumentKey, versionKey } from '../keys.ts'
import { decodeEntry, findVersion } from '../read/documents.ts'
import { rewriteCommit } from './rewrite-commit.ts'
import type { LmdbTables, TenantRow } from '../tables.ts'

/** Time of one transaction that thins, ms, without its flush: the last commit is finished. */
const THIN_MS = 4
/** Versions that are looked up at once, over all documents. */
const VERSIONS_AT_ONCE = 256

/** Removes versions within the running transaction, for THIN_MS. */
export function thinSome(tables: LmdbTables, tenant: TenantRow, documents: readonly Thinning[]): Thinned {
  const until = performance.now() + THIN_MS
  let removed = 0
  for (;;) {
    const found = removable(tables, tenant, documents)
    for (const [revision, paths] of found) {
      rewriteCommit({ tables, tenant: tenant.number, revision }, ({ path, line }) =>
        paths.has(pathText(path)) ? null : line,
      )
      removed += paths.size
      if (performance.now() >= until) return { removed, more: true }
    }
    if (found.size === 0) return { removed, more: false }
  }
}

/** Versions to remove, by the revisions of their commits: the paths of their documents as texts. */
function removable(
  tables: LmdbTables,
  { number, floor }: TenantRow,
  documents: readonly Thinning[],
): ReadonlyMap<Revision, ReadonlySet<string>> {
  const found = new Map<Revision, Set<string>>()
  let count = 0
  for (const { path, keep } of documents) {
    const document = toDocumentKey(number, path)
    const newest = findVersion(tables, document, floor)
    if (newest === null) continue
    // Without the newest version at the floor, which every read from there on needs (L16).
    const range = { start: documentKey(document), end: versionKey(document, newest.revision) }
    for (const entry of tables.versions.getRange({ ...range, limit: VERSIONS_AT_ONCE - count })) {
      const { revision, row } = decodeEntry(entry)
      if (row[0] >= keep) break
      found.set(revision, (found.get(revision) ?? new Set()).add(pathText(path)))
      count++
    }
    if (count >= VERSIONS_AT_ONCE) break
  }
  return found
}
