import type { Json } from './json/json.ts'
import type { Path } from './path.ts'

/** The place of a commit in its tenant's log: 1, 2, 3 … without gaps. 0 stands before the first. */
export type Revision = number

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Millis = number

/** What a commit did to one document. */
export type ChangeType = 'NEW' | 'UPDATE' | 'DELETE'

/** One document as one draft wants to write it. */
export interface Write {
  /** The document's path. */
  readonly path: Path
  /** The version it becomes; it expects the document to be at `version - 1` (0: no version was ever written). */
  readonly version: number
  readonly type: ChangeType
  /** Paths inside the value (`author/name`): each place that was written is at or below one; none when the whole value was. */
  readonly fields: readonly string[]
  /** The value after the write, as exactValue gives it (so never -0); null for a DELETE. */
  readonly value: Json
  /** When the document came into being; null: with this write. */
  readonly createdAt: Millis | null
}

/** A document at one version: what one commit made of it. Immutable. */
export interface Version extends Write {
  readonly createdAt: Millis
  readonly revision: Revision
  /** Time of its commit. */
  readonly updatedAt: Millis
  readonly actor: string | null
  /** Id of its commit. */
  readonly commit: string
}
