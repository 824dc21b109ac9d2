import type { Commit } from '../core/commit.ts'
import { DatabaseError } from '../core/error.ts'
import type { Millis, Revision } from '../core/version.ts'
import type { Limit, Store, TenantId } from '../store/store.ts'
import { Ring } from './ring.ts'

/** One read of the log by a feed: at most this much is in memory per reader. */
export const FEED_PAGE: Limit = { rows: 64, bytes: 1_048_576 }
const RING = { maxCommits: 4_096, maxBytes: 33_554_432 }
const ANY = '*'
/** The feeds of one tenant look for what no bell told of at most this often. */
const LOOK_MS = 100

/** Someone at the live edge who waits for a commit that touches one of its topics. */
export interface Waiter {
  readonly topics: readonly string[]
  /** Settles with a revision up to which nothing touched the topics. */
  readonly quietUntil: Promise<Revision>
  /** Ends the waiting. */
  readonly wake: (quietUntil: Revision) => void
}

/**
 * The live edge of one tenant's log: what is visible, the newest commits in memory, and who waits for more.
 * It goes forward only, without gaps, so whoever saw revision n here will never meet another commit ≤ n.
 */
export class Tail {
  readonly #store: Store
  readonly #tenant: TenantId
  readonly #ring = new Ring(RING)
  readonly #waiters = new Map<string, Set<Waiter>>()
  #refreshing: Promise<void> | null = null
  #again = false
  #lookedAt = performance.now()
  readonly epoch: string
  floor: Revision
  last: Revision
  /** Time of the last commit. */
  lastAt: Millis = 0

  private constructor(store: Store, tenant: TenantId, at: { epoch: string; floor: Revision; last: Revision }) {
    this.#store = store
    this.#tenant = tenant
    this.epoch = at.epoch
    this.floor = at.floor
    this.last = at.last
  }

  static async open(store: Store, tenant: TenantId): Promise<Tail> {
    const page = await store.log(tenant, { after: 0, reverse: true, limit: { rows: 1, bytes: 1 } })
    const tail = new Tail(store, tenant, page)
    tail.lastAt = page.commits[0]?.at ?? 0
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
    if (performance.now() - this.#lookedAt < LOOK_MS) return
    await this.refresh().catch(() => {})
  }

  /** At least one commit after `revision` where there is one; those in memory first. */
  async read(revision: Revision, limit: Limit = FEED_PAGE): Promise<readonly Commit[]> {
    if (revision >= this.last) return []
    const recent = this.#ring.after(revision, limit)
    if (recent !== null) return recent
    const page = await this.#store.log(this.#tenant, { after: revision, limit })
    this.floor = page.floor
    if (revision < page.floor) return []
    return page.commits
  }

  /** Waits at the live edge (the caller has seen everything up to `last`) for a commit below one of the topics. */
  wait(topics: readonly string[]): Waiter {
    const { promise, resolve } = withResolvers<Revision>()
    const waiter: Waiter = {
      topics,
      quietUntil: promise,
      wake: (quietUntil) => {
        for (const topic of topics) this.#leave(topic, waiter)
        resolve(quietUntil)
      },
    }
    for (const topic of topics) {
      const waiters = this.#waiters.get(topic) ?? new Set()
      waiters.add(waiter)
      this.#waiters.set(topic, waiters)
    }
    return waiter
  }

  /** Topics are names that clients choose: none is kept for its own sake. */
  #leave(topic: string, waiter: Waiter): void {
    const waiters = this.#waiters.get(topic)
    waiters?.delete(waiter)
    if (waiters?.size === 0) this.#waiters.delete(topic)
  }

  /** Whether the revision is visible, here or in another process. */
  async reaches(revision: Revision): Promise<boolean> {
    if (revision > this.last) await this.refresh()
    return revision <= this.last
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
      if (commit.revision !== this.last + 1) return false
      this.#ring.push(commit)
      this.last = commit.revision
      this.lastAt = commit.at
      this.#wakeFor(commit)
    }
    return true
  }

  #wakeFor(commit: Commit): void {
    if (this.#waiters.size === 0) return
    const topics = new Set(commit.versions.map((version) => version.path[0] ?? ANY))
    for (const topic of [...topics, ANY]) {
      const waiters = this.#waiters.get(topic)
      if (waiters === undefined) continue
      this.#waiters.delete(topic)
      for (const waiter of waiters) waiter.wake(commit.revision - 1)
    }
  }
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
