import type { Document } from '../../core/database.ts'
import type { DatabaseError } from '../../core/error.ts'
import type { Json } from '../../core/json/json.ts'
import { canonicalJson } from '../../core/json/value.ts'

/** A feed stays for so long after the last subscriber of its store left, ms. */
export const LINGER_MS = 5_000

/** The documents that a live store shows. */
export interface LiveShape {
  /** One pattern, or several: `posts`, `posts/1`. */
  readonly path: string | readonly string[]
  /** Levels of collections below what the patterns name. Default 0. */
  readonly depth?: number | 'all' | undefined
  /** An expression in CEL; false if a field is missing. */
  readonly where?: string | undefined
  /** The variable `params` of `where`. */
  readonly params?: Json | undefined
  /** Fields of the value to deliver; default: the whole value. */
  readonly columns?: readonly string[] | undefined
  /** Of the paths. Default `asc`. */
  readonly order?: 'asc' | 'desc' | undefined
  /** With `where`: whether a new document that waits for its answer is shown. Default: it is not. */
  readonly match?: ((value: Json) => boolean) | undefined
}

/** A document as a store shows it; one that did not change keeps its identity. */
export interface LiveDocument extends Document {
  /**
   * Whether a write of it waits. Then `version` is that of the last answer (0 for a new document), `actor` that of the
   * client (null when only the server knows it), and `updatedAt`, of a new document `createdAt` too, is the time of the
   * write by the clock of the client.
   */
  readonly pending: boolean
}

/** The state of a live store. */
export interface LiveState {
  /**
   * `loading`: the snapshot is not there; new documents of waiting writes are shown. `stale`: shown, but the connection
   * is not there. `error`: the feed has ended, with `error`.
   */
  readonly status: 'loading' | 'live' | 'stale' | 'error'
  /** In the order of paths. */
  readonly documents: readonly LiveDocument[]
  readonly byPath: ReadonlyMap<string, LiveDocument>
  /** Writes that are shown, and not yet in the feed. */
  readonly pending: number
  readonly error: DatabaseError | null
}

/** A text that is equal for equal parts of shapes, whatever the order of their fields; undefined ones do not count. */
export function shapeKey(parts: object): string {
  return canonicalJson(JSON.parse(JSON.stringify(parts)) as Json)
}

/** The state before the first snapshot. */
export const LIVE_LOADING: LiveState = {
  status: 'loading',
  documents: [],
  byPath: new Map(),
  pending: 0,
  error: null,
}
