import { documentPrefixes, type Path } from './path.ts'

/**
 * A resolved path: the deepest document on it that has a version, and the remaining segments as a path into its value.
 */
export interface ResolvedPath<Head> {
  /** The document; null when no document on the path ever had a version. */
  readonly head: Head | null
  readonly fieldPath: Path
}

/**
 * Resolves `path`; `head` returns a document, or null when it never had a version.
 * A deleted document counts: its path never becomes a field of its parent. A purged one gives no path a meaning.
 */
export function resolveStored<Head extends { readonly purged?: true | undefined }>(
  path: Path,
  head: (document: Path) => Head | null,
): ResolvedPath<Head> {
  for (const candidate of documentPrefixes(path)) {
    const found = head(candidate)
    if (found !== null && found.purged !== true) return { head: found, fieldPath: path.slice(candidate.length) }
  }
  return { head: null, fieldPath: path }
}
