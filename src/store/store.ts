import type { Commit } from '../core/commit.ts'
import type { DatabaseError } from '../core/error.ts'
import type { FieldPath } from '../core/json/field.ts'
import type { Path } from '../core/path.ts'
import type { Millis, Revision, Version, Write } from '../core/version.ts'

/**
 * The storage port. Adapters hold no rules, no document ids, no clocks, no validation.
 * Laws have ids (L1 …); the test that defends a law bears its id (test/contract/store).
 *
 * L0 visibility: once a reader has seen revision n, no commit with a revision ≤ n will ever become visible.
 * L9 tenants: a write in one tenant is never visible in another.
 *
 * Methods reject with UNAVAILABLE or STORAGE_FULL (DatabaseError), and nothing is partly done then; reads of the
 * past also with HISTORY_EXPIRED (L15). Where the store does not know whether a draft was done, the draft's result says
 * so (`failed`), or the error of all drafts of the call, by the same `details.outcome`.
 */
export interface Store {
  /** Whether other processes may write to the same store at the same time. */
  readonly shared: boolean

  /**
   * Appends drafts in order; each sees the earlier ones. Durable when the promise resolves.
   *
   * L1 revisions are gap-free and total per tenant, and commit times never decrease along them.
   * L2 versions are dense per document: 1, 2, 3 …, deletes included.
   * L3 a draft is all or nothing, and a conflicting draft does not affect the others.
   * L4 an acknowledged commit survives kill -9.
   * L5 the same commit id twice is one commit: the second answers `repeated`, whatever it writes.
   * L6 a conflict names the path and its current version.
   * L11 a draft that expects a write of an earlier draft of the same call, which was not committed, is a conflict too.
   * L13 a draft with `exactAt` whose time is earlier than that of the previous commit is a conflict.
   * L14 erasure: a write with `purged` erases all earlier versions of its document. From its commit on, every read
   * gives them as marks: DELETE, `fields` empty, `value` null, `purged`. Where all versions of a commit are marks and
   * it had a digest, its id is replaced; where one is, its digest is empty. `list`, `paths` and `collections` leave
   * purged documents out.
   */
  append(tenant: TenantId, drafts: readonly Draft[]): Promise<readonly Appended[]>

  /**
   * Removes a part of what L14 has erased from the disk, in bounded steps; resolves to whether some may be left. When
   * it is false, all that was erased before the call is in no row, and ids that were replaced are free again. The next
   * call goes on with an erasure that a killed process left.
   */
  erase(tenant: TenantId): Promise<boolean>

  /**
   * Raises the floor to a revision, durably when the promise resolves; never lowers it, and not above the last.
   *
   * L15 floor: as of a revision below the floor, `heads`, `list` and `paths` give exactly what was, or reject
   * with HISTORY_EXPIRED where `thin` has removed what they need; `collections` counts documents of which it has. At
   * the floor and above, L7 and L8 hold, whatever `thin` removes.
   */
  raiseFloor(tenant: TenantId, floor: Revision): Promise<void>

  /**
   * Removes the versions of documents whose numbers are below `keep`, a bounded part of them. Their commits stay in the
   * log without them; a commit of which nothing is left loses its key, as by L14.
   *
   * L16 thinning: the newest version of a document at the floor, and all later ones, stay, whatever `keep` says.
   */
  thin(tenant: TenantId, documents: readonly Thinning[]): Promise<Thinned>

  /** The commits with these ids, null for each that does not exist. Cost: a point read each. */
  find(tenant: TenantId, ids: readonly string[]): Promise<readonly (Commit | null)[]>

  /**
   * Versions of documents, tombstones included, all of one revision; null for a document without a version.
   *
   * L7 as-of equals what was: with `at`, exactly what a reader at that revision got, but for L14. `at` > last reads the
   * latest.
   */
  heads(tenant: TenantId, paths: readonly Path[], at?: Revision): Promise<Snapshot<readonly (Version | null)[]>>

  /**
   * Documents of a range in key order, as of `at` (L7). Cost: latest reads scan only the rows they return.
   *
   * L10 bounded steps: a page ends early once `skips` rows were skipped, so it may be short or empty; the pages that
   * continue from `next` together equal one page without bounds. Holds for `list`, `paths`, `log` and `history`.
   */
  list(tenant: TenantId, range: Range, at?: Revision): Promise<ListPage>

  /** As `list` (L7, L10), but only the paths: no value is loaded. */
  paths(tenant: TenantId, range: Range, at?: Revision): Promise<PathPage>

  /**
   * Names, in order, of the collections directly below each document (`[]`: the top level) in which a document, deleted
   * or not, but not purged, had a version as of `at`.
   */
  collections(tenant: TenantId, documents: readonly Path[], at?: Revision): Promise<readonly (readonly string[])[]>

  /**
   * Versions of one document, oldest first. Cost: the rows it returns, however long the history is; with `touching` or
   * `actor`, L10.
   */
  history(tenant: TenantId, path: Path, range: HistoryRange): Promise<HistoryPage>

  /**
   * Versions of documents by their numbers, tombstones included, in the order asked. Ends after about so many `bytes`,
   * or with what the store reads at once where that is more.
   *
   * L18 numbered versions: those that are not in the log (never written, or removed by `thin`) are missing. With
   * `more`, at least one row is there and others may be missing: a call for all that are missing goes on.
   */
  versions(tenant: TenantId, numbers: readonly VersionNumber[], bytes: number): Promise<Page>

  /**
   * L8 from any revision at or above the floor the log returns every later commit once, in order; below the
   * floor, what `thin` has left.
   * L12 with `actor` it returns the commits of this actor, and no others; with `below` too, those of both.
   * Cost: with `actor`, with a top-level collection in `below`, or while few documents (deleted and purged ones
   * included) lie there: the commits it returns. Else, and with both, L10.
   */
  log(tenant: TenantId, range: LogRange): Promise<LogPage>

  /**
   * L17 confirmation: resolves to the last revision; every commit that any process had acknowledged before the call is
   * at or below it, and every later read of this process shows these. Reads alone may be behind for a moment, after
   * another server took over. Cost: where the store is shared, that of a write.
   */
  confirm(tenant: TenantId): Promise<Revision>

  /** The last revision whose time is ≤ `time`; 0 when there is none. */
  revisionAt(tenant: TenantId, time: Millis): Promise<Revision>

  /**
   * Calls `listener` when there may be new commits in a tenant's log. Only a hint: calls may be lost, repeated and
   * reordered. Ends when the result is disposed of.
   */
  listen(listener: CommitListener): Promise<AsyncDisposable>

  /** Removes a tenant with all its data. The next use of the name begins a new epoch. */
  drop(tenant: TenantId): Promise<void>

  /** Waits for running calls, then frees all resources. */
  close(): Promise<void>
}

/** `last`, if the store knows it, is a revision that is visible now: a reader that has it need not read the log. */
export type CommitListener = (tenant: TenantId, last?: Revision) => void

/** Name of a tenant: `[a-z0-9-]{1,63}`. */
export type TenantId = string

/** A proposed commit. */
export interface Draft {
  /** The id that the commit will have. */
  readonly id: string
  /** Proposed time of the commit; an earlier time than that of the previous commit is raised to it. */
  readonly at: Millis
  /** L13: the commit gets exactly the proposed time, or the draft is a conflict. Default false. */
  readonly exactAt?: boolean | undefined
  readonly actor: string | null
  readonly digest: string | null
  /** The reads on which the writes were decided. In addition, each write expects its document at `version - 1`. */
  readonly expects: readonly Expectation[]
  /** At most one per path. */
  readonly writes: readonly Write[]
}

/** Names one version of a document. */
export interface VersionNumber {
  readonly path: Path
  readonly version: number
}

/** The versions of one document that `thin` removes. */
export interface Thinning {
  readonly path: Path
  /** The lowest version number to keep. */
  readonly keep: number
}

/** The result of one call of `thin`. */
export interface Thinned {
  /** Number of versions that were removed. */
  readonly removed: number
  /** Whether some are left to remove: then the same call is to be made again. */
  readonly more: boolean
}

export type Expectation =
  /** The document is at this version; 0: it never had a version. */
  | { readonly kind: 'version'; readonly path: Path; readonly version: number }
  /** Nothing at or below this path (a document's or a collection's) was written after this revision. */
  | { readonly kind: 'unchanged'; readonly below: Path; readonly since: Revision }

/** `epoch`: that of the log which has the commit (`LogPage`). */
export type Appended =
  | { readonly kind: 'committed'; readonly commit: Commit; readonly epoch: string }
  | { readonly kind: 'repeated'; readonly commit: Commit; readonly epoch: string }
  /**
   * The first expectation that does not hold, `expects` before `writes`. `path` is its path (`below` of an
   * `unchanged`; of the first write, where only `exactAt` does not hold); `version` is the current version of the
   * document there, 0 when there is none.
   */
  | { readonly kind: 'conflict'; readonly path: Path; readonly version: number }
  /**
   * The draft met a failure of the store: UNAVAILABLE or STORAGE_FULL with `details.outcome`, which is NOT_DONE (it
   * will never become visible) or UNKNOWN (it may be there, or come).
   */
  | { readonly kind: 'failed'; readonly error: DatabaseError }

/** Rows that were read, all as of one revision. */
export interface Snapshot<T> {
  readonly revision: Revision
  readonly rows: T
}

/**
 * A page ends with the bound that is reached first; it has at least one row if the range has one, unless L10 ended it.
 */
export interface Limit {
  readonly rows: number
  /** Approximate size of the rows. */
  readonly bytes: number
}

/**
 * Default of `skips`: most rows that one page skips, some milliseconds of work of an embedded store. A large row counts
 * as several.
 */
export const SKIPS = 1_024

export interface Page {
  readonly rows: readonly Version[]
  /** Whether there is more beyond these rows. */
  readonly more: boolean
}

export interface ListPage extends Page {
  /** The revision that the page shows. */
  readonly revision: Revision
  /**
   * With `more`: the document from which to continue (as `after`; in reverse, as `before`). It need not be one of the
   * rows.
   */
  readonly next?: Path | undefined
}

/** A page of the paths of documents. */
export interface PathPage extends Omit<ListPage, 'rows'> {
  readonly rows: readonly Path[]
}

export interface HistoryPage extends Page {
  /** With `more`: the revision from which to continue (as `after`; in reverse, as `before`). */
  readonly next?: Revision | undefined
}

/** Documents, in the order of (collection path, id) by Unicode code point. */
export interface Range {
  /** `collection`: only its direct documents. `below`: all documents below a document, or in and below a collection. */
  readonly kind: 'collection' | 'below'
  readonly path: Path
  /** Levels of collections of a range `below`: deeper documents are neither returned nor read. Default: all. */
  readonly levels?: number | undefined
  /** Exclusive bounds: paths of documents of the range, which need not exist. */
  readonly after?: Path | undefined
  readonly before?: Path | undefined
  /** Reads from the end of the range; rows are still returned in key order. Default false. */
  readonly reverse?: boolean | undefined
  /** Returns tombstones too. Default false. */
  readonly deleted?: boolean | undefined
  /** Most documents to skip because they were deleted at `at`, or created later. Default SKIPS. */
  readonly skips?: number | undefined
  /**
   * Whether the rows may be views, whose properties are getters, `value` and `json` among them: what is not read need
   * not be decoded. Default false: plain objects.
   */
  readonly views?: boolean | undefined
  readonly limit: Limit
}

export interface HistoryRange {
  /** Revisions; exclusive. */
  readonly after?: Revision | undefined
  readonly before?: Revision | undefined
  /** Reads from the newest of the range; rows are still returned oldest first. Default false. */
  readonly reverse?: boolean | undefined
  /** Returns only versions that may have changed this field of the value (`mayTouch`). */
  readonly touching?: FieldPath | undefined
  /** Returns only versions that this actor wrote. */
  readonly actor?: string | undefined
  /** Most other versions to skip. Default SKIPS. */
  readonly skips?: number | undefined
  readonly limit: Limit
}

export interface LogRange {
  /** Exclusive. */
  readonly after: Revision
  /** Exclusive. */
  readonly before?: Revision | undefined
  /** Reads from the newest of the range; rows are still returned oldest first. Default false. */
  readonly reverse?: boolean | undefined
  /** Returns only commits that wrote a document at or below one of these paths. */
  readonly below?: readonly Path[] | undefined
  /** Returns only commits of this actor. */
  readonly actor?: string | undefined
  /** Most versions of other commits to skip. Default SKIPS. */
  readonly skips?: number | undefined
  readonly limit: Limit
}

export interface LogPage {
  readonly commits: readonly Commit[]
  /** If the range continues: the revision from which to continue (as `after`; in reverse, as `before`). */
  readonly next?: Revision | undefined
  /** Versions that were replaced at or below this revision may have been removed; 0: none was. */
  readonly floor: Revision
  /** The newest visible revision; 0: there is no commit. */
  readonly last: Revision
  /** Letters a–z and digits; changes when the tenant is dropped or restored. */
  readonly epoch: string
}
