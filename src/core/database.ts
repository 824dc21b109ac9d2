import type {
  AsOf,
  ChangesOptions,
  CollectionsOptions,
  Cursor,
  DiffOptions,
  DocumentOptions,
  Expect,
  FeedOptions,
  Filter,
  HistoryOptions,
  InterruptMatch,
  LogOptions,
  PageOptions,
  PostOptions,
  ReadOptions,
  RestoreScope,
  Timestamp,
  WatchOptions,
  WriteOptions,
} from './database/options.ts'
import type { Json } from './json/json.ts'
import type { Difference } from './patch/diff.ts'
import type { ChangeType } from './version.ts'

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
  /** Of a page of `log`: its place. Left out in the batches of feeds. */
  readonly pageInfo?: LogPageInfo | undefined
}

/**
 * The place of a page of the log among all that match, as a Relay connection has it
 * (https://relay.dev/graphql/connections.htm). A page whose search was long may end early, even without a change: then
 * the cursor marks where the search stopped.
 */
export interface LogPageInfo {
  /** Whether newer changes may match; of a page of the newest (`last`), whether `before` was given. */
  readonly hasNextPage: boolean
  /** Whether older changes may match; of a page of the oldest (`first`), whether `after` was given. */
  readonly hasPreviousPage: boolean
  /** Pass it as `before` for the page before this one. Null when nothing was read that lies between two pages. */
  readonly startCursor: Cursor | null
  /** Pass it as `after` for the page after this one: the cursor of the batch. */
  readonly endCursor: Cursor
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

/**
 * A change of a value, said in exactly one way: a JSON Merge Patch (RFC 7396), a JSON Patch (RFC 6902), or operators by
 * field (`{ "stats/likes": { "$inc": 1 } }`; docs/time.md lists them).
 */
export type Patch = { readonly merge: Json } | { readonly json: Json } | { readonly operators: Json }

/** The writes of one actor, all of them unless a period or paths narrow them. */
export interface ActorPeriod {
  readonly actor: string
  /** Inclusive. */
  readonly from?: Timestamp | undefined
  /** Inclusive. */
  readonly to?: Timestamp | undefined
  /** Patterns (1–32); one that names a field reverts that alone. Default: everything. */
  readonly paths?: readonly string[] | undefined
}

/** Which writes to revert: those of the commit with this id, or of an actor; exactly one field. */
export type RevertSelection = { readonly commit: string } | { readonly actor: ActorPeriod }

/** The change of one document by a revert: it comes back (NEW), goes (DELETE), or fields of it go back (UPDATE). */
export interface Reverting {
  readonly path: string
  /** As `Change.fields`. */
  readonly fields: readonly string[]
  readonly type: ChangeType
  /**
   * The value of the document after the revert. Null where it goes, and where the values of the documents before it
   * have 262,144 bytes together.
   */
  readonly value: Json
}

/** A field, or a whole document (`field` is empty), that a revert leaves as it is, for it was written since. */
export interface RevertConflict {
  readonly path: string
  readonly field: string
  /** The value that stays there; null also when nothing is there. */
  readonly now: Json
  /** The value before the reverted writes; null also when nothing was there. */
  readonly wanted: Json
  /** The actor that wrote what stays there; null when it is not known. */
  readonly by: string | null
}

/** The result of `revert`. */
export interface Reverted {
  /** Null with `dryRun`, and when there is nothing to do. */
  readonly commit: WriteResult | null
  /** In the order of paths. */
  readonly applied: readonly Reverting[]
  /** In the order of paths and fields. */
  readonly conflicts: readonly RevertConflict[]
}

export type Op =
  | { readonly kind: 'post'; readonly path: string; readonly value: Json; readonly id?: string | undefined }
  | { readonly kind: 'put'; readonly path: string; readonly value: Json; readonly expect?: Expect | undefined }
  | { readonly kind: 'patch'; readonly path: string; readonly patch: Patch; readonly expect?: Expect | undefined }
  | { readonly kind: 'delete'; readonly path: string; readonly expect?: Expect | undefined }

export interface Check {
  readonly path: string
  readonly expect: Expect
}

/** A collection that has or had documents, or that an empty array in its parent document declares. */
export interface Collection {
  readonly path: string
  /** The last segment of the path. */
  readonly name: string
  /** Number of documents directly in it: exact to 1,000, null when there are more. */
  readonly documents: number | null
}

/**
 * A page of a list, as a Relay connection (https://relay.dev/graphql/connections.htm). A page for which much must be
 * searched may end early, even without an edge: then `hasNextPage` (or `hasPreviousPage`) is true and the cursor marks
 * where the scan stopped.
 */
export interface ConnectionPage<Node> {
  readonly edges: readonly { readonly cursor: string; readonly node: Node }[]
  /** Pass it as `before` for the previous page. Null when the page is empty and there is no further page. */
  readonly startCursor: string | null
  /** Pass it as `after` for the next page. Null as `startCursor`. */
  readonly endCursor: string | null
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
  /** The revision that the page shows. */
  readonly cursor: Cursor
}

/** A page of documents or versions. */
export interface DocumentPage extends ConnectionPage<Document> {
  /**
   * Whether retention removed versions that a history would show in the range that was asked for; of a collection,
   * whether it may have. False for a page of documents.
   */
  readonly truncated: boolean
}

/** A page of collections. */
export interface CollectionPage extends ConnectionPage<Collection> {}

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
   * Makes what the path names as it was at a moment of the past, by an ordinary commit; what was not there then is
   * deleted. `scope`: TREE with everything below it; default DOCUMENT. A version that equals what is there is written,
   * too.
   */
  restore(
    path: string,
    to: AsOf,
    options?: WriteOptions & { readonly scope?: RestoreScope | undefined; readonly expect?: Expect | undefined },
  ): Promise<WriteResult>
  /**
   * Takes back what a commit did, or an actor in a period, and leaves everything else as it is: what somebody else
   * wrote since stays, and is a conflict. `dryRun`: writes nothing; default false.
   */
  revert(what: RevertSelection, options?: WriteOptions & { readonly dryRun?: boolean | undefined }): Promise<Reverted>
  /**
   * Erases a document with everything below it, or a collection: the content of all versions, also where it lies on
   * disk. Marks of the versions stay; the names are free again. Resolves when no content is left. At most 1,000
   * documents, deleted ones included, else TOO_LARGE; NOT_FOUND when there is none. TIMEOUT (`outcome` UNKNOWN) after
   * 20 seconds: the erasing goes on, and the same call again waits for it.
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
  /**
   * A page of the collections at the root (null), or directly below the document at the path, by name; those of the
   * system, whose names begin with `_`, are not shown. Null when there is no such document.
   */
  collections(path: string | null, options?: CollectionsOptions): Promise<CollectionPage | null>
  /**
   * The JSON Patch (RFC 6902) from the value of a document or a field as of `from` to its value as of `to`; from or to
   * nothing: an `add` or a `remove` of the root. More than 10,000 operations, or 4 MiB of paths, become one `replace`
   * of the root.
   */
  diff(path: string, options: DiffOptions): Promise<readonly Difference[]>
  /** A page of the log: the changes that `changes` would have delivered; the oldest first, with `last` too. */
  log(paths: readonly string[], options?: LogOptions): Promise<ChangeBatch>
  /** Every matching change, in order, exactly once. A gap ends the feed with an error. */
  changes(paths: readonly string[], options?: ChangesOptions): AsyncIterableIterator<ChangeBatch>
  /**
   * The matching documents, then their changes; a slow reader gets only the latest of each document. A gap causes a
   * `reset`.
   */
  live(paths: readonly string[], options?: FeedOptions): AsyncIterableIterator<ChangeBatch>
  /** The result of `get`, now and after each of its changes; a slow reader gets only the latest. */
  watch(path: string, options?: WatchOptions): AsyncIterableIterator<ObservedValue>
}
