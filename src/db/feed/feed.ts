import type { PullSource, PullObserver } from '../../core/database.ts'
import type { Revision } from '../../core/version.ts'
import type { SubscriptionRequest } from './authorize.ts'
import type { Membership } from './cohort/cohorts.ts'
import type { FeedPosition, FeedStep, PullWaiter } from './cohort/feed-source.ts'

/** The cohort and position of a reader that may have to join another cohort. */
export interface CurrentPosition<P extends FeedPosition> {
  readonly key: string
  readonly position: P
}

/** An item as it is delivered, and whether the feed completes after it. */
export interface DeliveredItem<T> {
  readonly item: T
  readonly last: boolean
}

/** How a feed delivers: the method of `Database` that opened it. */
export type FeedMethod = 'changes' | 'live' | 'watch'

interface FeedParts<T, P extends FeedPosition> {
  readonly kind: FeedMethod
  readonly request: SubscriptionRequest
  /**
   * Authorizes the request and joins the cohort of the granted view: once without a position when the feed opens, then
   * at each `reauthorize`; null when the current cohort is still the right one. A rejection ends the feed.
   */
  readonly join: (current: CurrentPosition<P> | null) => Promise<Membership<T, P> | null>
  /** Heartbeat interval, ms. Readers of one cohort may have different ones. */
  readonly heartbeatMs: number
  /**
   * Whether the feed keeps its position in the log when it changes its cohort. Default: it starts where `join` says.
   */
  readonly keepsPosition?: boolean | undefined
  /** Maps each item before it is delivered. Default: items are delivered as they are, and none is the last. */
  readonly transform?: ((item: T) => DeliveredItem<T>) | undefined
  /** Ends the feed without an error. */
  readonly signal?: AbortSignal | undefined
  /** Called once, when the feed has ended. */
  readonly ended: (feed: RunningFeed) => void
}

/** A feed as its tenant sees it, which ends and interrupts feeds. */
export interface RunningFeed {
  readonly kind: FeedMethod
  readonly request: SubscriptionRequest
  /** Ends the feed. The reader gets the error once; null: the feed completes without one. */
  end(failure: unknown): void
  /** Authorizes anew: the feed goes on, changes its cohort without notice, or ends with the error. Never rejects. */
  reauthorize(): Promise<void>
  /**
   * Commits that the reader has not been given, where the log ends at `last`. Some may not match. 0 for a reader that
   * waits at the live edge.
   */
  lag(last: Revision): number
}

/** One pull of a feed. A step or error that arrives after the pull was withdrawn is ignored. */
class PendingPull<T, P extends FeedPosition> implements PullWaiter<T, P> {
  readonly #feed: Feed<T, P>
  readonly observer: PullObserver<T>
  readonly ephemeralSeq: number | null
  readonly heartbeatMs: number

  constructor(feed: Feed<T, P>, ephemeralSeq: number | null, observer: PullObserver<T>) {
    this.#feed = feed
    this.heartbeatMs = feed.heartbeatMs
    this.ephemeralSeq = ephemeralSeq
    this.observer = observer
  }

  isGone(): boolean {
    return !this.#feed.isWaitingFor(this)
  }

  resolve(step: FeedStep<T, P>): void {
    this.#feed.deliver(step, this)
  }

  reject(error: unknown): void {
    if (!this.isGone()) this.#feed.end(error)
  }

  /** The observer pulls from the current position, or completes once ENDED. */
  withdraw(): void {
    this.#feed.pull(this.observer)
  }
}

interface JoiningFeed {
  readonly kind: 'JOINING'
  /** Resolves when `join` has settled. */
  readonly settled: Promise<void>
}

/** The one state that is changed in place: thousands of feeds may be delivered to at once. */
interface JoinedFeed<T, P extends FeedPosition> {
  readonly kind: 'JOINED'
  membership: Membership<T, P>
  /** Where the next pull reads on. */
  position: P
  /** Sequence number up to which the reader has the cohort's ephemeral commits; null: it gets none. */
  ephemeralSeq: number | null
  /** The pending pull (PULLING). */
  pull: 'IDLE' | PendingPull<T, P> | 'LAST'
}

interface EndedFeed {
  readonly kind: 'ENDED'
  /** The error that ended the feed, until it is delivered. */
  readonly failure: unknown
}

/**
 * A feed as a pull iterator. Between two pulls it holds only its position, so a reader that pauses costs nothing and
 * loses no stored change: the next pull reads on from there. At most one pull is pending: `next` queues its calls, and
 * no `pull` may be called before the one before is answered.
 *
 * STATE    event                   effect
 * JOINING  (opened)                `join` was called at once; pulls wait until it settles
 *          `join` resolves         → IDLE, at the start of the membership
 *          `join` rejects          → ENDED, with that error
 *          `end`, `return`, abort  → ENDED; a membership that still arrives is left at once
 * JOINED:
 * IDLE     `pull`                  → PULLING: hands the position and a PendingPull to the cohort, which waits and reads
 * PULLING  a step arrives          → IDLE: the position becomes `step.next`; the batch goes to the observer, through
 *                                  `transform`; after an item that this calls the last → LAST
 *          a read has failed       → ENDED, with that error: any failure of the reader's own read; of the cohort's read
 *                                  at the live edge any but UNAVAILABLE, which the cohort retries
 * LAST     `pull`                  → ENDED. Until then the feed stays in its cohort
 * each     `reauthorize`           calls `join` again. Null: no change. A membership: the feed leaves the old cohort, a
 *                                  pending pull is withdrawn and pulls from the new one, at the old position
 *                                  (`keepsPosition`) or at the start of the membership. A rejection: → ENDED, with that
 *                                  error
 *          `end`, `return`, abort  → ENDED: leaves the cohort and calls `ended`; a pending pull completes
 * ENDED    `pull`                  completes, the first time with the error that ended the feed
 *
 * `ephemeralSeq` is null at first, and after a batch that is not up to date: no ephemeral commits are delivered. While
 * it is null, an up-to-date batch sets it to the cohort's newest number. Then an ephemeral batch sets it to its own,
 * and any other up-to-date batch keeps it. A change of the cohort sets it to the newest number of the new one, or keeps
 * null.
 */
export class Feed<T, P extends FeedPosition> implements PullSource<T>, RunningFeed {
  readonly #parts: FeedParts<T, P>
  readonly heartbeatMs: number
  /** A copy of `#parts.transform`, which every item looks up. */
  readonly #transform: FeedParts<T, P>['transform']
  #state: JoiningFeed | JoinedFeed<T, P> | EndedFeed
  #reauthorizing: Promise<void> = Promise.resolve()
  /** Number of calls of `next` that have not settled. */
  #unanswered = 0
  /** The result of the newest call of `next`: later calls wait for it. */
  #newest: Promise<unknown> = Promise.resolve()

  constructor(parts: FeedParts<T, P>) {
    this.#parts = parts
    this.heartbeatMs = parts.heartbeatMs
    this.#transform = parts.transform
    // Join now, not at the first pull: the feed starts where the log is when it is opened. The first pull gets a
    // failure.
    const settled = parts.join(null).then(
      (membership) => this.#begin(membership),
      (error: unknown) => this.end(error),
    )
    this.#state = { kind: 'JOINING', settled }
    parts.signal?.addEventListener('abort', this.#abort, { once: true })
    if (parts.signal?.aborted === true) queueMicrotask(this.#abort)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** The next item; waits at the live edge. Calls are answered in order. */
  next(): Promise<IteratorResult<T>> {
    const run = (): Promise<IteratorResult<T>> => this.#next().finally(() => this.#unanswered--)
    const result = this.#unanswered++ === 0 ? run() : this.#newest.then(run, run)
    this.#newest = result
    return result
  }

  pull(observer: PullObserver<T>): void {
    const state = this.#state
    if (state.kind === 'JOINING') return void state.settled.then(() => this.pull(observer))
    if (state.kind === 'ENDED' || state.pull === 'LAST') return this.#complete(observer)
    const pull = new PendingPull(this, state.ephemeralSeq, observer)
    state.pull = pull
    state.membership.cohort.pull(state.position, pull)
  }

  /** Whether this pull is the pending one. */
  isWaitingFor(pull: PendingPull<T, P>): boolean {
    return this.#state.kind === 'JOINED' && this.#state.pull === pull
  }

  return(): Promise<IteratorResult<T>> {
    this.end(null)
    return Promise.resolve({ done: true, value: undefined })
  }

  get request(): SubscriptionRequest {
    return this.#parts.request
  }

  get kind(): FeedMethod {
    return this.#parts.kind
  }

  lag(last: Revision): number {
    if (this.#state.kind !== 'JOINED') return 0
    const { position, pull } = this.#state
    const isWaiting = pull instanceof PendingPull && position.live
    return isWaiting ? 0 : Math.max(last - position.revision, 0)
  }

  /** Calls run one after another: the last decision holds. */
  reauthorize(): Promise<void> {
    this.#reauthorizing = this.#reauthorizing.then(() => this.#reauthorize())
    return this.#reauthorizing
  }

  async #reauthorize(): Promise<void> {
    if (this.#state.kind === 'JOINING') await this.#state.settled
    const state = this.#state
    if (state.kind !== 'JOINED') return
    try {
      const membership = await this.#parts.join({ key: state.membership.key, position: state.position })
      // The feed may have ended during the await.
      if (this.#state !== state) membership?.leave()
      else if (membership !== null) this.#switchTo(state, membership)
    } catch (error) {
      this.end(error)
    }
  }

  /** Changes the cohort. A pending pull is withdrawn, and so pulls from the new cohort. */
  #switchTo(state: JoinedFeed<T, P>, to: Membership<T, P>): void {
    const { membership: from, pull } = state
    state.membership = to
    if (this.#parts.keepsPosition !== true) state.position = to.start
    state.ephemeralSeq = state.ephemeralSeq === null || !state.position.live ? null : to.cohort.lastEphemeralSeq
    if (pull instanceof PendingPull) {
      state.pull = 'IDLE'
      from.cohort.withdraw(pull)
    }
    from.leave()
  }

  readonly #abort = (): void => this.end(null)

  #begin(membership: Membership<T, P> | null): void {
    if (membership === null) return this.end(null)
    if (this.#state.kind === 'ENDED') return membership.leave()
    this.#state = { kind: 'JOINED', membership, position: membership.start, ephemeralSeq: null, pull: 'IDLE' }
  }

  #next(): Promise<IteratorResult<T>> {
    return new Promise((resolve, reject) =>
      this.pull({
        next: (value) => resolve({ done: false, value }),
        complete: (failure) =>
          failure === null ? resolve({ done: true, value: undefined }) : reject(failure as Error),
      }),
    )
  }

  /** Answers a pull, if it is the pending one. */
  deliver(step: FeedStep<T, P>, pull: PendingPull<T, P>): void {
    const state = this.#state
    if (state.kind !== 'JOINED' || state.pull !== pull) return
    state.position = step.next
    state.pull = 'IDLE'
    state.ephemeralSeq = ephemeralSeqAfter(step, state)
    const item = step.batch as T
    if (this.#transform === undefined) return pull.observer.next(item)
    const delivered = this.#transform(item)
    if (delivered.last) state.pull = 'LAST'
    pull.observer.next(delivered.item)
  }

  /** Completes an observer; the error that ended the feed is delivered once. */
  #complete(observer: PullObserver<T>): void {
    this.end(null)
    const failure = this.#state.kind === 'ENDED' ? this.#state.failure : null
    this.#state = { kind: 'ENDED', failure: null }
    observer.complete(failure)
  }

  /** Called at an end of any kind, also when the server stops (UNAVAILABLE: clients resume elsewhere). Idempotent. */
  end(failure: unknown): void {
    const state = this.#state
    if (state.kind === 'ENDED') return
    this.#state = { kind: 'ENDED', failure }
    this.#parts.signal?.removeEventListener('abort', this.#abort)
    if (state.kind === 'JOINED') {
      const { membership, pull } = state
      if (pull instanceof PendingPull) membership.cohort.withdraw(pull)
      membership.leave()
    }
    this.#parts.ended(this)
  }
}

/** Ephemeral commits before the reader's first up-to-date batch are not delivered. */
function ephemeralSeqAfter<T, P extends FeedPosition>(
  { upToDate, ephemeralSeq }: FeedStep<T, P>,
  state: JoinedFeed<T, P>,
): number | null {
  if (ephemeralSeq !== undefined) return ephemeralSeq
  return upToDate ? (state.ephemeralSeq ?? state.membership.cohort.lastEphemeralSeq) : null
}
