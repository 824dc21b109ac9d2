import { getField } from '../../core/json/field.ts'
import { documentPrefixes, pathText, type Path } from '../../core/path.ts'
import type { Revision, Version } from '../../core/version.ts'
import { resolveStored, type ResolvedPath } from '../../core/path-resolution.ts'
import type { TenantContext } from '../log/tenant-context.ts'

interface StoredPath extends ResolvedPath<Version> {
  readonly revision: Revision
  /** The newest mark of the purged document at exactly this path. It gives the path no meaning, but has a history. */
  readonly mark: Version | null
}

/** Resolves a path to a document and a field of it, now or as of `at`; `revision`: the revision that was read. */
export async function resolvePath({ store, tenant }: TenantContext, path: Path, at?: Revision): Promise<StoredPath> {
  const candidates = documentPrefixes(path)
  const { rows, revision } = await store.heads(tenant, candidates, at)
  const known = new Map(candidates.map((candidate, i) => [pathText(candidate), rows[i] ?? null]))
  const headOf = (document: Path): Version | null => known.get(pathText(document)) ?? null
  const exact = headOf(path)
  return { ...resolveStored(path, headOf), revision, mark: exact?.purged === true ? exact : null }
}

/** As `resolvePath`, for what reads versions: a purged document, where its path does not name a field now. */
export async function resolveVersioned(context: TenantContext, path: Path): Promise<ResolvedPath<Version>> {
  const { head, fieldPath, mark } = await resolvePath(context, path)
  if (mark === null || (head !== null && getField(head.value, fieldPath) !== undefined)) return { head, fieldPath }
  return { head: mark, fieldPath: [] }
}
