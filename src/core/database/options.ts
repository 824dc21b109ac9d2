import type { Json } from '../json/json.ts'
import type { ChangeType } from '../version.ts'

/** RFC 3339, UTC, milliseconds. */
export type Timestamp = string

/** An opaque position in the tenant's log. */
export type Cursor = string

/** A state in the past; exactly one field. */
export type AsOf = { readonly time: Timestamp } | { readonly cursor: Cursor } | { readonly version: number }

/** A precondition on the document that a write is about; exactly one field. */
export type Expect = { readonly version: number } | { readonly absent: boolean } | { readonly exists: boolean }

/** How much `restore` brings back: the document or field alone, or with everything below. */
export type RestoreScope = 'DOCUMENT' | 'TREE'

export interface WriteOptions {
  /** Idempotency key, 1–128 bytes: a retry with the same key is the same commit. Default: none. */
  readonly key?: string | undefined
}

export interface PostOptions extends WriteOptions {
  /** Default: a new id that sorts by time. */
  readonly id?: string | undefined
  /**
   * Delivers the document as a NEW only to the readers of `changes` and `live` that are up to date and whose shape it
   * matches: nothing is stored, and reads of its path are unaffected. With several servers it reaches only the readers
   * connected to the server that handles the request. Cannot be combined with `key`. Default false.
   */
  readonly ephemeral?: boolean | undefined
}

/** Waits for other servers' writes, where several share one database. */
export interface AtLeast {
  /**
   * A cursor that the server has to know before it reads: it waits until then, at most 5 s, else UNAVAILABLE. Throws
   * CURSOR_UNKNOWN for a cursor of other data. Default: it reads what it knows.
   */
  readonly atLeast?: Cursor | undefined
}

export interface ReadOptions extends AtLeast {
  readonly asOf?: AsOf | undefined
}

export interface DocumentOptions extends ReadOptions {
  /** Whether a deleted document is returned as its tombstone instead of null. Default false. */
  readonly deleted?: boolean | undefined
}

/** A page of a list: `first` from the front or `last` from the back, between two page cursors. */
export interface PageOptions {
  /** 1–1,000. Default 100, when `last` is not given either. */
  readonly first?: number | undefined
  readonly last?: number | undefined
  readonly after?: string | undefined
  readonly before?: string | undefined
}

export interface CollectionsOptions extends ReadOptions {
  /** 1–1,000. Default 100. */
  readonly first?: number | undefined
  /** A page cursor. */
  readonly after?: string | undefined
}

export interface DiffOptions extends AtLeast {
  readonly from: AsOf
  /** Default: now. */
  readonly to?: AsOf | undefined
}

export interface HistoryOptions extends PageOptions, AtLeast {
  /** Inclusive. */
  readonly from?: Timestamp | undefined
  /** Inclusive. */
  readonly to?: Timestamp | undefined
  /** Only versions that this actor wrote. Default: those of all actors. */
  readonly actor?: string | undefined
}

/** Selects among the documents that a path or pattern names. */
export interface Filter {
  /** CEL over `value`, `path`, `id` and `params` (https://cel.dev); false if a field is missing. Default: all match. */
  readonly where?: string | undefined
  /** The variable `params` of `where`: an object of at most 32 keys and 16,384 bytes as JSON. */
  readonly params?: Json | undefined
}

/** How deep a feed or a page of the log looks. */
export interface Depth {
  /**
   * Levels of collections below the documents that a pattern names; 0: these documents alone. Default: all levels.
   */
  readonly depth?: number | undefined
}

/**
 * Options of `log`. `after`, `before`, `from` and `to` together bound the commits; `first` or `last` takes a page of
 * them.
 */
export interface LogOptions extends Filter, Depth, AtLeast {
  /** Only commits after this cursor. */
  readonly after?: Cursor | undefined
  /** Only commits before this cursor; the commit that it stands for is left out. */
  readonly before?: Cursor | undefined
  /** The oldest changes, rounded up to whole commits; 1–1,000. Default 100, when `last` is not given either. */
  readonly first?: number | undefined
  /** The newest changes, as `first`. */
  readonly last?: number | undefined
  /** Inclusive. */
  readonly from?: Timestamp | undefined
  /** Inclusive. */
  readonly to?: Timestamp | undefined
  /** Only commits of this actor. Default: those of all actors. */
  readonly actor?: string | undefined
  readonly types?: readonly ChangeType[] | undefined
}

/** Options of `changes` and `live`. */
export interface FeedOptions extends Filter, Depth, AtLeast {
  /** Resume after this cursor. */
  readonly after?: Cursor | undefined
  /** Fields of the value to deliver, as paths inside it (`title`, `author/name`); default: the whole value. */
  readonly columns?: readonly string[] | undefined
  /** FULL delivers the value before each change too. Default DEFAULT: without. */
  readonly replica?: 'DEFAULT' | 'FULL' | undefined
  /** A batch at least this often, 100–60,000 ms; default 15,000. */
  readonly heartbeatMs?: number | undefined
  /** Aborting it ends the feed and frees its resources. */
  readonly signal?: AbortSignal | undefined
}

export interface ChangesOptions extends FeedOptions {
  /** Where a feed without `after` begins. Default NOW. */
  readonly start?: 'BEGINNING' | 'NOW' | undefined
  /** Begin with the last n matching changes, rounded up to whole commits; 1–1,000. */
  readonly last?: number | undefined
  /** Complete after this many changes, rounded up to whole commits; ephemeral ones count. */
  readonly limit?: number | undefined
  readonly types?: readonly ChangeType[] | undefined
}

export interface WatchOptions extends AtLeast {
  /** Levels of nested collections. Default: all. */
  readonly depth?: number | undefined
  /** Aborting it ends the feed and frees its resources. */
  readonly signal?: AbortSignal | undefined
}

/** Selects running subscriptions: a subscription is selected when every given field applies to it. */
export interface InterruptMatch extends Filter {
  /** Patterns (1–32): selects subscriptions of which a pattern can name the same document as one of these. */
  readonly paths: readonly string[]
  /** The actor that opened the subscription. */
  readonly actor?: string | undefined
}
