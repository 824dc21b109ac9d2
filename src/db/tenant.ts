import { monotonicFactory } from 'ulid'
import { DatabaseError } from '../core/error.ts'
import { LIMITS, type Limits } from '../core/limits.ts'
import type { Millis, Revision } from '../core/version.ts'
import type { Store, TenantId } from '../store/store.ts'
import { ClosedTime } from './time/closed-time.ts'
import { Committer } from './write/committer.ts'
import { Cohorts } from './feed/cohort/cohorts.ts'
import { authorizeAll, type Authorize } from './feed/authorize.ts'
import type { RunningFeed } from './feed/feed.ts'
import type { FeedDeps } from './feed/open.ts'
import { matchesInterrupt, type Interrupt } from './cluster/interrupt.ts'
import type { StampClock, StampClockOptions } from './time/stamp-clock.ts'
import { LogTail } from './log/log-tail.ts'
import type { TenantContext } from './log/tenant-context.ts'
import { TimeCloser } from './write/time-closer.ts'

export interface EngineOptions extends StampClockOptions {
  readonly limits?: Limits | undefined
  /** How long a write may wait before it is given up; default 5,000 ms. */
  readonly writeMs?: number | undefined
  /** How long a read that takes many pages may take; default 5,000 ms. */
  readonly readMs?: number | undefined
  /** What subscriptions may see; default: what they ask for. */
  readonly admit?: Authorize | undefined
}

export interface TenantOptions extends EngineOptions {
  /** Of all tenants. */
  readonly clock: StampClock
}

/** Subscriptions whose view is decided at once. */
const MAX_CONCURRENT_DECISIONS = 64

/** What is followed in this process. */
export interface FeedCounts {
  /** Running `changes`, `live` and `watch`. */
  readonly feeds: number
  /** The distinct ones, which are read and matched once each. */
  readonly shapes: number
  /** Shapes that no `field == constant` tells apart: every change at their paths is looked at for each. */
  readonly unindexedShapes: number
}

/** What runs for a tenant once its log was found. */
export interface RunningTenant extends TenantContext {
  readonly committer: Committer
}

/** One tenant of a running engine: opened by its first use, again and again until the store answers. */
export class Tenant {
  readonly #store: Store
  readonly #id: TenantId
  readonly #clock: StampClock
  readonly #writeMs: number
  readonly #readMs: number
  readonly #admit: Authorize
  readonly #feeds = new Set<RunningFeed>()
  readonly #cohorts = new Cohorts()
  #running: Promise<RunningTenant> | null = null
  #tail: LogTail | null = null
  readonly limits: Limits
  /** Monotonic ULIDs (https://github.com/ulid/spec): in the order of their making. */
  readonly freshId: () => string

  constructor(store: Store, id: TenantId, options: TenantOptions) {
    this.#store = store
    this.#id = id
    this.#clock = options.clock
    this.#writeMs = options.writeMs ?? 5_000
    this.#readMs = options.readMs ?? 5_000
    this.#admit = options.admit ?? authorizeAll
    this.limits = options.limits ?? LIMITS
    const ulid = monotonicFactory()
    this.freshId = () => ulid(this.#clock.now())
  }

  running(): Promise<RunningTenant> {
    this.#running ??= this.#start()
    return this.#running
  }

  /** Opens a feed of an actor, which ends when the tenant stops. */
  follow<F extends RunningFeed>(actor: string | null, open: (grounds: FeedDeps) => F): F {
    const [context, ended] = [() => this.running(), (feed: RunningFeed) => this.#feeds.delete(feed)]
    const feed = open({ context, cohorts: this.#cohorts, limits: this.limits, tenant: this.#id, actor, admit: this.#admit, ended })
    this.#feeds.add(feed)
    return feed
  }

  /** Decides anew what the feeds that are meant may show, and gives their number; all of them for null. */
  async interrupt(interrupt: Interrupt | null): Promise<number> {
    const meant = [...this.#feeds].filter(({ request: asked }) => interrupt === null || matchesInterrupt(interrupt, asked))
    for (let i = 0; i < meant.length; i += MAX_CONCURRENT_DECISIONS) {
      await Promise.all(meant.slice(i, i + MAX_CONCURRENT_DECISIONS).map((feed) => feed.reconsider()))
    }
    return meant.length
  }

  /** What is followed at the moment. */
  counts(): FeedCounts {
    return { feeds: this.#feeds.size, shapes: this.#cohorts.size, unindexedShapes: this.#tail?.shapes.unindexed ?? 0 }
  }

  /** The bell rang: `last` is visible, or there may be more. */
  onNotify(last: Revision | undefined): void {
    // Own writes ring too: by the next turn the committer has told the tail of them, and there is nothing to look for.
    setImmediate(() => void this.#refreshLater(last))
  }

  /** A bell is only a hint: what one misses, the next ring or read finds. */
  async #refreshLater(last: Revision | undefined): Promise<void> {
    try {
      const tail = (await this.#running)?.tail
      if (tail !== undefined && (last === undefined || last > tail.last)) await tail.refresh()
    } catch {
      // Whoever reads or writes next meets the same failure, and is told.
    }
  }

  async stop(): Promise<void> {
    const stopping = new DatabaseError('UNAVAILABLE', 'The server is stopping; resume from your last cursor.', { retryAfterMs: 1_000 })
    for (const feed of this.#feeds) feed.end(stopping)
    const running = await this.#running?.catch(() => null)
    await running?.committer.drained()
  }

  async #start(): Promise<RunningTenant> {
    const [store, tenant, limits, clock] = [this.#store, this.#id, this.limits, this.#clock]
    const now = (): Millis => clock.now()
    try {
      const tail = await LogTail.open(store, tenant)
      this.#tail = tail
      const closedTime = new ClosedTime()
      const committer = new Committer({ store, tenant, tail, closedTime, limits, clock, writeMs: this.#writeMs, freshId: this.freshId })
      const closer = new TimeCloser({ tail, committer, closedTime, shared: store.shared, now, readMs: this.#readMs })
      return { store, tenant, tail, limits, now, closeTime: (time) => closer.close(time), readMs: this.#readMs, committer }
    } catch (error) {
      this.#running = null
      throw error
    }
  }
}
