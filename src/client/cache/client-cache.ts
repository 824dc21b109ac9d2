import type { Document } from '../../core/database.ts'
import type { Cursor } from '../../core/database/options.ts'

/** The documents of a shape as of a place in the log. */
export interface CachedDocuments {
  readonly cursor: Cursor
  readonly documents: readonly Document[]
}

/** Changes of the documents of a shape, up to a place in the log. */
export interface CacheBatch {
  readonly cursor: Cursor
  readonly put: readonly Document[]
  /** Paths. */
  readonly remove: readonly string[]
  /** Whether `put` takes the place of everything that is stored of the shape. */
  readonly whole: boolean
}

/** The stored documents of a shape, for one of those that use it. After a failure it is as if nothing were stored. */
export interface CachedShape {
  /** The stored documents, or null; from now on this user may come to write the shape. Never rejects. */
  load(): Promise<CachedDocuments | null>
  /** Whether this is the one user that writes the shape, of all pages of the origin. */
  owns(): boolean
  /** Stores a batch. False: this user's batches are not stored any more. Never rejects. */
  save(batch: CacheBatch): Promise<boolean>
  /** It is used no longer: another user may write the shape. */
  release(): void
}

/** The documents of one server and one actor. */
export interface OpenedCache {
  /** The stored documents of a shape. Each call gives another user of them. */
  shape(name: string): CachedShape
  /** Removes everything, for it must not be shown, or is of other data. Never rejects. */
  clear(): Promise<void>
  /** Releases all shapes; nothing is loaded or stored any more. */
  close(): void
}

/** Keeps what live stores show, so that they show it again at the next visit, before a server answers. */
export interface ClientCache {
  /** The documents of a scope, which is a server and an actor; those of other scopes are removed. Never rejects. */
  open(scope: string): Promise<OpenedCache>
  /** Removes everything; caches that are open, in other pages too, store nothing any more. Never rejects. */
  forget(): Promise<void>
}
