import type { Json } from './json/json.ts'
import type { ChangeType } from './version.ts'

/** RFC 3339, UTC, milliseconds. */
export type Timestamp = string

/** An opaque place in the tenant's log. */
export type Cursor = string

/** A document at one version, as every face shows it. */
export interface Document {
  readonly path: string
  /** The last segment of the path: unique in its collection. */
  readonly id: string
  /** 1, 2, 3 …; 0: an ephemeral post, which has no version. */
  readonly version: number
  /** Null when deleted. */
  readonly value: Json
  /** In a feed with `columns`: the value is no more than these. Left out where it is whole. */
  readonly isPart?: boolean | undefined
  readonly deleted: boolean
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
  readonly actor: string | null
  /** The commit that made this version; of an ephemeral post, the newest one when it was posted. */
  readonly cursor: Cursor
  /** The moment at which it was read: nested reads go on from there. */
  readonly asOf: Cursor
}

/** Why a change is delivered: the document was written, or a write made it begin or stop to match. */
export type ChangeReason = 'WRITE' | 'MOVED_IN' | 'MOVED_OUT'

/** What a commit did to one document. With `cursor: null` it was an ephemeral post: to be shown, never to be kept. */
export interface Change {
  readonly type: ChangeType
  readonly reason: ChangeReason
  readonly path: string
  /** After the change; of a DELETE, its tombstone; of a MOVED_OUT, without its value. */
  readonly document: Document
  /** The value before the change, with `replica: 'FULL'`; else null. */
  readonly before: Json
  /** The fields that were written, or the nearest above them where they are many, as paths inside the value; none: the whole value. */
  readonly fields: readonly string[]
  /** Id of its commit; of an ephemeral post, an id of its own that no log knows. */
  readonly commit: string
  /** Null exactly for an ephemeral post, which has no place in the log. */
  readonly cursor: Cursor | null
  readonly at: Timestamp
}

/** What a write did. */
export interface WriteResult {
  readonly id: string
  /** Its place in the log; of an ephemeral post, the newest place. */
  readonly cursor: Cursor
  readonly at: Timestamp
  readonly actor: string | null
  /** The key was used before for this same write: nothing new was written. */
  readonly repeated: boolean
  readonly changes: readonly Change[]
}

/** Why a `live` feed begins again: its cursor was too old, what it shows is another thing now, or the data was replaced. */
export type Reset = 'CURSOR_EXPIRED' | 'SHAPE_CHANGED' | 'RESTORED'

/**
 * One message of a feed: whole commits, so that storing its cursor is always safe. Immutable, and one object for all
 * readers of the same shape at the same place: what is made of it may be kept with it.
 */
export interface ChangeBatch {
  readonly changes: readonly Change[]
  readonly cursor: Cursor
  /** The backlog is delivered: from here on it is live. */
  readonly upToDate: boolean
  /** A new snapshot begins with this batch: drop what came before it when the next `upToDate` comes. */
  readonly reset: Reset | null
}

/** Takes what a feed gives, without a promise for each item. It throws nothing. */
export interface PullObserver<T> {
  next(item: T): void
  /** Nothing more comes; `failure` is null when it is simply over. */
  complete(failure: unknown): void
}

/** What some databases' feeds offer beside: thousands of readers may get one item in one moment. */
export interface PullSource<T> extends AsyncIterableIterator<T> {
  /** Answers `next` through a taker, which is called once. Not before the answer to the last call, of this or of `next`. */
  pull(taker: PullObserver<T>): void
}

/** What a path holds at one moment: one object for all who watch it. */
export interface ObservedValue {
  readonly value: Json
}

/** A state in the past; exactly one field. */
export type AsOf =
  | { readonly time: Timestamp }
  | { readonly cursor: Cursor }
  | { readonly version: number }

/** What must hold of the document that a write is about; exactly one field. */
export type Expect =
  | { readonly version: number }
  | { readonly absent: boolean }
  | { readonly exists: boolean }

/** What a patch does. */
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
  /** Idempotency key, 1–128 bytes: a retry with it is the same commit. */
  readonly key?: string | undefined
}

export interface PostOptions extends WriteOptions {
  /** Default: a fresh one that sorts by time. */
  readonly id?: string | undefined
  /**
   * Shows the document as a NEW to the readers of `changes` and `live` that are up to date and whose shape it matches,
   * and to nobody else: nothing is stored, and its path goes on to mean what it meant. On several servers it reaches the
   * readers of the one that is asked. It takes no `key`. Default false.
   */
  readonly ephemeral?: boolean | undefined
}

export interface ReadOptions {
  readonly asOf?: AsOf | undefined
}

export interface DocumentOptions extends ReadOptions {
  /** Whether a delete is given too, as the version that it is, and not as null. Default false. */
  readonly deleted?: boolean | undefined
}

/** A page of a list: `first` from the front or `last` from the back, between two page cursors. */
export interface PageOptions {
  /** 1–1,000; 100 when neither is given. */
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
 * A page of documents, in the shape of a Relay connection (https://relay.dev/graphql/connections.htm). A search for what is rare
 * may end it early, even without an edge: then there is more, and the cursor at that end is the place that was reached.
 */
export interface DocumentPage {
  readonly edges: readonly { readonly cursor: string; readonly node: Document }[]
  /** To go on towards the front: `before`. Null when the page is empty and nothing was left out. */
  readonly startCursor: string | null
  /** To go on towards the back: `after`. */
  readonly endCursor: string | null
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
  /** What this page is a picture of. */
  readonly cursor: Cursor
}

/** Which documents of those that a path or pattern names. */
export interface Filter {
  /** A CEL expression over `value`, `path`, `id` and `params` (https://cel.dev); missing fields make it false. Default: all match. */
  readonly where?: string | undefined
  /** What `where` calls `params`: an object with at most 32 keys, and 16,384 bytes as JSON. */
  readonly params?: Json | undefined
}

export interface LogOptions extends Filter {
  readonly after?: Cursor | undefined
  /** Changes, rounded up to whole commits; 1–1,000, default 100. */
  readonly first?: number | undefined
  readonly types?: readonly ChangeType[] | undefined
}

/** What feeds have in common. */
export interface FeedOptions extends Filter {
  /** Resume after this cursor. */
  readonly after?: Cursor | undefined
  /** Fields of the value to deliver, as paths inside it (`title`, `author/name`); default: the whole value. */
  readonly columns?: readonly string[] | undefined
  /** FULL delivers the value before each change too. Default DEFAULT: without. */
  readonly replica?: 'DEFAULT' | 'FULL' | undefined
  /** A batch at least this often, 100–60,000 ms; default 15,000. */
  readonly heartbeatMs?: number | undefined
  /** Ends the feed and frees what it holds. */
  readonly signal?: AbortSignal | undefined
}

export interface ChangesOptions extends FeedOptions {
  /** Where to begin without a cursor. Default NOW. */
  readonly start?: 'BEGINNING' | 'NOW' | undefined
  /** Begin with the last n matching changes, rounded up to whole commits; 1–1,000. */
  readonly last?: number | undefined
  /** Complete after this many changes, rounded up to whole commits; ephemeral ones count. */
  readonly limit?: number | undefined
  readonly types?: readonly ChangeType[] | undefined
}

/** Which running subscriptions are meant: those to which all of it applies that is given. */
export interface InterruptMatch extends Filter {
  /** Patterns (1–32). A subscription is meant when what it was opened for and what one of these names can have a document in common. */
  readonly paths: readonly string[]
  /** The actor who opened it. */
  readonly actor?: string | undefined
}

/**
 * The database of one tenant as one identity sees it. Paths and cursors are texts.
 * Methods reject with a DatabaseError; feeds throw at once what their arguments alone make wrong.
 */
export interface Database {
  /** Creates a document in the collection at `path`, with a fresh sortable id unless one is given. */
  post(path: string, value: Json, options?: PostOptions): Promise<WriteResult>
  /** Replaces what the path names: a field, or a whole document (created where its collection exists). */
  put(path: string, value: Json, options?: WriteOptions & { readonly expect?: Expect | undefined }): Promise<WriteResult>
  /** Changes a part of what the path names. */
  patch(path: string, patch: Patch, options?: WriteOptions & { readonly expect?: Expect | undefined }): Promise<WriteResult>
  /** Deletes a field, a document with all below it, or a collection. */
  delete(path: string, options?: WriteOptions & { readonly expect?: Expect | undefined }): Promise<WriteResult>
  /** All or nothing, over any paths; operations run in order and see each other. */
  transact(ops: readonly Op[], options?: WriteOptions & { readonly checks?: readonly Check[] | undefined }): Promise<WriteResult>
  /**
   * Decides anew what running feeds may show: `where` and `params` must be those with which they were opened, where
   * given. Of a feed whose shape stays the same nobody notices. Shown another shape, `live` begins again with a `reset`
   * (SHAPE_CHANGED), `watch` with the value that it may see, and `changes` goes on from its cursor, which stays good.
   * One that is no longer allowed ends with the reason, such as FORBIDDEN. Gives how many were meant, over all server
   * processes that answer within two seconds.
   */
  interrupt(match: InterruptMatch): Promise<number>
  /** What is at the path, with everything below, or `depth` levels of collections of it; null when nothing is there. */
  get(path: string, options?: ReadOptions & { readonly depth?: number | undefined }): Promise<Json>
  /** The stored document; null when absent, deleted (unless `deleted` is asked for), or the path is a field's. */
  document(path: string, options?: DocumentOptions): Promise<Document | null>
  /** A page of the collection at the path, in the order of ids. */
  documents(path: string, options?: PageOptions & ReadOptions & Filter): Promise<DocumentPage>
  /** Versions of a document, of a field, or of what lies in and below a collection; oldest first. */
  history(path: string, options?: HistoryOptions): Promise<DocumentPage>
  /** A page of the log: what `changes` would have delivered. */
  log(paths: readonly string[], options?: LogOptions): Promise<ChangeBatch>
  /** Every change that matches, in order, once. A gap is an error, never silence. */
  changes(paths: readonly string[], options?: ChangesOptions): AsyncIterableIterator<ChangeBatch>
  /** The documents that match, then their changes; one that is slow gets the latest of each. A gap is a `reset` and a new snapshot. */
  live(paths: readonly string[], options?: FeedOptions): AsyncIterableIterator<ChangeBatch>
  /** What `get` gives, now and after every change of it; one that is slow gets the latest. */
  watch(path: string, options?: { readonly depth?: number | undefined; readonly signal?: AbortSignal | undefined }): AsyncIterableIterator<ObservedValue>
}
