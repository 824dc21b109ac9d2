import { linkSignals, onAbort, type LinkedSignal } from '../abort.ts'
import type { Op } from '../../core/database.ts'
import type { Cursor } from '../../core/database/options.ts'
import { DatabaseError, retryableError } from '../../core/error.ts'
import { isRetryable } from '../operations/remote-errors.ts'
import { WritableStore, type ReadableStore } from '../readable.ts'
import { ScopeSet, type WriteScope } from './write-scope.ts'
import { withRetry } from './retry.ts'

/** The call that made a write. */
export interface WriteCall {
  readonly method: Op['kind'] | 'transact' | 'restore' | 'revert' | 'purge'
  /** Its argument; null for `transact` and `revert`. */
  readonly path: string | null
}

/** A write that has no answer, or that was refused. */
export interface PendingOperation extends WriteCall {
  readonly key: string
  /** Its operations; empty for `restore`, `revert` and `purge`. */
  readonly ops: readonly Op[]
  /**
   * `waiting`: for its turn, for a server, or to be sent again after its connection broke. `sent`: handed to a
   * connection, without an answer yet.
   */
  readonly state: 'waiting' | 'sent' | 'refused'
  /** Why it was refused. */
  readonly error: DatabaseError | null
  /** When it was made, ms since 1970. */
  readonly at: number
  /** Takes a refused write out of the list. */
  dismiss(): void
}

/** A write to be sent. */
interface WriteOrder<T> {
  readonly key: string
  readonly call: WriteCall
  readonly ops: readonly Op[]
  readonly scope: WriteScope
  /** Whether stores show it before it is answered. */
  readonly isShown: boolean
  readonly signal: AbortSignal | undefined
  /** Asks the server; the same request each time. Calls `handed` when a connection has the request. */
  attempt(signal: AbortSignal, handed: () => void): Promise<T>
  /** The cursor of the commit. */
  cursorOf(result: T): Cursor | null
}

/** Receives the outcome of each write. */
export interface WriteObserver {
  added(key: string, ops: readonly Op[]): void
  /** The server has done it, at this cursor; null: there is no commit. */
  acknowledged(key: string, cursor: Cursor | null): void
  /** It was refused, or given up. */
  removed(key: string): void
}

interface OutboxOptions {
  readonly maxPending: number
  readonly offlineMs: number
  /** Resolves when the connection is there again. */
  readonly connected: (signal: AbortSignal) => Promise<void>
  /** Called with the number of writes without an answer. */
  onPending(count: number): void
  holdPage(): () => void
}

/** Writes that are sent at once. */
const MAX_RUNNING = 16
/** Waiting writes that are looked at for the next one to be sent. */
const MAX_SCANNED = 64
const MAX_REFUSED = 100
/** Feeds wait at most so long for writes of unknown outcome, ms. */
const SETTLE_MS = 5_000

interface Entry {
  readonly order: WriteOrder<unknown>
  readonly at: number
  /** After it, nothing is tried again: ms of the monotonic clock. */
  readonly deadline: number
  /** Ends with the signal of the order, or the client. */
  readonly link: LinkedSignal
  state: 'waiting' | 'sent'
  /** Whether its turn has come. */
  isStarted: boolean
  start: () => void
}

/** Writes in memory: each is sent, with one key, until it is answered. */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #observers = new Set<WriteObserver>()
  readonly #entries = new Set<Entry>()
  readonly #settled = new Set<() => void>()
  readonly #refused: PendingOperation[] = []
  readonly #changed = new WritableStore<object>({})
  /** Made anew when it is read after a change. */
  #list: readonly PendingOperation[] | null = null
  #running = 0
  #releasePage: (() => void) | null = null

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  get list(): ReadableStore<readonly PendingOperation[]> {
    const get = (): readonly PendingOperation[] => (this.#list ??= this.#listed())
    return { get, subscribe: (run) => this.#changed.subscribe(() => run(get())) }
  }

  /** The writes that have no answer, in order: what a store that opens now shows. */
  observe(observer: WriteObserver): () => void {
    this.#observers.add(observer)
    for (const { order } of this.#entries) if (order.isShown) observer.added(order.key, order.ops)
    return () => this.#observers.delete(observer)
  }

  /** Sends a write in its turn. Rejects as `withRetry`, and with TOO_MANY_REQUESTS when too many wait. */
  async write<T>(order: WriteOrder<T>): Promise<T> {
    order.signal?.throwIfAborted()
    if (this.#entries.size >= this.#options.maxPending) {
      throw retryableError('TOO_MANY_REQUESTS', `${this.#options.maxPending} writes wait for an answer: wait for one.`)
    }
    const entry = this.#add(order)
    try {
      await this.#turn(entry)
      const result = await this.#send(entry, order)
      const cursor = order.cursorOf(result)
      this.#tell(order, (observer) => observer.acknowledged(order.key, cursor))
      this.#remove(entry)
      return result
    } catch (error) {
      this.#remove(entry)
      this.#tell(order, (observer) => observer.removed(order.key))
      if (error instanceof DatabaseError) this.#refuse(entry, error)
      throw error
    }
  }

  /** Resolves when the writes that have begun are answered, or after some seconds. */
  async settle(): Promise<void> {
    const started = [...this.#entries].filter(({ isStarted }) => isStarted)
    const deadline = performance.now() + SETTLE_MS
    while (started.some((entry) => this.#entries.has(entry))) {
      const leftMs = deadline - performance.now()
      if (leftMs <= 0) return
      await this.#nextSettled(leftMs)
    }
  }

  /** Rejects everything that waits. */
  close(reason: DatabaseError): void {
    for (const { link } of this.#entries) link.abort(reason)
  }

  #tell({ isShown }: Pick<WriteOrder<unknown>, 'isShown'>, tell: (observer: WriteObserver) => void): void {
    if (isShown) for (const observer of this.#observers) tell(observer)
  }

  #add<T>(order: WriteOrder<T>): Entry {
    const entry: Entry = {
      order: order as WriteOrder<unknown>,
      at: Date.now(),
      deadline: performance.now() + this.#options.offlineMs,
      link: linkSignals(order.signal),
      state: 'waiting',
      isStarted: false,
      start: () => {},
    }
    this.#entries.add(entry)
    this.#tell(order, (observer) => observer.added(order.key, order.ops))
    this.#publish()
    return entry
  }

  /** Resolves when no earlier write meets this one, and few enough are sent. */
  async #turn(entry: Entry): Promise<void> {
    const { signal } = entry.link
    await new Promise<void>((resolve, reject) => {
      entry.start = resolve
      onAbort(signal, () => reject(signal.reason as Error))
      this.#startNext()
    })
  }

  #startNext(): void {
    const earlier = new ScopeSet()
    let looked = 0
    for (const entry of this.#entries) {
      if (this.#running >= MAX_RUNNING) return
      const { scope } = entry.order
      if (!entry.isStarted) {
        if (looked++ >= MAX_SCANNED) return
        if (!earlier.meets(scope)) {
          this.#running++
          entry.isStarted = true
          entry.start()
        }
      }
      earlier.add(scope)
    }
  }

  #send<T>(entry: Entry, order: WriteOrder<T>): Promise<T> {
    const { link, deadline } = entry
    const attempt = async (): Promise<T> => {
      try {
        return await order.attempt(link.signal, () => this.#setState(entry, 'sent'))
      } catch (error) {
        if (isRetryable(error)) this.#setState(entry, 'waiting')
        throw error
      }
    }
    const { connected } = this.#options
    return withRetry(attempt, { deadline, signal: link.signal, connected, isWrite: true })
  }

  #setState(entry: Entry, state: Entry['state']): void {
    if (entry.state === state || !this.#entries.has(entry)) return
    entry.state = state
    this.#publish()
  }

  #remove(entry: Entry): void {
    if (this.#entries.delete(entry) && entry.isStarted) this.#running--
    entry.link.release()
    for (const settled of this.#settled) settled()
    this.#startNext()
    this.#publish()
  }

  #refuse({ order, at }: Entry, error: DatabaseError): void {
    const refused: PendingOperation = {
      ...order.call,
      key: order.key,
      ops: order.ops,
      state: 'refused',
      error,
      at,
      dismiss: () => {
        const index = this.#refused.indexOf(refused)
        if (index >= 0) this.#refused.splice(index, 1)
        this.#publish()
      },
    }
    this.#refused.push(refused)
    if (this.#refused.length > MAX_REFUSED) this.#refused.shift()
    this.#publish()
  }

  #nextSettled(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#settled.delete(done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      this.#settled.add(done)
    })
  }

  #listed(): readonly PendingOperation[] {
    const waiting = [...this.#entries].map(({ order: { call, key, ops }, at, state }) => {
      return { ...call, key, ops, state, error: null, at, dismiss: () => {} }
    })
    return [...waiting, ...this.#refused]
  }

  #publish(): void {
    this.#list = null
    this.#changed.set({})
    const count = this.#entries.size
    if (count > 0) this.#releasePage ??= this.#options.holdPage()
    else if (this.#releasePage !== null) {
      this.#releasePage()
      this.#releasePage = null
    }
    this.#options.onPending(count)
  }
}
