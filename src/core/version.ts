import type { Json } from './json/json.ts'
import type { Path } from './path.ts'

/** Position of a commit in its tenant's log: 1, 2, 3 … without gaps. 0 is before the first commit. */
export type Revision = number

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Millis = number

/** How a commit changed one document. */
export type ChangeType = 'NEW' | 'UPDATE' | 'DELETE'

/** The write of one document by one draft. */
export interface Write {
  /** The document's path. */
  readonly path: Path
  /** Number of the version to write; the document must be at `version - 1` (0: no version was ever written). */
  readonly version: number
  readonly type: ChangeType
  /** Paths inside the value (`author/name`): every written place is at or below one of them; empty: the whole value. */
  readonly fields: readonly string[]
  /** The value after the write, as returned by `exactValue` (so never -0); null for a DELETE. */
  readonly value: Json
  /** When the document was created; null: by this write. */
  readonly createdAt: Millis | null
  /**
   * The mark that `purge` left: a DELETE without content (`fields` empty, `value` null). A write with it purges the
   * document, an earlier version with it was purged.
   */
  readonly purged?: true | undefined
  /** The value as compact JSON, where it is known already: a store need not serialize it again. */
  readonly json?: string | undefined
}

/** A document at one version, written by one commit. Immutable. */
export interface Version extends Write {
  readonly createdAt: Millis
  readonly revision: Revision
  /** Time of its commit. */
  readonly updatedAt: Millis
  readonly actor: string | null
  /** Id of its commit. */
  readonly commit: string
}
