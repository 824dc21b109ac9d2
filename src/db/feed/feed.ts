import type { PullSource, PullObserver } from '../../core/database.ts'
import type { SubscriptionRequest } from './authorize.ts'
import type { Membership } from './cohort/cohorts.ts'
import type { FeedPosition, FeedStep, PullWaiter } from './cohort/feed-source.ts'

/** Where a reader is that may have to go elsewhere. */
export interface CurrentPosition<P extends FeedPosition> {
  readonly key: string
  readonly place: P
}

/** An item as it is delivered to this reader, and whether it is the last. */
export interface TakenStep<T> {
  readonly item: T
  readonly last: boolean
}

export interface FeedParts<T, P extends FeedPosition> {
  readonly asked: SubscriptionRequest
  /**
   * Decides what the reader may see, and joins those who see the same; null when it is among them already. Rejects when
   * the feed cannot begin there.
   */
  readonly join: (held: CurrentPosition<P> | null) => Promise<Membership<T, P> | null>
  /** How often its reader wants a sign of life, ms: its own affair, whatever those have who see the same. */
  readonly heartbeatMs: number
  /** Whether its place is one in the log, from which it goes on whatever it is shown. Default: it begins again. */
  readonly keepsPlace?: boolean | undefined
  /** Sees each item before it is delivered. Default: all, as they are. */
  readonly take?: ((item: T) => TakenStep<T>) | undefined
  readonly signal?: AbortSignal | undefined
  /** Called once, when the feed has ended. */
  readonly ended: (feed: RunningFeed) => void
}

/** A feed, as who stops or interrupts them all sees it. */
export interface RunningFeed {
  /** What it was opened for. */
  readonly asked: SubscriptionRequest
  /** Ends it, with an error that its reader is told once; null: there is none. */
  end(failure: unknown): void
  /** Decides anew what it may show: nobody notices, it goes on elsewhere, or it ends with the reason. Never rejects. */
  reconsider(): Promise<void>
}

/** One pull of a feed. Once it was withdrawn, what it waited for may come all the same. */
class PendingPull<T, P extends FeedPosition> implements PullWaiter<T, P> {
  readonly #feed: Feed<T, P>
  readonly #taker: PullObserver<T>
  readonly ephemeralSeq: number | null
  readonly heartbeatMs: number

  constructor(feed: Feed<T, P>, heard: number | null, taker: PullObserver<T>) {
    this.#feed = feed
    this.heartbeatMs = feed.heartbeatMs
    this.ephemeralSeq = heard
    this.#taker = taker
  }

  isGone(): boolean {
    return !this.#feed.isWaitingFor(this)
  }

  resolve(step: FeedStep<T, P>): void {
    if (!this.isGone()) this.#feed.deliver(step, this.#taker)
  }

  reject(error: unknown): void {
    if (!this.isGone()) this.#feed.end(error)
  }

  withdraw(): void {
    this.#feed.withdrawn(this.#taker)
  }
}

/**
 * A feed as a pull iterator: a place, and whoever reads pulls it on. It holds nothing but its place, so a reader that
 * stops costs nothing and loses nothing.
 */
export class Feed<T, P extends FeedPosition> implements PullSource<T>, RunningFeed {
  readonly #parts: FeedParts<T, P>
  readonly heartbeatMs: number
  /** Of the parts the one that every item asks for. */
  readonly #take: FeedParts<T, P>['take']
  #joined: Membership<T, P> | null = null
  #joining: Promise<void> | null
  #reconsidering: Promise<void> = Promise.resolve()
  #place: P | null = null
  /** Up to which number it knows what passed its cohort; null: it was not told yet that it is up to date. */
  #heard: number | null = null
  #waiter: PullWaiter<T, P> | null = null
  #closed = false
  #over = false
  #failure: unknown = null
  /** Calls of `next` that are not answered, and the newest of them. */
  #asked = 0
  #turn: Promise<unknown> = Promise.resolve()

  constructor(parts: FeedParts<T, P>) {
    this.#parts = parts
    this.heartbeatMs = parts.heartbeatMs
    this.#take = parts.take
    // It begins now, not when it is first read. Its failure is told to whoever pulls first.
    this.#joining = parts.join(null).then((joined) => this.#begin(joined), (error: unknown) => this.#failJoining(error))
    parts.signal?.addEventListener('abort', this.#abort, { once: true })
    if (parts.signal?.aborted === true) queueMicrotask(this.#abort)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** The next item; waits at the live edge. Calls are answered in order. */
  next(): Promise<IteratorResult<T>> {
    const run = (): Promise<IteratorResult<T>> => this.#next().finally(() => this.#asked--)
    const result = this.#asked++ === 0 ? run() : this.#turn.then(run, run)
    this.#turn = result
    return result
  }

  pull(taker: PullObserver<T>): void {
    if (this.#joining !== null) return void this.#joining.then(() => this.pull(taker))
    const [joined, place] = [this.#joined, this.#place]
    if (this.#over || joined === null || place === null) return this.#last(taker)
    const waiter = new PendingPull(this, this.#heard, taker)
    this.#waiter = waiter
    joined.cohort.pull(place, waiter)
  }

  /** Whether it is this pull that is to be answered. */
  isWaitingFor(pull: PendingPull<T, P>): boolean {
    return this.#waiter === pull
  }

  /** Its pull waits no longer: it goes on from where the feed stands now, or is told the end. */
  withdrawn(taker: PullObserver<T>): void {
    this.#waiter = null
    if (this.#closed) this.#last(taker)
    else this.pull(taker)
  }

  return(): Promise<IteratorResult<T>> {
    this.end(null)
    return Promise.resolve({ done: true, value: undefined })
  }

  get asked(): SubscriptionRequest {
    return this.#parts.asked
  }

  /** One decision after another: the last one holds. */
  reconsider(): Promise<void> {
    this.#reconsidering = this.#reconsidering.then(() => this.#reconsider())
    return this.#reconsidering
  }

  async #reconsider(): Promise<void> {
    await this.#joining
    const [held, place] = [this.#joined, this.#place]
    if (held === null || place === null) return
    try {
      const joined = await this.#parts.join({ key: held.key, place })
      if (this.#closed) joined?.leave()
      else if (joined !== null) this.#move(held, joined)
    } catch (error) {
      this.end(error)
    }
  }

  /** Whoever waits is woken and pulls from where the feed stands now. */
  #move(from: Membership<T, P>, to: Membership<T, P>): void {
    const waiter = this.#waiter
    this.#joined = to
    this.#waiter = null
    if (this.#parts.keepsPlace !== true) this.#place = to.place
    this.#heard = this.#heard === null || this.#place?.live !== true ? null : to.cohort.ephemeralDelivered
    if (waiter !== null) from.cohort.withdraw(waiter)
    from.leave()
  }

  readonly #abort = (): void => this.end(null)

  #begin(joined: Membership<T, P> | null): void {
    this.#joining = null
    if (joined === null) return
    if (this.#closed) return joined.leave()
    this.#joined = joined
    this.#place = joined.place
  }

  #failJoining(error: unknown): void {
    this.#joining = null
    this.end(error)
  }

  #next(): Promise<IteratorResult<T>> {
    return new Promise((resolve, reject) => this.pull({
      next: (value) => resolve({ done: false, value }),
      complete: (failure) => (failure === null ? resolve({ done: true, value: undefined }) : reject(failure as Error)),
    }))
  }

  /** Answers the pull that waits. */
  deliver(step: FeedStep<T, P>, taker: PullObserver<T>): void {
    this.#place = step.next
    this.#waiter = null
    this.#heard = this.#heardAfter(step)
    const item = step.batch as T
    if (this.#take === undefined) return taker.next(item)
    const taken = this.#take(item)
    this.#over = taken.last
    taker.next(taken.item)
  }

  /** What passed before it was up to date is not for it. */
  #heardAfter({ upToDate, ephemeralSeq: passed }: FeedStep<T, P>): number | null {
    if (passed !== undefined) return passed
    return upToDate ? (this.#heard ?? this.#joined?.cohort.ephemeralDelivered ?? null) : null
  }

  /** The error that it ended with is told once. */
  #last(taker: PullObserver<T>): void {
    this.end(null)
    const failure = this.#failure
    this.#failure = null
    taker.complete(failure)
  }

  /** For instance because the server stops: clients then resume elsewhere. */
  end(failure: unknown): void {
    if (this.#closed) return
    this.#closed = true
    this.#failure = failure
    this.#parts.signal?.removeEventListener('abort', this.#abort)
    const [joined, waiter] = [this.#joined, this.#waiter]
    this.#joined = null
    if (waiter !== null) joined?.cohort.withdraw(waiter)
    joined?.leave()
    this.#parts.ended(this)
  }
}
