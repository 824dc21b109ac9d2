import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Commit } from '../../core/commit.ts'
import { resumePoint, type ResumePoint } from '../../core/cursor.ts'
import { replacedDataError } from '../../core/error.ts'
import { isSystemPath } from '../../core/path.ts'
import type { Millis, Revision, Version } from '../../core/version.ts'
import { purgedBy } from '../../store/erasure.ts'
import type { Limit, Store, TenantId } from '../../store/store.ts'
import { PreviousValues } from '../shape/previous-values.ts'
import { ShapeIndex, UNKNOWN_PREVIOUS, type MaybePrevious } from '../shape/shape-index.ts'
import { RecentCommits } from './recent-commits.ts'
import { RevisionWaiters } from './revision-waiters.ts'

/** One read of the log by a feed: the bound of the commits in memory per reader. */
export const FEED_PAGE: Limit = { rows: 64, bytes: 1_048_576 }
const RECENT = { maxCommits: 4_096, maxBytes: 33_554_432 }
/** Interval of reads of the log while a caller waits for a revision, as a notification may be lost, ms. */
const WAIT_REFRESH_MS = 100
/** Least time between two reads of the log that `refreshIfStale` starts. */
const MIN_REFRESH_INTERVAL_MS = 100
/** Followers that get an ephemeral commit in one turn of the event loop. */
const EPHEMERAL_SLICE = 256

/** Actor of commits that write nothing and only close the times before theirs. */
export const CLOSING_ACTOR = 'sys:time'

/** Gets the commits that may match its shape. */
interface Follower {
  /** Called before `notifiedUpTo` reaches the revision. */
  markPending(revision: Revision): void
  /** An ephemeral commit may match. */
  publishEphemeral(commit: Commit): void
}

/**
 * The end of one tenant's log, as this process sees it: the newest commits in memory, and the followers of shapes. It
 * only moves forward, without gaps: after revision n was visible here, no other commit ≤ n appears.
 */
export class LogTail {
  readonly #store: Store
  readonly #tenant: TenantId
  readonly #recent = new RecentCommits(RECENT)
  #refreshing: Promise<void> | null = null
  #refreshAgain = false
  #refreshedAt = performance.now()
  /** When commits were last added to those in memory, or read from them. */
  #usedAt = performance.now()
  readonly epoch: string
  floor: Revision
  last: Revision
  /** Time of the last commit. */
  lastAt: Millis = 0
  /** Time of the last commit that was not made by CLOSING_ACTOR. */
  writtenAt: Millis = 0
  /** Up to this revision, all followers whose shapes may match were notified. */
  notifiedUpTo: Revision
  /** Revision of the newest commit that is known to have purged documents; 0: none. */
  lastPurge: Revision = 0
  /** Called when a commit has purged documents: what was cached of them must be dropped. */
  onPurged: () => void = () => {}
  /** Called when a commit has written a document of the system. */
  onSystemWrite: () => void = () => {}
  readonly shapes: ShapeIndex<Follower> = new ShapeIndex()
  readonly previousValues: PreviousValues
  readonly #waiters = new RevisionWaiters()
  #notifying = false
  #ephemeral: Promise<void> = Promise.resolve()

  private constructor(store: Store, tenant: TenantId, at: { epoch: string; floor: Revision; last: Revision }) {
    this.#store = store
    this.#tenant = tenant
    this.epoch = at.epoch
    this.floor = at.floor
    this.last = at.last
    this.notifiedUpTo = at.last
    this.previousValues = new PreviousValues(store, tenant)
  }

  static async open(store: Store, tenant: TenantId): Promise<LogTail> {
    const page = await store.log(tenant, { after: 0, reverse: true, limit: { rows: 1, bytes: 1 } })
    const tail = new LogTail(store, tenant, page)
    tail.lastAt = page.commits[0]?.at ?? 0
    tail.writtenAt = tail.lastAt
    return tail
  }

  /** Appends commits of this process. Where commits of other processes lie in between, they are read from the log. */
  async publish(commits: readonly Commit[]): Promise<void> {
    if (!this.#append(commits)) await this.refresh()
  }

  /** Reads the commits of other processes. Resolves when all that were visible at the call are appended. */
  refresh(): Promise<void> {
    if (this.#refreshing !== null) {
      this.#refreshAgain = true
      return this.#refreshing
    }
    this.#refreshing = this.#readToEnd()
    return this.#refreshing
  }

  /** Finds commits of lost store notifications, unless the last read is less than 100 ms ago. A failure is ignored. */
  async refreshIfStale(): Promise<void> {
    if (performance.now() - this.#refreshedAt < MIN_REFRESH_INTERVAL_MS) return
    await this.refresh().catch(() => {})
  }

  /** Commits after `revision` up to `until`, at least one if there is any; from memory where they are all there. */
  async read(revision: Revision, limit: Limit = FEED_PAGE, until: Revision = Infinity): Promise<readonly Commit[]> {
    const commits = await this.#read(revision, limit, until)
    return (commits.at(-1)?.revision ?? 0) <= until ? commits : commits.filter((commit) => commit.revision <= until)
  }

  /** Drops the commits in memory if none was added or read for `idleMs`: from then on they are read from the log. */
  forgetIdle(idleMs: number): void {
    const isIdle = performance.now() - this.#usedAt >= idleMs && this.notifiedUpTo === this.last
    if (isIdle) this.#recent.clear()
  }

  /** Commits after `revision` from memory, at least one if there is any; null where they are not all there. */
  recent(revision: Revision, limit: Limit): readonly Commit[] | null {
    this.#usedAt = performance.now()
    return this.#recent.after(revision, limit)
  }

  async #read(revision: Revision, limit: Limit, until: Revision): Promise<readonly Commit[]> {
    if (revision >= Math.min(this.last, until)) return []
    const recent = this.recent(revision, limit)
    if (recent !== null) return recent
    const page = await this.#store.log(this.#tenant, { after: revision, limit })
    this.floor = page.floor
    if (revision < page.floor) return []
    return page.commits
  }

  /** Where a reader with a cursor resumes, or why it cannot. Newer commits are looked for before a cursor is ahead. */
  async resumePoint(cursor: string): Promise<ResumePoint> {
    const point = resumePoint(this, cursor)
    if (point.kind !== 'ahead') return point
    await this.refresh()
    return resumePoint(this, cursor)
  }

  /** Whether `last` reaches a revision within `ms`; false also when `signal` is aborted before. */
  async reaches(revision: Revision, ms: number, signal?: AbortSignal): Promise<boolean> {
    const deadline = performance.now() + ms
    while (revision > this.last) {
      // A failure counts as no news: the store may be back in time.
      await this.refresh().catch(() => {})
      const left = deadline - performance.now()
      if (revision <= this.last) return true
      if (left <= 0 || signal?.aborted === true) return false
      await this.#waiters.wait(revision, Math.min(left, WAIT_REFRESH_MS), signal)
    }
    return true
  }

  async #readToEnd(): Promise<void> {
    try {
      do await this.#readPage()
      while (this.#refreshAgain)
    } finally {
      // No await since the last check of #refreshAgain: a later call starts a new read.
      this.#refreshing = null
    }
  }

  async #readPage(): Promise<void> {
    this.#refreshAgain = false
    this.#refreshedAt = performance.now()
    const page = await this.#store.log(this.#tenant, { after: this.last, limit: FEED_PAGE })
    if (page.epoch !== this.epoch) throw replacedDataError()
    this.floor = page.floor
    this.#append(page.commits)
    if (this.last < page.last) this.#refreshAgain = true
  }

  /** Appends commits up to the first gap; false when there is a gap. */
  #append(commits: readonly Commit[]): boolean {
    for (const commit of commits) {
      if (commit.revision <= this.last) continue
      if (commit.revision !== this.last + 1) {
        this.#advanced()
        return false
      }
      this.#recent.push(commit, this.previousValues)
      this.#usedAt = performance.now()
      this.last = commit.revision
      this.lastAt = commit.at
      if (commit.actor !== CLOSING_ACTOR) this.writtenAt = commit.at
      if (purgedBy(commit).length > 0) {
        this.lastPurge = commit.revision
        this.onPurged()
      }
      if (commit.versions.some(({ path }) => isSystemPath(path))) this.onSystemWrite()
    }
    this.#advanced()
    return true
  }

  #advanced(): void {
    this.#waiters.reached(this.last)
    void this.#notifyFollowers()
  }

  /** Notifies the followers of new commits, in order; mostly synchronous, but for reads of previous values. */
  async #notifyFollowers(): Promise<void> {
    if (this.#notifying) return
    this.#notifying = true
    while (this.notifiedUpTo < this.last) {
      const revision = this.notifiedUpTo + 1
      const commit = this.#recent.get(revision)
      // The commit fell out of memory during an await: it may match any follower.
      if (commit === undefined) for (const follower of this.shapes.all()) follower.markPending(revision)
      const versions = this.shapes.isEmpty ? [] : (commit?.versions ?? [])
      // All reads of a commit begin before the first is awaited.
      const found = versions.map((version) => this.#followersOf(version))
      for (const each of found) {
        for (const follower of each instanceof Promise ? await each : each) follower.markPending(revision)
      }
      this.notifiedUpTo = revision
    }
    this.#notifying = false
  }

  /**
   * Hands an ephemeral commit to the followers it may match, in a later turn and in order. Resolves when all have it.
   */
  publishEphemeral(commit: Commit): Promise<void> {
    const delivered = this.#ephemeral.then(() => this.#deliverEphemeral(commit))
    this.#ephemeral = delivered.catch(() => {})
    return delivered
  }

  async #deliverEphemeral(commit: Commit): Promise<void> {
    await nextTurn()
    // A set, for several patterns of one shape may match.
    const followers = new Set(commit.versions.flatMap((version) => [...this.shapes.find(version, undefined)]))
    let count = 0
    for (const follower of followers) {
      follower.publishEphemeral(commit)
      if (++count % EPHEMERAL_SLICE === 0) await nextTurn()
    }
  }

  /** The followers that a version may match; a promise where its previous value must be read, which is not held. */
  #followersOf(version: Version): Iterable<Follower> | Promise<Iterable<Follower>> {
    const find = (previous: MaybePrevious): Iterable<Follower> => this.shapes.find(version, previous)
    if (!this.shapes.needsPrevious(version)) return find(undefined)
    if (version.purged === true) return find(UNKNOWN_PREVIOUS)
    const before = this.previousValues.get(version)
    if (!(before instanceof Promise)) return find(before)
    return before.then(
      (value) => new Set(find(value)),
      () => find(UNKNOWN_PREVIOUS),
    )
  }
}
