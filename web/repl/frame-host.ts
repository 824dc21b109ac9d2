import type { Client, DatabaseError } from '../../src/client/connect.ts'
import { CALLS, FEEDS, type CallFailure, type FromFrame, type ToFrame } from '../repl-frame/messages.ts'
import type { SentOperation } from './recorder.ts'

/** Calls that wait, and feeds that run, at most: more are refused. */
const [MOST_CALLS, MOST_FEEDS] = [100, 20]

/** What a call is, as it is shown. */
export interface ShownCall {
  readonly run: number
  readonly name: string
  readonly operation: SentOperation
}

interface HostParts {
  /** A client for one call, which tells what it sends. */
  readonly connect: (record: (operation: SentOperation) => void) => Client
  readonly post: (message: ToFrame) => void
  readonly show: (call: ShownCall) => void
}

interface RunningFeed {
  readonly items: AsyncIterator<unknown>
  readonly client: Client
}

/**
 * The side of the page that holds the client. What comes from the frame was written by whoever wrote the code there: it
 * may call the listed methods, and nothing else. Each call has a client of its own, so that what it sends is known.
 */
export class FrameHost {
  readonly #parts: HostParts
  readonly #feeds = new Map<number, RunningFeed>()
  #calls = 0
  #isClosed = false

  constructor(parts: HostParts) {
    this.#parts = parts
  }

  /** Takes a message of the frame that is about the database. */
  receive(message: FromFrame): void {
    if (message.kind === 'call') void this.#call(message)
    else if (message.kind === 'follow') this.#follow(message)
    else if (message.kind === 'next') void this.#next(message.feed)
    else if (message.kind === 'leave') this.#leave(message.feed)
  }

  /** Ends all feeds. */
  close(): void {
    this.#isClosed = true
    for (const feed of this.#feeds.keys()) this.#leave(feed)
  }

  async #call({ run, call, name, args }: Extract<FromFrame, { readonly kind: 'call' }>): Promise<void> {
    if (this.#calls >= MOST_CALLS || !isOneOf(CALLS, name)) {
      return this.#post({ kind: 'failed', call, failure: refusal(name, `${MOST_CALLS} calls wait for an answer`) })
    }
    this.#calls++
    const client = this.#connect(run, name)
    try {
      const method = client[name] as (...args: readonly unknown[]) => Promise<unknown>
      this.#post({
        kind: 'answer',
        call,
        value: await (Reflect.apply(method, client, argumentsOf(args)) as Promise<unknown>),
      })
    } catch (error) {
      this.#post({ kind: 'failed', call, failure: failureOf(error) })
    } finally {
      this.#calls--
      void client.close()
    }
  }

  #follow({ run, feed, name, args }: Extract<FromFrame, { readonly kind: 'follow' }>): void {
    if (this.#feeds.size >= MOST_FEEDS || !isOneOf(FEEDS, name)) {
      return this.#post({ kind: 'broken', feed, failure: refusal(name, `${MOST_FEEDS} feeds run`) })
    }
    const client = this.#connect(run, name)
    try {
      const method = client[name] as (...args: readonly unknown[]) => AsyncIterableIterator<unknown>
      this.#feeds.set(feed, {
        client,
        items: Reflect.apply(method, client, argumentsOf(args)) as AsyncIterableIterator<unknown>,
      })
    } catch (error) {
      void client.close()
      this.#post({ kind: 'broken', feed, failure: failureOf(error) })
    }
  }

  async #next(feed: number): Promise<void> {
    const running = this.#feeds.get(feed)
    if (running === undefined) return
    try {
      const { done = false, value } = (await running.items.next()) as IteratorResult<unknown>
      if (this.#feeds.get(feed) !== running) return
      if (done) this.#leave(feed)
      this.#post({ kind: 'item', feed, done, value })
    } catch (error) {
      this.#leave(feed)
      this.#post({ kind: 'broken', feed, failure: failureOf(error) })
    }
  }

  #leave(feed: number): void {
    const running = this.#feeds.get(feed)
    this.#feeds.delete(feed)
    if (running === undefined) return
    void Promise.resolve(running.items.return?.())
      .catch(() => {})
      .then(() => running.client.close())
  }

  #connect(run: number, name: string): Client {
    return this.#parts.connect((operation) => this.#parts.show({ run, name, operation }))
  }

  #post(message: ToFrame): void {
    if (!this.#isClosed) this.#parts.post(message)
  }
}

function isOneOf<Name extends string>(names: readonly Name[], name: unknown): name is Name {
  return names.some((one) => one === name)
}

function argumentsOf(args: unknown): readonly unknown[] {
  return Array.isArray(args) ? (args as readonly unknown[]) : []
}

function refusal(name: unknown, full: string): CallFailure {
  const isKnown = isOneOf([...CALLS, ...FEEDS], name)
  const message = isKnown ? `${full}: end some first.` : `There is no method ${String(name)} here.`
  return { code: isKnown ? 'TOO_MANY_REQUESTS' : 'BAD_REQUEST', message, details: null }
}

function failureOf(error: unknown): CallFailure {
  const { code = 'INTERNAL', message, details = null } = error as Partial<DatabaseError> & Error
  return { code, message, details }
}
