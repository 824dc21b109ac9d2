import { candidatesOf, type Path } from '../core/path.ts'

/** What a path means: the deepest document that has a version, and what is left over as a path into its value. */
export interface Meaning<Head> {
  /** Null when no candidate ever had a version. */
  readonly head: Head | null
  readonly rest: Path
}

/**
 * Decides what `path` means, where `head` gives a document or null when it never had a version.
 * A deleted document counts: its path never turns into a field of its parent.
 */
export function meaningOf<Head>(path: Path, head: (document: Path) => Head | null): Meaning<Head> {
  for (const candidate of candidatesOf(path)) {
    const found = head(candidate)
    if (found !== null) return { head: found, rest: path.slice(candidate.length) }
  }
  return { head: null, rest: path }
}
