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

/** The documents of one server and one actor. No method rejects: after a failure it is as if nothing were stored. */
export interface OpenedCache {
  /** The stored documents of a shape, or null; from now on this page may come to write it. */
  load(shape: string): Promise<CachedDocuments | null>
  /** Whether this page is the one that writes a shape. */
  owns(shape: string): boolean
  /** Stores a batch. False: the shape is not stored any more, and later batches are in vain. */
  save(shape: string, batch: CacheBatch): Promise<boolean>
  /** Removes everything, for it must not be shown, or is of other data. */
  clear(): Promise<void>
  /** The page uses a shape no longer: another one may write it. */
  release(shape: string): void
  /** Releases all shapes; nothing is loaded or stored any more. */
  close(): Promise<void>
}

/** Keeps what live stores show, so that they show it again at the next visit, before a server answers. */
export interface ClientCache {
  /** The documents of a scope, which is a server and an actor; those of other scopes are removed. */
  open(scope: string): Promise<OpenedCache>
  /** Removes the documents of a scope. Default: of all. */
  forget(scope?: string): Promise<void>
}
