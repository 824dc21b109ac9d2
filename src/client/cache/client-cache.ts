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

/** What is stored for one server and one actor. No method rejects: what fails is as if nothing were stored. */
export interface OpenedCache {
  /** What is stored of a shape, or null; from now on this page may come to write it. */
  load(shape: string): Promise<CachedDocuments | null>
  /** Whether this page is the one that writes a shape. */
  owns(shape: string): boolean
  /** Stores a batch. False: the shape is not stored any more, and later batches are in vain. */
  save(shape: string, batch: CacheBatch): Promise<boolean>
  /** Removes everything: it must not be shown, or is of other data. */
  clear(): Promise<void>
  /** The page uses a shape no longer: another one may write it. */
  release(shape: string): void
  /** Releases all shapes; nothing is loaded or stored any more. */
  close(): Promise<void>
}

/** Keeps what live stores show, so that they show it again at the next visit, before a server answers. */
export interface ClientCache {
  /** What is stored for a scope: a server and an actor. What is stored for others is removed. */
  open(scope: string): Promise<OpenedCache>
  /** Removes what is stored. Default: of every scope. */
  forget(scope?: string): Promise<void>
}
