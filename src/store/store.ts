import type { Commit } from '../core/commit.ts'
import type { FieldPath } from '../core/json/field.ts'
import type { Path } from '../core/path.ts'
import type { Millis, Revision, Version, Write } from '../core/version.ts'

/**
 * The port to what keeps the data. Adapters are dumb: no rules, no document ids, no clocks, no validation.
 * Laws have ids (L1 …); each names the contract test that defends it (test/contract/store).
 *
 * L0 visibility: once a reader has seen revision n, no commit with a revision ≤ n will ever become visible.
 * L9 tenants: what is done in one tenant is never seen in another.
 *
 * Errors: UNAVAILABLE and STORAGE_FULL (DatabaseError), with nothing half done.
 */
export interface Store {
  /** Whether other processes may write to it at the same time. */
  readonly shared: boolean

  /**
   * Appends drafts in order; each sees those before it. Durable on return.
   *
   * L1 revisions are gap-free and total per tenant, and times never run backwards along them.
   * L2 versions are dense per document: 1, 2, 3 …, deletes included.
   * L3 a draft is all or nothing, and one that conflicts does not touch its neighbours.
   * L4 an acknowledged commit survives kill -9.
   * L5 the same commit id twice is one commit: the second answers `repeated`, whatever it writes.
   * L6 a conflict names the path and its current version.
   * L11 a draft that expects what an earlier one of the list would have written, which was not committed, is a conflict too.
   */
  append(tenant: TenantId, drafts: readonly Draft[]): Promise<readonly Appended[]>

  /** The commits with these ids, null for those that are not there. Cost: a point read each. */
  find(tenant: TenantId, ids: readonly string[]): Promise<readonly (Commit | null)[]>

  /**
   * Versions of documents, tombstones included; null for those without a version. All of one revision.
   *
   * L7 as-of equals what was: with `at`, exactly what a reader then would have got. `at` > last reads the latest.
   */
  heads(tenant: TenantId, paths: readonly Path[], at?: Revision): Promise<Snapshot<readonly (Version | null)[]>>

  /**
   * Documents of a range in key order, as of `at` (L7). Cost: latest reads touch only the rows they return.
   *
   * L10 bounded steps: a page ends early once `skips` rows were passed over, so it may be short or empty; pages that go on
   * from `next` give what one page without bounds would have given. It holds of `list`, `log` and `history`.
   */
  list(tenant: TenantId, range: Range, at?: Revision): Promise<ListPage>

  /**
   * Names of the collections right below each document (`[]`: the top level) in which a document had a version, deleted ones too,
   * as of `at`, in order.
   */
  collections(tenant: TenantId, documents: readonly Path[], at?: Revision): Promise<readonly (readonly string[])[]>

  /** Versions of one document, oldest first. Cost: only the rows it returns, however long the history is; with `touching`, L10. */
  history(tenant: TenantId, path: Path, range: HistoryRange): Promise<HistoryPage>

  /**
   * L8 from any revision at or above the floor the log gives every later commit once, in order.
   * Cost: with `below`, only the commits it returns while few documents lie there, tombstones included; else L10.
   */
  log(tenant: TenantId, range: LogRange): Promise<LogPage>

  /** The last revision whose time is ≤ `time`; 0 when there is none. */
  revisionAt(tenant: TenantId, time: Millis): Promise<Revision>

  /**
   * Rings when there may be more in a tenant's log. Only a doorbell: it may lose, repeat and reorder.
   * `last` is a revision that is visible now, where the store knows one: who has it need not look. Disposing ends it.
   */
  listen(ring: CommitListener): Promise<AsyncDisposable>

  /** Removes a tenant with all that it holds. The next use of the name begins a new epoch. */
  drop(tenant: TenantId): Promise<void>

  /** Waits for what runs and frees everything. */
  close(): Promise<void>
}

export type CommitListener = (tenant: TenantId, last?: Revision) => void

/** Name of a tenant: `[a-z0-9-]{1,63}`. */
export type TenantId = string

/** A commit as it is proposed. */
export interface Draft {
  /** The id that the commit will have. */
  readonly id: string
  /** The commit's time is this or, when that would run backwards, its predecessor's. */
  readonly at: Millis
  readonly actor: string | null
  readonly digest: string | null
  /** What was read to decide on the writes. The writes expect their documents at `version - 1` beside this. */
  readonly expects: readonly Expectation[]
  /** At most one per path. */
  readonly writes: readonly Write[]
}

export type Expectation =
  /** The document is at this version; 0: it never had one. */
  | { readonly kind: 'version'; readonly path: Path; readonly version: number }
  /** Nothing at or below this path (a document's or a collection's) was written after this revision. */
  | { readonly kind: 'unchanged'; readonly below: Path; readonly since: Revision }

export type Appended =
  | { readonly kind: 'committed'; readonly commit: Commit }
  | { readonly kind: 'repeated'; readonly commit: Commit }
  /**
   * The first expectation that does not hold, `expects` before `writes`. `path` is what it names (of `unchanged`:
   * `below`); `version` is the current one of the document there, 0 when there is none.
   */
  | { readonly kind: 'conflict'; readonly path: Path; readonly version: number }

/** What was read, and the revision it is a picture of. */
export interface Snapshot<T> {
  readonly revision: Revision
  readonly rows: T
}

/** A page ends with whichever bound comes first, but it has at least one row where there is one, unless rows were passed over (L10). */
export interface Limit {
  readonly rows: number
  /** Of what the rows hold, about. */
  readonly bytes: number
}

/**
 * Rows that one page passes over at most, where a range does not say it: some milliseconds of an embedded store. What is large
 * counts as several.
 */
export const SKIPS = 1_024

export interface Page {
  readonly rows: readonly Version[]
  /** Whether the range goes on beyond these rows. */
  readonly more: boolean
}

export interface ListPage extends Page {
  /** What it is a picture of. */
  readonly revision: Revision
  /** Where there is more: the document behind which the range goes on (`after`; from the back, `before`). It need not be one of the rows. */
  readonly next?: Path | undefined
}

export interface HistoryPage extends Page {
  /** Where there is more: the revision behind which the range goes on (`after`; from the back, `before`). */
  readonly next?: Revision | undefined
}

/** Documents, in the order of (collection path, id) by Unicode code point. */
export interface Range {
  /** `collection`: the documents right in it, not nested ones. `below`: all documents below a document or in and below a collection. */
  readonly kind: 'collection' | 'below'
  readonly path: Path
  /** Exclusive bounds: documents of the range (they need not exist). */
  readonly after?: Path | undefined
  readonly before?: Path | undefined
  /** From the back; rows still come in key order. */
  readonly reverse?: boolean | undefined
  /** Tombstones too. */
  readonly deleted?: boolean | undefined
  /** Documents that were deleted then, or came later, and are passed over at most; default SKIPS. */
  readonly skips?: number | undefined
  readonly limit: Limit
}

export interface HistoryRange {
  /** Revisions, exclusive. */
  readonly after?: Revision | undefined
  readonly before?: Revision | undefined
  /** Only the version with this number; the other fields then do not matter. */
  readonly version?: number | undefined
  /** The newest of the range instead of the oldest; rows still come oldest first. */
  readonly reverse?: boolean | undefined
  /** Only versions that may have changed this field of the value (`mayTouch`). */
  readonly touching?: FieldPath | undefined
  /** Other versions that are passed over at most; default SKIPS. */
  readonly skips?: number | undefined
  readonly limit: Limit
}

export interface LogRange {
  /** Exclusive. */
  readonly after: Revision
  /** Exclusive. */
  readonly before?: Revision | undefined
  /** The newest of the range instead of the oldest; rows still come oldest first. */
  readonly reverse?: boolean | undefined
  /** Only commits that wrote a document at or below one of these paths. */
  readonly below?: readonly Path[] | undefined
  /** Versions of other commits that are passed over at most; default SKIPS. */
  readonly skips?: number | undefined
  readonly limit: Limit
}

export interface LogPage {
  readonly commits: readonly Commit[]
  /** Where the range goes on beyond these commits: the revision behind which it does (`after`; from the back, `before`). */
  readonly next?: Revision | undefined
  /** Commits at or below this revision are gone; 0: all are there. */
  readonly floor: Revision
  /** The newest visible revision; 0: nothing was written. */
  readonly last: Revision
  /** Letters a–z and digits; another one after the tenant was dropped or restored. */
  readonly epoch: string
}
