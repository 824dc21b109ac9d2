import type { Pullable, Taker } from '../../core/database.ts'
import type { DatabaseError } from '../../core/error.ts'
import type { Cohort, Place, Step, Waiter } from './cohort.ts'

/** A reader's place among the readers of its shape. */
export interface Joined<T, P extends Place> {
  readonly cohort: Cohort<T, P>
  /** Where it begins. */
  readonly place: P
  /** Leaves the cohort. */
  readonly leave: () => void
}

/** An item as it is delivered to this reader, and whether it is the last. */
export interface Taken<T> {
  readonly item: T
  readonly last: boolean
}

export interface FeedParts<T, P extends Place> {
  /** Rejects when the feed cannot begin there. */
  readonly join: () => Promise<Joined<T, P>>
  /** Sees each item before it is delivered. Default: all, as they are. */
  readonly take?: ((item: T) => Taken<T>) | undefined
  readonly signal?: AbortSignal | undefined
  /** Called once, when the feed has ended. */
  readonly ended: (feed: Ending) => void
}

/** A feed, as who stops them all sees it. */
export interface Ending {
  fail(error: DatabaseError): void
}

/**
 * A feed as a pull iterator: a place, and whoever reads pulls it on. It holds nothing but its place, so a reader that
 * stops costs nothing and loses nothing.
 */
export class Feed<T, P extends Place> implements Pullable<T>, Ending {
  readonly #parts: FeedParts<T, P>
  #joined: Joined<T, P> | null = null
  #joining: Promise<void> | null
  #place: P | null = null
  #waiter: Waiter<T, P> | null = null
  #closed = false
  #over = false
  #failure: unknown = null
  /** Calls of `next` that are not answered, and the newest of them. */
  #asked = 0
  #turn: Promise<unknown> = Promise.resolve()

  constructor(parts: FeedParts<T, P>) {
    this.#parts = parts
    // It begins now, not when it is first read. Its failure is told to whoever pulls first.
    this.#joining = parts.join().then((joined) => this.#begin(joined), (error: unknown) => this.#failJoining(error))
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

  pull(taker: Taker<T>): void {
    if (this.#joining !== null) return void this.#joining.then(() => this.pull(taker))
    const [joined, place] = [this.#joined, this.#place]
    if (this.#over || joined === null || place === null) return this.#last(taker)
    // Once it was withdrawn, what it waited for may come all the same.
    const waiter: Waiter<T, P> = {
      resolve: (step) => {
        if (this.#waiter === waiter) this.#deliver(step, taker)
      },
      reject: (error) => {
        if (this.#waiter === waiter) this.#end(error)
      },
      withdraw: () => {
        this.#waiter = null
        this.#last(taker)
      },
    }
    this.#waiter = waiter
    joined.cohort.pull(place, waiter)
  }

  return(): Promise<IteratorResult<T>> {
    this.#end(null)
    return Promise.resolve({ done: true, value: undefined })
  }

  /** Ends the feed with an error, for instance because the server stops: clients then resume elsewhere. */
  fail(error: DatabaseError): void {
    this.#end(error)
  }

  readonly #abort = (): void => this.#end(null)

  #begin(joined: Joined<T, P>): void {
    this.#joining = null
    if (this.#closed) return joined.leave()
    this.#joined = joined
    this.#place = joined.place
  }

  #failJoining(error: unknown): void {
    this.#joining = null
    this.#end(error)
  }

  #next(): Promise<IteratorResult<T>> {
    return new Promise((resolve, reject) => this.pull({
      take: (value) => resolve({ done: false, value }),
      end: (failure) => (failure === null ? resolve({ done: true, value: undefined }) : reject(failure as Error)),
    }))
  }

  #deliver(step: Step<T, P>, taker: Taker<T>): void {
    this.#place = step.next
    this.#waiter = null
    const item = step.item as T
    const { take } = this.#parts
    if (take === undefined) return taker.take(item)
    const taken = take(item)
    this.#over = taken.last
    taker.take(taken.item)
  }

  /** The error that it ended with is told once. */
  #last(taker: Taker<T>): void {
    this.#end(null)
    const failure = this.#failure
    this.#failure = null
    taker.end(failure)
  }

  #end(failure: unknown): void {
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
