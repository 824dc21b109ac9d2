import { retryableError } from '../core/error.ts'
import { LIMITS, type Limits } from '../core/limits.ts'
import type { Millis, Revision } from '../core/version.ts'
import type { Store, TenantId } from '../store/store.ts'
import { ClosedTime } from './time/closed-time.ts'
import { Committer } from './write/committer.ts'
import { freshIds } from './write/fresh-ids.ts'
import { Cohorts } from './feed/cohort/cohorts.ts'
import { authorizeAll, type Authorize } from './feed/authorize.ts'
import type { RunningFeed } from './feed/feed.ts'
import type { FeedDeps } from './feed/open.ts'
import { listSubscriptions, type SubscriptionList } from './feed/subscription-list.ts'
import { matchesInterrupt, type Interrupt } from './cluster/interrupt.ts'
import { OrderedSteps } from './time/ordered-steps.ts'
import type { StampClock, StampClockOptions } from './time/stamp-clock.ts'
import { LogTail } from './log/log-tail.ts'
import type { TenantContext } from './log/tenant-context.ts'
import { Eraser } from './retention/eraser.ts'
import { Sweeper, type RetentionCounts } from './retention/sweeper.ts'
import { TimeCloser } from './write/time-closer.ts'

export interface EngineOptions extends StampClockOptions {
  readonly limits?: Limits | undefined
  /** Time after which a write fails with TIMEOUT, ms; default 5,000. */
  readonly writeMs?: number | undefined
  /** Time after which a read of many pages fails with TIMEOUT, ms; default 5,000. */
  readonly readMs?: number | undefined
  /** Share of the event loop that broadcasts to subscriptions may take now, above 0, at most 1. Default: always 1. */
  readonly broadcastShare?: (() => number) | undefined
  /** Authorizes subscriptions; default: grants every request. */
  readonly authorize?: Authorize | undefined
  /**
   * Called when something was purged, by this process or another: what was rendered of earlier events is to be dropped.
   * Default: none.
   */
  readonly onPurged?: (() => void) | undefined
}

export interface TenantOptions extends EngineOptions {
  /** Shared by all tenants. */
  readonly clock: StampClock
}

/** Subscriptions that one interrupt authorizes concurrently. */
const MAX_CONCURRENT_AUTHORIZATIONS = 64

/** Numbers of running feeds in this process. */
export interface FeedCounts {
  /** Running `changes`, `live` and `watch`. */
  readonly feeds: number
  /** Distinct shapes of these: each is read and matched once. */
  readonly shapes: number
  /** Shapes without a `field == constant`: each is examined for every change below its paths. */
  readonly unindexedShapes: number
}

/** The parts of a tenant that is open. */
interface RunningTenant extends TenantContext {
  readonly committer: Committer
  readonly eraser: Eraser
  readonly sweeper: Sweeper
}

/** One tenant of a running engine. Its first use opens it; if that fails, the next use tries again. */
export class Tenant {
  readonly #store: Store
  readonly #id: TenantId
  readonly #clock: StampClock
  readonly #writeMs: number
  readonly #readMs: number
  readonly #authorize: Authorize
  readonly #onPurged: () => void
  readonly #feeds = new Set<RunningFeed>()
  readonly #cohorts: Cohorts
  #running: Promise<RunningTenant> | null = null
  #tail: LogTail | null = null
  #sweeper: Sweeper | null = null
  readonly limits: Limits
  /** Parses writes in the order of their calls: those after a large one wait for it. */
  readonly parsing: OrderedSteps = new OrderedSteps()
  /** Generates monotonic ULIDs. */
  readonly freshId: () => string

  constructor(store: Store, id: TenantId, options: TenantOptions) {
    this.#store = store
    this.#id = id
    this.#clock = options.clock
    this.#writeMs = options.writeMs ?? 5_000
    this.#readMs = options.readMs ?? 5_000
    this.#cohorts = new Cohorts(options.broadcastShare ?? (() => 1))
    this.#authorize = options.authorize ?? authorizeAll
    this.#onPurged = options.onPurged ?? ((): void => {})
    this.limits = options.limits ?? LIMITS
    this.freshId = freshIds(() => this.#clock.now())
  }

  running(): Promise<RunningTenant> {
    this.#running ??= this.#start()
    return this.#running
  }

  /** Opens a feed for an actor; it ends when the tenant stops. */
  follow<F extends RunningFeed>(actor: string | null, open: (deps: FeedDeps) => F): F {
    const [context, ended] = [() => this.running(), (feed: RunningFeed) => this.#feeds.delete(feed)]
    const feed = open({
      context,
      cohorts: this.#cohorts,
      limits: this.limits,
      tenant: this.#id,
      actor,
      authorize: this.#authorize,
      ended,
    })
    this.#feeds.add(feed)
    return feed
  }

  /** Authorizes anew the feeds that match, all for null, and returns their number. */
  async interrupt(interrupt: Interrupt | null): Promise<number> {
    const matching = [...this.#feeds].filter(
      ({ request }) => interrupt === null || matchesInterrupt(interrupt, request),
    )
    for (let i = 0; i < matching.length; i += MAX_CONCURRENT_AUTHORIZATIONS) {
      await Promise.all(matching.slice(i, i + MAX_CONCURRENT_AUTHORIZATIONS).map((feed) => feed.reauthorize()))
    }
    return matching.length
  }

  counts(): FeedCounts {
    return { feeds: this.#feeds.size, shapes: this.#cohorts.size, unindexedShapes: this.#tail?.shapes.unindexed ?? 0 }
  }

  /** The newest revision that this process knows; 0 before the first use. */
  get revision(): Revision {
    return this.#tail?.last ?? 0
  }

  subscriptions(): SubscriptionList {
    return listSubscriptions(this.#feeds, this.revision)
  }

  /** Counts of removals by retention in this process. */
  get retention(): RetentionCounts {
    return this.#sweeper?.counts ?? { removedVersions: 0, expiredDocuments: 0 }
  }

  /** Drops the commits in memory of a tenant that was idle for `idleMs`, up to 32 MiB. */
  forgetIdle(idleMs: number): void {
    this.#tail?.forgetIdle(idleMs)
  }

  /** The store notifies of new commits, up to `last`; undefined: up to an unknown revision. */
  onNotify(last: Revision | undefined): void {
    // Own writes notify, too: by the next turn the committer has published them, and no read is needed.
    setImmediate(() => void this.#refreshLater(last))
  }

  /** A notification is only a hint: a commit that is missed is found at the next one, or at a read. */
  async #refreshLater(last: Revision | undefined): Promise<void> {
    try {
      const tail = (await this.#running)?.tail
      if (tail !== undefined && (last === undefined || last > tail.last)) await tail.refresh()
    } catch {
      // Ignored: the next read or write meets the same failure, and reports it.
    }
  }

  async stop(): Promise<void> {
    const stopping = retryableError('UNAVAILABLE', 'The server is stopping; resume from your last cursor.')
    for (const feed of this.#feeds) feed.end(stopping)
    await this.parsing.settled()
    const running = await this.#running?.catch(() => null)
    await running?.sweeper.stop()
    await running?.committer.drained()
    await running?.eraser.stop()
  }

  async #start(): Promise<RunningTenant> {
    const [store, tenant, limits, clock] = [this.#store, this.#id, this.limits, this.#clock]
    const now = (): Millis => clock.now()
    try {
      const tail = await LogTail.open(store, tenant)
      const eraser = new Eraser(store, tenant)
      tail.onPurged = () => {
        this.#cohorts.forgetSteps()
        this.#onPurged()
        eraser.wake()
      }
      // A process that was killed may have left something to erase.
      eraser.wake()
      this.#tail = tail
      const closedTime = new ClosedTime()
      const committer = new Committer({
        store,
        tenant,
        tail,
        closedTime,
        limits,
        clock,
        writeMs: this.#writeMs,
        freshId: this.freshId,
      })
      const closer = new TimeCloser({ tail, committer, closedTime, shared: store.shared, now, readMs: this.#readMs })
      const closeTime: TenantContext['closeTime'] = (time) => closer.close(time)
      const context: TenantContext = { store, tenant, tail, limits, now, closeTime, readMs: this.#readMs }
      const sweeper = new Sweeper({
        context,
        freshId: this.freshId,
        commit: (request) => committer.commit(request, null),
      })
      tail.onSystemWrite = () => sweeper.changed()
      sweeper.changed()
      this.#sweeper = sweeper
      return {
        ...context,
        committer,
        eraser,
        sweeper,
      }
    } catch (error) {
      this.#running = null
      throw error
    }
  }
}
