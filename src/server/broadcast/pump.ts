import type { PullObserver } from '../../core/database.ts'
import type { PayloadSource } from './payload-cache.ts'
import type { ConnectionAccount } from '../limits/memory-budget.ts'
import type { Traffic } from '../limits/traffic.ts'
import type { Payload } from './payload.ts'
import type { SubscriptionEvents } from '../operations/subscription.ts'

/** The destination of the payloads of one subscription. */
export interface Sink {
  /** Account of the connection; null when the connection is gone. */
  readonly account: ConnectionAccount | null
  /** Whether the connection is open. */
  isOpen(): boolean
  write(payload: Payload): void
  /** Backpressure: whether nothing more may be written for now. */
  isFull(): boolean
  /** Whether more may be written; else calls `onDrain` once it may, or when the connection is gone. */
  canWrite(onDrain: () => void): boolean
}

/**
 * Pulls the events of a subscription and writes their payloads. No async generator: it would not end while it waits for
 * an event, and so would leak on every disconnect. Backpressure: nothing is pulled while the sink is full.
 */
export class Pump implements PullObserver<unknown> {
  readonly #events: EventSource
  readonly #source: PayloadSource
  readonly #sink: Sink
  readonly #traffic: Traffic
  #stopped = false
  #resolve: (() => void) | null = null
  #reject: ((failure: unknown) => void) | null = null

  constructor(events: SubscriptionEvents, source: PayloadSource, sink: Sink) {
    this.#events = toEventSource(events)
    this.#source = source
    this.#sink = sink
    this.#traffic = source.traffic
  }

  /**
   * Resolves when the events have ended or were stopped, or the connection is gone; rejects with their failure. Call it
   * once.
   */
  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      this.#pull()
    })
  }

  /** Ends the events and frees their resources at once. */
  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    await this.#events.return()
    this.#resolve?.()
  }

  /** Writes a cached payload in the same turn; only the first of those that render alike has to make it. */
  next(event: unknown): void {
    if (this.#stopped) return
    // An event that was pulled before the sink got full waits: its payload may be large.
    if (this.#sink.isFull() && this.#deferIfFull(event)) return
    const payload = this.#source.cached(event)
    if (payload === null) void this.#make(event)
    else if (this.#write(payload) && this.#sink.canWrite(this.#pull)) this.#pull()
  }

  complete(failure: unknown): void {
    // A source that failed might still deliver events: stop it.
    if (failure !== null) this.#reject?.(failure)
    this.stop().catch((error: unknown) => this.#reject?.(error))
  }

  async #make(event: unknown): Promise<void> {
    try {
      const { account } = this.#sink
      // Payloads that may be large are made one at a time per connection: the first may fill the sink.
      const isWritten =
        account === null || this.#source.isSmall
          ? await this.#makeAndWrite(event)
          : await account.serialQueue.run(async () => !this.#deferIfFull(event) && this.#makeAndWrite(event))
      if (!isWritten) return
      // A backlog with a fast reader would never pause by itself: other work runs after each execution.
      setImmediate(() => {
        if (this.#sink.canWrite(this.#pull)) this.#pull()
      })
    } catch (error) {
      this.complete(error)
    }
  }

  /** Defers the event while the sink is full: `next` gets it again on drain. */
  #deferIfFull(event: unknown): boolean {
    return !this.#sink.canWrite(() => this.next(event))
  }

  async #makeAndWrite(event: unknown): Promise<boolean> {
    if (this.#stopped) return false
    const payload = await this.#source.make(event, this.#sink.account)
    return !this.#stopped && this.#write(payload)
  }

  /** Writes the payload, or ends when the connection is gone. Whether the pump is still running. */
  #write(payload: Payload): boolean {
    if (this.#sink.isOpen()) {
      this.#sink.write(payload)
      this.#traffic.deliveries++
    } else this.complete(null)
    return !this.#stopped
  }

  readonly #pull = (): void => {
    if (!this.#stopped) this.#events.pull(this)
  }
}

/** Events in the form that the pump pulls. */
interface EventSource {
  pull(observer: PullObserver<unknown>): void
  return(): Promise<unknown>
}

/** The engine's own feeds have `pull`, which needs no promises. */
function toEventSource(events: SubscriptionEvents): EventSource {
  if ('pull' in events && typeof events.pull === 'function') return events as unknown as EventSource
  return {
    pull: (observer) =>
      void events.next().then(
        ({ done, value }) => (done === true ? observer.complete(null) : observer.next(value)),
        (error: unknown) => observer.complete(error),
      ),
    return: async () => events.return?.(),
  }
}

const ITERATOR_END = { done: true, value: undefined } as const

/** The pump as an iterator without results: its first `next` resolves when the pump has ended. */
export function asResults(pump: Pump): AsyncIterableIterator<never, undefined> {
  let isRunning = false
  const results: AsyncIterableIterator<never, undefined> = {
    [Symbol.asyncIterator]: () => results,
    next: async () => {
      if (isRunning) return ITERATOR_END
      isRunning = true
      await pump.run()
      return ITERATOR_END
    },
    return: async () => {
      await pump.stop()
      return ITERATOR_END
    },
  }
  return results
}
