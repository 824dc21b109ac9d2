import { onAbort } from '../abort.ts'
import type { Cursor } from '../../core/database/options.ts'
import { DatabaseError } from '../../core/error.ts'
import type { Connection } from '../connection/connection.ts'
import {
  BrokenConnection,
  isRetryable,
  remoteError,
  retryAfterMs,
  type GraphqlResult,
} from '../operations/remote-errors.ts'
import type { RemoteOperation } from '../operations/requests.ts'
import { FEED_START, nextFeed, type FeedAction, type FeedEvent, type FeedState } from './feed-state.ts'
import { ItemBuffer } from './item-buffer.ts'

/** How one kind of feed is asked for, and what its results are. */
export interface FeedKind<T> {
  /** The operation that goes on after a cursor; null: the first one. */
  operation(after: Cursor | null): RemoteOperation
  /** The item of a result; null: one to be skipped. `isRestarted`: its cursor was unknown to the server. */
  read(data: Readonly<Record<string, unknown>>, isRestarted: boolean): T | null
  /** The cursor after an item; null: the feed has none. */
  cursorOf(item: T): Cursor | null
  isUpToDate(item: T): boolean
  /** The item when others wait behind it. */
  asBehind(item: T): T
  /** Whether a feed that was paused after this item goes on from there. */
  isResumable(item: T): boolean
  merge(waiting: T, item: T): T | null
  /** Whether an unknown cursor is dropped, and the feed begins anew. */
  readonly restarts: boolean
  /** Whether everything that was asked for has come, so that the server completes the feed. */
  isComplete(): boolean
  /** A feed is broken when nothing came for three of them, ms; 0: it has none. */
  readonly heartbeatMs: number
  /** About how many characters an item has. */
  sizeOf(item: T): number
}

/** Items and characters that wait for the reader; then the feed ends on the server, and resumes when they are read. */
const MAX_WAITING = 256
const MAX_WAITING_CHARS = 2 ** 23
/** Comments of event streams tell that the server is there where a feed has no heartbeat, ms. */
const COMMENT_MS = 15_000
/** A heartbeat of some ms tells nothing about a connection, ms. */
const MIN_SILENCE_MS = 5_000

/** One feed, over any number of connections, one after another. */
export class RemoteFeed<T> implements AsyncIterableIterator<T> {
  readonly #connection: Connection
  readonly #kind: FeedKind<T>
  readonly #buffer: ItemBuffer<T>
  #leave = (): void => {}
  #forget = (): void => {}
  #state: FeedState = FEED_START
  #cursor: Cursor | null = null
  #isRestarted = false
  /** Counts the subscriptions, so that an earlier one brings nothing. */
  #subscription = 0
  #unsubscribe: (() => void) | null = null
  #alarm: ReturnType<typeof setTimeout> | undefined
  #waiting: ReturnType<typeof setTimeout> | undefined
  /** Characters that came since the reader had read everything. */
  #waitingChars = 0
  #isPaused = false
  #error: Error | null = null

  constructor(connection: Connection, kind: FeedKind<T>, signal?: AbortSignal) {
    this.#connection = connection
    this.#kind = kind
    this.#buffer = new ItemBuffer((waiting, item) => kind.merge(waiting, item))
    this.#forget = onAbort(signal, () => this.#stop())
    if (signal?.aborted === true || connection.failure !== null) {
      this.#error = connection.failure
      this.#dispatch({ kind: 'failed' })
      return
    }
    this.#leave = connection.join({
      resume: () => this.#start(),
      doubt: () => this.#dispatch({ kind: 'broken' }),
      retry: () => this.#endWait(),
      fail: (error) => {
        this.#error = error
        this.#dispatch({ kind: 'failed' })
      },
    })
    this.#start()
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return this
  }

  next(): Promise<IteratorResult<T>> {
    const reading = this.#buffer.next()
    const isBehind = this.#isPaused || this.#buffer.size > 0
    if (this.#isPaused && this.#buffer.size === 0) {
      this.#isPaused = false
      this.#start()
    }
    return isBehind ? reading.then((result) => this.#asBehind(result)) : reading
  }

  return(): Promise<IteratorResult<T>> {
    this.#stop()
    return Promise.resolve({ done: true, value: undefined })
  }

  #asBehind(result: IteratorResult<T>): IteratorResult<T> {
    return result.done === true ? result : { done: false, value: this.#kind.asBehind(result.value) }
  }

  #stop(): void {
    this.#dispatch({ kind: 'ended' })
    this.#buffer.drop()
    this.#release()
  }

  #release(): void {
    clearTimeout(this.#waiting)
    this.#waiting = undefined
    this.#leave()
    this.#forget()
  }

  #start(): void {
    if (this.#waiting === undefined && !this.#isPaused && this.#connection.feedTransport !== null) {
      this.#dispatch({ kind: 'start' })
    }
  }

  #endWait(): void {
    clearTimeout(this.#waiting)
    this.#waiting = undefined
    this.#start()
  }

  #dispatch(event: FeedEvent, item: T | null = null): void {
    const { state, actions } = nextFeed(this.#state, event)
    this.#state = state
    for (const action of actions) this.#act(action, item)
  }

  #act(action: FeedAction, item: T | null): void {
    switch (action.kind) {
      case 'subscribe':
        return this.#subscribe()
      case 'deliver':
        return item === null ? undefined : this.#deliver(item)
      case 'unsubscribe':
        return this.#drop()
      case 'dropCursor':
        this.#cursor = null
        this.#isRestarted = true
        return
      case 'wait':
        this.#waiting = setTimeout(
          () => this.#endWait(),
          action.leastMs + Math.random() * this.#connection.bounded(action.mostMs - action.leastMs),
        )
        return
      case 'upToDate':
        return this.#connection.upToDate()
      case 'end':
        this.#buffer.end(this.#error)
        return this.#release()
    }
  }

  #subscribe(): void {
    const subscription = ++this.#subscription
    const isCurrent = (): boolean => subscription === this.#subscription
    this.#listen()
    this.#unsubscribe = this.#connection.subscribe(this.#kind.operation(this.#cursor), {
      received: () => {
        if (isCurrent() && this.#kind.heartbeatMs === 0) this.#listen()
      },
      next: (result) => isCurrent() && this.#receive(result),
      ended: (error) => {
        if (!isCurrent()) return
        this.#unsubscribe = null
        if (error === null) this.#dispatch({ kind: 'completed', wasAsked: this.#kind.isComplete() })
        else this.#refused(error)
      },
    })
  }

  #receive({ data, errors }: GraphqlResult): void {
    this.#listen()
    if (errors !== undefined || data == null) return this.#refused(remoteError(errors))
    const [isRead, item] = this.#read(data)
    if (!isRead) return this.#refused(new BrokenConnection('No Tidemark answered, but something else.'))
    this.#isRestarted = false
    this.#dispatch({ kind: 'batch', upToDate: item === null || this.#kind.isUpToDate(item) }, item)
  }

  /** Whether the data are those of a feed, and the item that they are; null: one to be skipped. */
  #read(data: Readonly<Record<string, unknown>>): readonly [isRead: boolean, item: T | null] {
    try {
      return [true, this.#kind.read(data, this.#isRestarted)]
    } catch {
      return [false, null]
    }
  }

  #deliver(item: T): void {
    this.#cursor = this.#kind.cursorOf(item) ?? this.#cursor
    this.#buffer.push(item)
    this.#waitingChars = this.#buffer.size === 0 ? 0 : this.#waitingChars + this.#kind.sizeOf(item)
    const isFull = this.#buffer.size >= MAX_WAITING || this.#waitingChars >= MAX_WAITING_CHARS
    if (!isFull || !this.#kind.isResumable(item)) return
    this.#isPaused = true
    this.#drop()
    this.#state = { ...this.#state, phase: 'offline' }
  }

  #refused(error: Error): void {
    if (error instanceof DatabaseError && error.code === 'CURSOR_UNKNOWN' && this.#kind.restarts && this.#cursor) {
      return this.#dispatch({ kind: 'cursorUnknown' })
    }
    if (error instanceof DatabaseError && isRetryable(error)) {
      return this.#dispatch({ kind: 'refused', retryAfterMs: retryAfterMs(error) })
    }
    if (isRetryable(error)) return this.#dispatch({ kind: 'broken' })
    this.#error = error
    this.#dispatch({ kind: 'failed' })
  }

  /** Ends the subscription; what still comes of it is dropped. */
  #drop(): void {
    this.#subscription++
    clearTimeout(this.#alarm)
    this.#unsubscribe?.()
    this.#unsubscribe = null
  }

  /** Something came: from now on it may be silent for three heartbeats. */
  #listen(): void {
    clearTimeout(this.#alarm)
    const { heartbeatMs } = this.#kind
    // A socket without feeds is watched by its own pings.
    if (heartbeatMs === 0 && this.#connection.feedTransport === 'ws') return
    this.#alarm = setTimeout(
      () => {
        this.#connection.silent()
        this.#dispatch({ kind: 'broken' })
      },
      Math.max(3 * (heartbeatMs === 0 ? COMMENT_MS : heartbeatMs), MIN_SILENCE_MS),
    )
  }
}
