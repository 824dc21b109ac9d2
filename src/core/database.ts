import type { Json } from './json/json.ts'
import type { ChangeType } from './version.ts'

/** RFC 3339, UTC, milliseconds. */
export type Timestamp = string

/** An opaque position in the tenant's log. */
export type Cursor = string

/** A document at one version, as every interface shows it. */
export interface Document {
  readonly path: string
  /** The last segment of the path: unique in its collection. */
  readonly id: string
  /** 1, 2, 3 …; 0 for an ephemeral post, which has no version. */
  readonly version: number
  /** Null when deleted. */
  readonly value: Json
  /** True when `value` holds only the feed's `columns`; left out when `value` is complete. */
  readonly isPart?: boolean | undefined
  readonly deleted: boolean
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
  readonly actor: string | null
  /** The commit that made this version; for an ephemeral post, the newest commit when it was posted. */
  readonly cursor: Cursor
  /** The revision at which the document was read: nested reads see the same revision. */
  readonly asOf: Cursor
}

/**
 * Why a change is delivered: the document was written; a write made it begin (MOVED_IN) or stop (MOVED_OUT) to match;
 * it was purged, or is a version of a purged document (PURGED); retention deleted it (EXPIRED).
 */
export type ChangeReason = 'WRITE' | 'MOVED_IN' | 'MOVED_OUT' | 'PURGED' | 'EXPIRED'

/**
 * The change of one document by one commit. `cursor: null` marks an ephemeral post: clients show it and never store it.
 */
export interface Change {
  readonly type: ChangeType
  readonly reason: ChangeReason
  readonly path: string
  /** The document after the change; for a DELETE, its tombstone; for a MOVED_OUT, without its value. */
  readonly document: Document
  /** The value before the change, with `replica: 'FULL'`; else null. */
  readonly before: Json
  /**
   * Fields that were written, as paths inside the value (their nearest ancestors when they are many); empty: the whole
   * value.
   */
  readonly fields: readonly string[]
  /** Id of the commit; for an ephemeral post, an id that is in no log. */
  readonly commit: string
  /** Null exactly for an ephemeral post, which is not in the log. */
  readonly cursor: Cursor | null
  readonly at: Timestamp
}

/** The result of a write. */
export interface WriteResult {
  readonly id: string
  /** Position of the commit in the log; for an ephemeral post, the newest position. */
  readonly cursor: Cursor
  readonly at: Timestamp
  readonly actor: string | null
  /** Whether the idempotency key was used before for the same write, so that nothing new was written. */
  readonly repeated: boolean
  readonly changes: readonly Change[]
}

/**
 * Why a `live` feed begins again: its cursor was too old, its shape was changed by `interrupt`, or the data was
 * replaced.
 */
export type Reset = 'CURSOR_EXPIRED' | 'SHAPE_CHANGED' | 'RESTORED'

/**
 * One message of a feed: whole commits, so that storing its cursor is always safe. Immutable, and shared by all readers
 * of the same shape at the same position: results derived from it may be cached by object identity.
 */
export interface ChangeBatch {
  readonly changes: readonly Change[]
  readonly cursor: Cursor
  /** Whether the backlog is delivered: from here on the feed is live. */
  readonly upToDate: boolean
  /** Not null when a new snapshot begins with this batch: drop the earlier state when the next `upToDate` comes. */
  readonly reset: Reset | null
}

/** Receives one item of a feed without a promise. Its methods must not throw. */
export interface PullObserver<T> {
  next(item: T): void
  /** Called when the feed has ended: `failure` is its error, or null at its regular end. */
  complete(failure: unknown): void
}

/** A feed that can also be read without promises, where thousands of readers get one item at once. */
export interface PullSource<T> extends AsyncIterableIterator<T> {
  /**
   * As `next`, but calls one method of `observer`, once. To be called only after the last `pull` or `next` was
   * answered.
   */
  pull(observer: PullObserver<T>): void
}

/** The value at a watched path at one revision: one object for all its watchers. */
export interface ObservedValue {
  readonly value: Json
}

/** A state in the past; exactly one field. */
export type AsOf = { readonly time: Timestamp } | { readonly cursor: Cursor } | { readonly version: number }

/** A precondition on the document that a write is about; exactly one field. */
export type Expect = { readonly version: number } | { readonly absent: boolean } | { readonly exists: boolean }

/** A patch: a JSON Merge Patch (RFC 7396). */
export type Patch = { readonly merge: Json }

export type Op =
  | { readonly kind: 'post'; readonly path: string; readonly value: Json; readonly id?: string | undefined }
  | { readonly kind: 'put'; readonly path: string; readonly value: Json; readonly expect?: Expect | undefined }
  | { readonly kind: 'patch'; readonly path: string; readonly patch: Patch; readonly expect?: Expect | undefined }
  | { readonly kind: 'delete'; readonly path: string; readonly expect?: Expect | undefined }

export interface Check {
  readonly path: string
  readonly expect: Expect
}

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

export interface ReadOptions {
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

export interface HistoryOptions extends PageOptions {
  /** Inclusive. */
  readonly from?: Timestamp | undefined
  /** Inclusive. */
  readonly to?: Timestamp | undefined
}

/**
 * A page of documents, as a Relay connection (https://relay.dev/graphql/connections.htm). A page whose filter matches
 * rarely may end early, even without an edge: then `hasNextPage` (or `hasPreviousPage`) is true and the cursor marks
 * where the scan stopped.
 */
export interface DocumentPage {
  readonly edges: readonly { readonly cursor: string; readonly node: Document }[]
  /** Pass it as `before` for the previous page. Null when the page is empty and there is no further page. */
  readonly startCursor: string | null
  /** Pass it as `after` for the next page. Null as `startCursor`. */
  readonly endCursor: string | null
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
  /** The revision that the page shows. */
  readonly cursor: Cursor
  /**
   * Whether retention removed versions that a history would show in the range that was asked for; of a collection,
   * whether it may have. False for a page of documents.
   */
  readonly truncated: boolean
}

/** Selects among the documents that a path or pattern names. */
export interface Filter {
  /** CEL over `value`, `path`, `id` and `params` (https://cel.dev); false if a field is missing. Default: all match. */
  readonly where?: string | undefined
  /** The variable `params` of `where`: an object of at most 32 keys and 16,384 bytes as JSON. */
  readonly params?: Json | undefined
}

export interface LogOptions extends Filter {
  readonly after?: Cursor | undefined
  /** Changes, rounded up to whole commits; 1–1,000, default 100. */
  readonly first?: number | undefined
  readonly types?: readonly ChangeType[] | undefined
}

/** Options of `changes` and `live`. */
export interface FeedOptions extends Filter {
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

/** Selects running subscriptions: a subscription is selected when every given field applies to it. */
export interface InterruptMatch extends Filter {
  /** Patterns (1–32): selects subscriptions of which a pattern can name the same document as one of these. */
  readonly paths: readonly string[]
  /** The actor that opened the subscription. */
  readonly actor?: string | undefined
}

/**
 * The database of one tenant, as one identity sees it. Paths and cursors are strings.
 * Methods reject with a DatabaseError; feeds throw it synchronously when their arguments alone are invalid.
 */
export interface Database {
  /** Creates a document in the collection at `path`, with a new sortable id unless `id` is given. */
  post(path: string, value: Json, options?: PostOptions): Promise<WriteResult>
  /** Replaces the value at the path: a field, or a whole document (created where its collection exists). */
  put(
    path: string,
    value: Json,
    options?: WriteOptions & { readonly expect?: Expect | undefined },
  ): Promise<WriteResult>
  /** Changes a part of the value at the path. */
  patch(
    path: string,
    patch: Patch,
    options?: WriteOptions & { readonly expect?: Expect | undefined },
  ): Promise<WriteResult>
  /** Deletes a field, a document with everything below it, or a collection. */
  delete(path: string, options?: WriteOptions & { readonly expect?: Expect | undefined }): Promise<WriteResult>
  /**
   * Erases a document with everything below it, or a collection: the content of all versions, also where it lies on
   * disk. Marks of the versions stay; the names are free again. Resolves when no content is left. At most 1,000
   * documents, deleted ones included, else TOO_LARGE; NOT_FOUND when there is none. TIMEOUT (`outcome` UNKNOWN) after
   * a minute: the erasing goes on, and the same call again waits for it.
   */
  purge(path: string, options?: WriteOptions): Promise<WriteResult>
  /** A transaction over any paths: all or nothing; operations run in order, and each sees the earlier ones. */
  transact(
    ops: readonly Op[],
    options?: WriteOptions & { readonly checks?: readonly Check[] | undefined },
  ): Promise<WriteResult>
  /**
   * Authorizes running feeds anew; `where` and `params`, if given, must equal those with which a feed was opened. A
   * feed whose granted shape stays the same is not disturbed. When the shape changes, `live` begins again with a
   * `reset` (SHAPE_CHANGED), `watch` delivers the value it may see now, and `changes` goes on from its cursor, which
   * stays valid. A feed that is no longer allowed ends with the reason, such as FORBIDDEN. Resolves to the number of
   * selected feeds in all server processes that answer within two seconds.
   */
  interrupt(match: InterruptMatch): Promise<number>
  /**
   * The value at the path with everything below it, or `depth` levels of its collections; null when nothing is there.
   */
  get(path: string, options?: ReadOptions & { readonly depth?: number | undefined }): Promise<Json>
  /** The stored document; null when absent, when deleted (unless `deleted` is set), or when the path names a field. */
  document(path: string, options?: DocumentOptions): Promise<Document | null>
  /** A page of the collection at the path, in the order of ids. */
  documents(path: string, options?: PageOptions & ReadOptions & Filter): Promise<DocumentPage>
  /** Versions of a document, of a field, or of all documents in and below a collection; oldest first. */
  history(path: string, options?: HistoryOptions): Promise<DocumentPage>
  /** A page of the log: the changes that `changes` would have delivered. */
  log(paths: readonly string[], options?: LogOptions): Promise<ChangeBatch>
  /** Every matching change, in order, exactly once. A gap ends the feed with an error. */
  changes(paths: readonly string[], options?: ChangesOptions): AsyncIterableIterator<ChangeBatch>
  /**
   * The matching documents, then their changes; a slow reader gets only the latest of each document. A gap causes a
   * `reset`.
   */
  live(paths: readonly string[], options?: FeedOptions): AsyncIterableIterator<ChangeBatch>
  /** The result of `get`, now and after each of its changes; a slow reader gets only the latest. */
  watch(
    path: string,
    options?: { readonly depth?: number | undefined; readonly signal?: AbortSignal | undefined },
  ): AsyncIterableIterator<ObservedValue>
}
