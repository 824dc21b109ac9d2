import { documentPrefixes, type Path } from './path.ts'

/** What a path means: the deepest document that has a version, and what is left over as a path into its value. */
export interface ResolvedPath<Head> {
  /** Null when no candidate ever had a version. */
  readonly head: Head | null
  readonly fieldPath: Path
}

/**
 * Decides what `path` means, where `head` gives a document or null when it never had a version.
 * A deleted document counts: its path never turns into a field of its parent.
 */
export function resolveStored<Head>(path: Path, head: (document: Path) => Head | null): ResolvedPath<Head> {
  for (const candidate of documentPrefixes(path)) {
    const found = head(candidate)
    if (found !== null) return { head: found, fieldPath: path.slice(candidate.length) }
  }
  return { head: null, fieldPath: path }
}
