import type { Commit } from '../core/commit.ts'
import { formatCursor } from '../core/cursor.ts'
import type { Change, ChangeBatch } from '../core/database.ts'
import { DatabaseError } from '../core/error.ts'
import type { Revision } from '../core/version.ts'
import type { Selection } from './selection.ts'
import type { Tail, Waiter } from './tail.ts'

/** Where a feed begins, and over what it runs. */
export interface Beginning {
  readonly tail: Tail
  readonly selection: Selection
  /** The feed delivers what comes after this revision. */
  readonly position: Revision
}

export interface FeedOptions {
  /** Rejects when the feed cannot begin there. */
  readonly begin: () => Promise<Beginning>
  /** Changes after which the feed completes, rounded up to whole commits. */
  readonly limit: number
  readonly heartbeatMs: number
  readonly signal?: AbortSignal | undefined
  /** Called once, when the feed has ended. */
  readonly ended: (feed: Feed) => void
}

const DONE: IteratorResult<ChangeBatch> = { done: true, value: undefined }

/**
 * The changes of a tenant as a pull iterator over its log: a position, and whoever reads pulls it on. It holds one
 * page of commits at most, and only while someone waits for it, so a reader that stops costs nothing and loses nothing.
 */
export class Feed implements AsyncIterableIterator<ChangeBatch> {
  readonly #options: FeedOptions
  readonly #beginning: Promise<Beginning>
  /** Everything up to its position was delivered, or does not match. */
  #at: Beginning | null = null
  #remaining: number
  #live = false
  #closed = false
  #failure: DatabaseError | null = null
  #waiter: Waiter | null = null
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: FeedOptions) {
    this.#options = options
    this.#remaining = options.limit
    this.#beginning = options.begin()
    // Its failure is told to whoever pulls first.
    this.#beginning.catch(() => {})
    options.signal?.addEventListener('abort', this.#abort, { once: true })
    if (options.signal?.aborted === true) queueMicrotask(this.#abort)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** The next batch; waits at the live edge, at most for a heartbeat. Calls are answered in order. */
  next(): Promise<IteratorResult<ChangeBatch>> {
    const result = this.#turn.then(() => this.#next())
    this.#turn = result.catch(() => {})
    return result
  }

  return(): Promise<IteratorResult<ChangeBatch>> {
    this.#close()
    return Promise.resolve(DONE)
  }

  /** Ends the feed with an error, for instance because the server stops: clients then resume elsewhere. */
  fail(error: DatabaseError): void {
    this.#failure ??= error
    this.#close()
  }

  readonly #abort = (): void => this.#close()

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#waiter?.wake(0)
    this.#options.signal?.removeEventListener('abort', this.#abort)
    this.#options.ended(this)
  }

  async #next(): Promise<IteratorResult<ChangeBatch>> {
    try {
      this.#at ??= await this.#beginning
      const batch = this.#closed || this.#remaining <= 0 ? null : await this.#pull(this.#at)
      if (this.#failure !== null) throw this.#failure
      if (batch !== null && !this.#closed) return { done: false, value: batch }
    } catch (error) {
      this.#close()
      throw error
    }
    this.#close()
    return DONE
  }

  /** Reads on until there is something to say; null when the feed was closed meanwhile. */
  async #pull(at: Beginning): Promise<ChangeBatch | null> {
    const { tail } = at
    const patience = performance.now() + this.#options.heartbeatMs
    let { position } = at
    while (!this.#closed) {
      if (position >= tail.last) {
        if (!this.#live) return this.#batch([], { ...at, position })
        const quietUntil = await this.#wait(at, patience - performance.now())
        position = Math.max(position, quietUntil)
        if (this.#closed || performance.now() < patience) continue
        await tail.look()
        if (position >= tail.last) return this.#batch([], { ...at, position })
        continue
      }
      const commits = await tail.read(position)
      if (position < tail.floor) throw expired(tail)
      const { changes, position: reached } = await this.#select(commits, { ...at, position })
      if (changes.length > 0) return this.#batch(changes, { ...at, position: reached })
      position = reached
      // The embedded store answers at once: let others run before the next page.
      await new Promise((resolve) => setImmediate(resolve))
      // A long stretch without a match still gives a sign of life, and a cursor to resume from.
      if (performance.now() >= patience) return this.#batch([], { ...at, position })
    }
    return null
  }

  async #select(commits: readonly Commit[], at: Beginning): Promise<{ changes: readonly Change[]; position: Revision }> {
    const all: Change[] = []
    let { position } = at
    for (const commit of commits) {
      const selected = at.selection.of(commit)
      all.push(...(selected instanceof Promise ? await selected : selected))
      position = commit.revision
      if (all.length >= this.#remaining) break
    }
    return { changes: all, position }
  }

  #batch(changes: readonly Change[], at: Beginning): ChangeBatch {
    const { tail, position } = at
    this.#at = at
    this.#remaining -= changes.length
    this.#live = position >= tail.last
    return { changes, cursor: formatCursor(tail.epoch, position), upToDate: this.#live, reset: null }
  }

  /** Waits for a commit that may match; answers with a revision up to which there was none. */
  async #wait({ tail, selection }: Beginning, timeoutMs: number): Promise<Revision> {
    const waiter = tail.wait(selection.topics)
    this.#waiter = waiter
    const timer = setTimeout(() => waiter.wake(tail.last), Math.max(timeoutMs, 0))
    try {
      return await waiter.quietUntil
    } finally {
      clearTimeout(timer)
      this.#waiter = null
    }
  }
}

/** CURSOR_EXPIRED with the floor of the log. */
export function expired(tail: Tail): DatabaseError {
  const floor = formatCursor(tail.epoch, tail.floor)
  return new DatabaseError('CURSOR_EXPIRED', 'The log no longer holds everything after this cursor; read again from the start.', { floor })
}
