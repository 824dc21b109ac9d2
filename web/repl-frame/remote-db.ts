import { CALLS, FEEDS, type CallFailure, type FromFrame, type ToFrame } from './messages.ts'

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** An error of the database, as code sees it. */
class DatabaseFailure extends Error {
  override readonly name = 'DatabaseError'
  readonly code: string
  readonly details: unknown

  constructor({ code, message, details }: CallFailure) {
    super(`${code}: ${message}`)
    this.code = code
    this.details = details
  }
}

/** What `db` can, by messages to the page, which holds the client. */
export class RemoteDb {
  readonly #send: (message: FromFrame) => void
  readonly #calls = new Map<number, Waiting>()
  readonly #feeds = new Map<number, { readonly run: number; waiting: Waiting | null; isOver: boolean }>()
  #last = 0

  constructor(send: (message: FromFrame) => void) {
    this.#send = send
  }

  /** The `db` of one program; what it calls is shown with that program. */
  of(run: number): Readonly<Record<string, unknown>> {
    const calls = CALLS.map((name) => [name, (...args: readonly unknown[]) => this.#call(run, name, args)])
    const feeds = FEEDS.map((name) => [name, (...args: readonly unknown[]) => this.#follow(run, name, args)])
    return Object.freeze(Object.fromEntries([...calls, ...feeds]) as Record<string, unknown>)
  }

  /** Takes an answer of the page. */
  receive(message: ToFrame): void {
    if (message.kind === 'answer') this.#settle(message.call)?.resolve(message.value)
    if (message.kind === 'failed') this.#settle(message.call)?.reject(new DatabaseFailure(message.failure))
    if (message.kind === 'item') this.#deliver(message.feed, message)
    if (message.kind === 'broken') this.#end(message.feed)?.reject(new DatabaseFailure(message.failure))
  }

  /** Ends the feeds of a program: its loops go on behind them. */
  stop(run: number): void {
    for (const [feed, state] of this.#feeds) if (state.run === run) this.#leave(feed)
  }

  #call(run: number, name: string, args: readonly unknown[]): Promise<unknown> {
    const call = ++this.#last
    return new Promise((resolve, reject) => {
      this.#calls.set(call, { resolve, reject })
      this.#send({ kind: 'call', run, call, name, args })
    })
  }

  #settle(call: number): Waiting | undefined {
    const waiting = this.#calls.get(call)
    this.#calls.delete(call)
    return waiting
  }

  #follow(run: number, name: string, args: readonly unknown[]): AsyncIterableIterator<unknown> {
    const feed = ++this.#last
    this.#feeds.set(feed, { run, waiting: null, isOver: false })
    this.#send({ kind: 'follow', run, feed, name, args })
    const iterator: AsyncIterableIterator<unknown> = {
      [Symbol.asyncIterator]: () => iterator,
      next: () => this.#next(feed),
      return: (value: unknown) => {
        this.#leave(feed)
        return Promise.resolve({ done: true, value })
      },
    }
    return iterator
  }

  #next(feed: number): Promise<IteratorResult<unknown>> {
    const state = this.#feeds.get(feed)
    if (state === undefined) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => {
      state.waiting = { resolve: resolve as (value: unknown) => void, reject }
      this.#send({ kind: 'next', feed })
    })
  }

  #deliver(feed: number, { done, value }: { readonly done: boolean; readonly value: unknown }): void {
    if (done) return this.#end(feed)?.resolve({ done: true, value: undefined })
    const state = this.#feeds.get(feed)
    const waiting = state?.waiting
    if (state !== undefined) state.waiting = null
    waiting?.resolve({ done: false, value })
  }

  #leave(feed: number): void {
    if (!this.#feeds.has(feed)) return
    this.#send({ kind: 'leave', feed })
    this.#end(feed)?.resolve({ done: true, value: undefined })
  }

  #end(feed: number): Waiting | null {
    const waiting = this.#feeds.get(feed)?.waiting ?? null
    this.#feeds.delete(feed)
    return waiting
  }
}
