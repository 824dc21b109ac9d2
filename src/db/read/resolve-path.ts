import { documentPrefixes, pathText, type Path } from '../../core/path.ts'
import type { Revision, Version } from '../../core/version.ts'
import { resolveStored, type ResolvedPath } from '../../core/path-resolution.ts'
import type { TenantContext } from '../log/tenant-context.ts'

/** Resolves a path to a document and a field of it, now or as of `at`; `revision`: the revision that was read. */
export async function resolvePath(
  { store, tenant }: TenantContext,
  path: Path,
  at?: Revision,
): Promise<ResolvedPath<Version> & { readonly revision: Revision }> {
  const candidates = documentPrefixes(path)
  const { rows, revision } = await store.heads(tenant, candidates, at)
  const known = new Map(candidates.map((candidate, i) => [pathText(candidate), rows[i] ?? null]))
  return { ...resolveStored(path, (document) => known.get(pathText(document)) ?? null), revision }
}
