import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Commit } from '../../core/commit.ts'
import { resumePoint, type ResumePoint } from '../../core/cursor.ts'
import { DatabaseError } from '../../core/error.ts'
import type { Millis, Revision, Version } from '../../core/version.ts'
import type { Limit, Store, TenantId } from '../../store/store.ts'
import { PreviousValues } from '../shape/previous-values.ts'
import { ShapeIndex, UNKNOWN_PREVIOUS, type MaybePrevious } from '../shape/shape-index.ts'
import { RecentCommits } from './recent-commits.ts'

/** One read of the log by a feed: at most this much is in memory per reader. */
export const FEED_PAGE: Limit = { rows: 64, bytes: 1_048_576 }
const RECENT = { maxCommits: 4_096, maxBytes: 33_554_432 }
/** The feeds of one tenant look for what no bell told of at most this often. */
const REFRESH_MS = 100
/** Followers that are shown an ephemeral commit in one turn of the event loop. */
const EPHEMERAL_SLICE = 256

/** Of commits that write nothing and only close the times before theirs. */
export const CLOSING_ACTOR = 'sys:time'

/** Who is told of commits that may match its shape. */
export interface Follower {
  /** Called before `indexed` reaches the revision. */
  markDirty(revision: Revision): void
  /** An ephemeral commit may match. */
  publishEphemeral(commit: Commit): void
}

/**
 * The live edge of one tenant's log: what is visible, the newest commits in memory, and who follows it.
 * It goes forward only, without gaps, so whoever saw revision n here will never meet another commit ≤ n.
 */
export class LogTail {
  readonly #store: Store
  readonly #tenant: TenantId
  readonly #recent = new RecentCommits(RECENT)
  #refreshing: Promise<void> | null = null
  #again = false
  #lookedAt = performance.now()
  readonly epoch: string
  floor: Revision
  last: Revision
  /** Time of the last commit. */
  lastAt: Millis = 0
  /** Time of the last commit that somebody made in order to write. */
  writtenAt: Millis = 0
  /** Whoever a commit up to here may concern was told of it. */
  indexed: Revision
  /** Who follows. */
  readonly shapes: ShapeIndex<Follower> = new ShapeIndex()
  readonly previousValues: PreviousValues
  #announcing = false
  #ephemeral: Promise<void> = Promise.resolve()

  private constructor(store: Store, tenant: TenantId, at: { epoch: string; floor: Revision; last: Revision }) {
    this.#store = store
    this.#tenant = tenant
    this.epoch = at.epoch
    this.floor = at.floor
    this.last = at.last
    this.indexed = at.last
    this.previousValues = new PreviousValues(store, tenant)
  }

  static async open(store: Store, tenant: TenantId): Promise<LogTail> {
    const page = await store.log(tenant, { after: 0, reverse: true, limit: { rows: 1, bytes: 1 } })
    const tail = new LogTail(store, tenant, page)
    tail.lastAt = page.commits[0]?.at ?? 0
    tail.writtenAt = tail.lastAt
    return tail
  }

  /** Takes in commits of this process; where others came between, the gap is read from the log. */
  async publish(commits: readonly Commit[]): Promise<void> {
    if (!this.#take(commits)) await this.refresh()
  }

  /** Reads what others wrote. Resolves when everything that was visible at the call is taken in. */
  refresh(): Promise<void> {
    if (this.#refreshing !== null) {
      this.#again = true
      return this.#refreshing
    }
    this.#refreshing = this.#readOn()
    return this.#refreshing
  }

  /** Looks for what a lost bell did not tell of, unless someone has just looked. A failure is left to the next one who does. */
  async look(): Promise<void> {
    if (performance.now() - this.#lookedAt < REFRESH_MS) return
    await this.refresh().catch(() => {})
  }

  /** At least one commit after `revision` where there is one, none after `until`; those in memory first. */
  async read(revision: Revision, limit: Limit = FEED_PAGE, until: Revision = Infinity): Promise<readonly Commit[]> {
    const commits = await this.#read(revision, limit, until)
    return (commits.at(-1)?.revision ?? 0) <= until ? commits : commits.filter((commit) => commit.revision <= until)
  }

  async #read(revision: Revision, limit: Limit, until: Revision): Promise<readonly Commit[]> {
    if (revision >= Math.min(this.last, until)) return []
    const recent = this.#recent.after(revision, limit)
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

  async #readOn(): Promise<void> {
    try {
      do await this.#readPage()
      while (this.#again)
    } finally {
      // In the same moment as the last look at #again: who asks later begins anew.
      this.#refreshing = null
    }
  }

  async #readPage(): Promise<void> {
    this.#again = false
    this.#lookedAt = performance.now()
    const page = await this.#store.log(this.#tenant, { after: this.last, limit: FEED_PAGE })
    if (page.epoch !== this.epoch) throw new DatabaseError('UNAVAILABLE', 'The data was replaced while the server ran; start it again.', { retryAfterMs: 1_000 })
    this.floor = page.floor
    this.#take(page.commits)
    if (this.last < page.last) this.#again = true
  }

  /** Whether the commits follow what is there without a gap; those that do are taken in. */
  #take(commits: readonly Commit[]): boolean {
    for (const commit of commits) {
      if (commit.revision <= this.last) continue
      if (commit.revision !== this.last + 1) {
        void this.#announce()
        return false
      }
      this.#recent.push(commit, this.previousValues)
      this.last = commit.revision
      this.lastAt = commit.at
      if (commit.actor !== CLOSING_ACTOR) this.writtenAt = commit.at
    }
    void this.#announce()
    return true
  }

  /** Looks for whom the commits may concern, in order; most often without waiting. */
  async #announce(): Promise<void> {
    if (this.#announcing) return
    this.#announcing = true
    while (this.indexed < this.last) {
      const revision = this.indexed + 1
      const commit = this.#recent.get(revision)
      // It fell out of memory while others were looked for: whoever follows looks for himself.
      if (commit === undefined) for (const follower of this.shapes.all()) follower.markDirty(revision)
      for (const version of this.shapes.isEmpty ? [] : (commit?.versions ?? [])) {
        const before = this.shapes.asksBefore(version) ? this.#previousValueOf(version) : undefined
        const known = before instanceof Promise ? await before : before
        for (const follower of this.shapes.find(version, known)) follower.markDirty(revision)
      }
      this.indexed = revision
    }
    this.#announcing = false
  }

  /** Shows an ephemeral commit to whom it may concern, in turns of its own. Resolves when all of them know it. */
  publishEphemeral(commit: Commit): Promise<void> {
    const passed = this.#ephemeral.then(() => this.#deliverEphemeral(commit))
    this.#ephemeral = passed.catch(() => {})
    return passed
  }

  async #deliverEphemeral(commit: Commit): Promise<void> {
    await nextTurn()
    // Several patterns of one shape may match.
    const followers = new Set(commit.versions.flatMap((version) => [...this.shapes.find(version, undefined)]))
    let count = 0
    for (const follower of followers) {
      follower.publishEphemeral(commit)
      if (++count % EPHEMERAL_SLICE === 0) await nextTurn()
    }
  }

  #previousValueOf(version: Version): MaybePrevious | Promise<MaybePrevious> {
    const before = this.previousValues.get(version)
    return before instanceof Promise ? before.catch(() => UNKNOWN_PREVIOUS) : before
  }
}
