import type { PullObserver } from '../../core/database.ts'
import type { PayloadSource } from './payload-cache.ts'
import type { ConnectionAccount } from '../limits/memory-budget.ts'
import type { Payload } from './payload.ts'
import type { SubscriptionEvents } from './subscribe.ts'

/** Where the payloads of one subscription go. */
export interface Sink {
  /** Of the connection; null when nobody is there. */
  readonly account: ConnectionAccount | null
  /** Whether somebody is there. */
  isOpen(): boolean
  write(payload: Payload): void
  /** Whether nothing more may be written for the moment. */
  isFull(): boolean
  /** Whether more may be written; else calls `resume` once it may, or when nobody is there any more. */
  canWrite(resume: () => void): boolean
}

/** A subscription under way. */
export interface Pump {
  /** Resolves when the events have ended, were stopped or nobody is there to get them; rejects with their failure. Call it once. */
  run(): Promise<void>
  /** Ends the events and frees what they hold, at once. */
  stop(): Promise<void>
}

/**
 * Pulls the events of a subscription and writes what its cohort makes of them. By hand: an async generator would not end
 * while it waits for an event, and so would leak on every disconnect. While the reader takes nothing, nothing is pulled.
 */
export function createPump(events: SubscriptionEvents, source: PayloadSource, sink: Sink): Pump {
  const pump = new EventPump(toEventSource(events), source, sink)
  return { run: () => pump.run(), stop: () => pump.stop() }
}

class EventPump implements PullObserver<unknown> {
  readonly #events: EventSource
  readonly #source: PayloadSource
  readonly #sink: Sink
  #stopped = false
  #resolve: (() => void) | null = null
  #reject: ((failure: unknown) => void) | null = null

  constructor(events: EventSource, source: PayloadSource, sink: Sink) {
    this.#events = events
    this.#source = source
    this.#sink = sink
  }

  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      this.#pull()
    })
  }

  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    await this.#events.return()
    this.#resolve?.()
  }

  /** In the same turn for all who get the same, but for the first. */
  next(event: unknown): void {
    if (this.#stopped) return
    // What was pulled before it was full waits: what is made of it may be large.
    if (this.#sink.isFull() && !this.#sink.canWrite(() => this.next(event))) return
    const payload = this.#source.cached(event)
    if (payload === null) void this.#make(event)
    else if (this.#write(payload) && this.#sink.canWrite(this.#pull)) this.#pull()
  }

  complete(failure: unknown): void {
    // Some events fail and could be asked for more: there must be an end.
    if (failure !== null) this.#reject?.(failure)
    this.stop().catch((error: unknown) => this.#reject?.(error))
  }

  async #make(event: unknown): Promise<void> {
    try {
      const { account } = this.#sink
      // What may be large is made one after the other for a connection: the first may leave no room for the next.
      const isWritten = account === null || this.#source.isSmall ? await this.#makeAndWrite(event) : await account.serialQueue.run(() => this.#makeIfWritable(event))
      if (!isWritten) return
      // A backlog and a fast reader never make each other wait: others get their turn after what took long.
      setImmediate(() => {
        if (this.#sink.canWrite(this.#pull)) this.#pull()
      })
    } catch (error) {
      this.complete(error)
    }
  }

  /** Where there is no room, the event is taken again once there is. */
  async #makeIfWritable(event: unknown): Promise<boolean> {
    if (this.#sink.isFull() && !this.#sink.canWrite(() => this.next(event))) return false
    return this.#makeAndWrite(event)
  }

  async #makeAndWrite(event: unknown): Promise<boolean> {
    if (this.#stopped) return false
    const payload = await this.#source.make(event, this.#sink.account)
    return !this.#stopped && this.#write(payload)
  }

  /** Whether somebody is there. */
  #write(payload: Payload): boolean {
    if (this.#sink.isOpen()) this.#sink.write(payload)
    else this.complete(null)
    return !this.#stopped
  }

  readonly #pull = (): void => {
    if (!this.#stopped) this.#events.pull(this)
  }
}

/** Events as the pump wants them. */
interface EventSource {
  pull(observer: PullObserver<unknown>): void
  return(): Promise<unknown>
}

/** Feeds of our own are pulled without promises. */
function toEventSource(events: SubscriptionEvents): EventSource {
  if ('pull' in events && typeof events.pull === 'function') return events as unknown as EventSource
  return {
    pull: (observer) => void events.next().then(({ done, value }) => (done === true ? observer.complete(null) : observer.next(value)), (error: unknown) => observer.complete(error)),
    return: async () => events.return?.(),
  }
}

const ITERATOR_END = { done: true, value: undefined } as const

/** The pump in the form of results of which there are none: who iterates waits for its end. */
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
