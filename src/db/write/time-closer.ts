import { setTimeout as after } from 'node:timers/promises'
import { DatabaseError } from '../../core/error.ts'
import type { Millis } from '../../core/version.ts'
import type { ClosedTime } from '../time/closed-time.ts'
import type { Committer } from './committer.ts'
import type { Request } from './request.ts'
import { CLOSING_ACTOR, type LogTail } from '../log/log-tail.ts'

/**
 * The longest wait of a read for the clock to reach its time, ms. Each such read may advance the log's time by one
 * millisecond, so reads can drive it at no more than a tenth of the clock's pace.
 */
const CATCH_UP_MS = 10

/** A commit that writes nothing: its time closes the times before it. */
const NO_OP: Request = { operations: [], checks: [], key: undefined, actor: CLOSING_ACTOR }

interface TimeCloserOptions {
  readonly tail: LogTail
  readonly committer: Committer
  readonly closedTime: ClosedTime
  /** Whether other processes write to the store, too. */
  readonly shared: boolean
  readonly now: () => Millis
  /** Time limit of a read, ms. */
  readonly readMs: number
}

/**
 * Makes reads as of a time repeatable: after a time was closed, no commit becomes visible with that time or an earlier
 * one. docs/mongodb.md says how, where several processes write.
 */
export class TimeCloser {
  readonly #options: TimeCloserOptions
  /** The time of the no-op commit in flight; null: none is. */
  #noOp: Promise<Millis> | null = null

  constructor(options: TimeCloserOptions) {
    this.#options = options
  }

  /** Closes a time; false: it lies ahead of the clock and of the last written commit. Throws TIMEOUT. */
  async close(time: Millis): Promise<boolean> {
    if (await this.#isBehindTheLog(time)) return true
    const { tail, now, shared, closedTime } = this.#options
    if (time > now() && time > tail.writtenAt) return false
    await this.#catchUp(time)
    if (time < tail.lastAt) return true
    const closing = shared ? this.#closeInTheLog(time) : closedTime.close(time)
    if (closing !== null) await this.#within(closing)
    return true
  }

  /** Waits at most CATCH_UP_MS for the clock to reach the time; in a loop, for timers may fire early. */
  async #catchUp(time: Millis): Promise<void> {
    const { now } = this.#options
    const until = performance.now() + CATCH_UP_MS
    while (now() < time && performance.now() < until) await after(Math.min(time - now(), CATCH_UP_MS))
  }

  /**
   * Whether a visible commit is later: times never run backwards along the log (L1), and nothing comes before it (L0).
   */
  async #isBehindTheLog(time: Millis): Promise<boolean> {
    const { tail, shared } = this.#options
    if (shared && time >= tail.lastAt) await tail.refresh()
    return time < tail.lastAt
  }

  /**
   * The batches of other processes are not known, but none is stamped before a visible commit. So a later one is
   * committed: a no-op. One that was drafted before the time was closed may be too early, the next one is not.
   */
  async #closeInTheLog(time: Millis): Promise<void> {
    const { tail, closedTime } = this.#options
    void closedTime.close(time)
    for (let at = tail.lastAt; at <= time;) at = await (this.#noOp ??= this.#commitNoOp())
  }

  async #commitNoOp(): Promise<Millis> {
    try {
      const { commit } = await this.#options.committer.commit(NO_OP, null)
      return commit.at
    } finally {
      this.#noOp = null
    }
  }

  #within(work: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(this.#late()), this.#options.readMs)
      const fail = (error: unknown): void => {
        clearTimeout(timer)
        reject(error instanceof DatabaseError ? this.#ofRead(error) : error)
      }
      work.then(() => {
        clearTimeout(timer)
        resolve()
      }, fail)
    })
  }

  /** The error of a read that waited for a no-op, whose outcome does not matter to it. */
  #ofRead(error: DatabaseError): DatabaseError {
    if (error.code === 'TIMEOUT') return this.#late()
    const { outcome: _, ...details } = error.details
    return new DatabaseError(error.code, error.message, { ...details, cause: error.cause })
  }

  #late(): DatabaseError {
    const message =
      `What is being written at the time that was asked for was not done within ${this.#options.readMs} ` +
      'ms; try again, or read as of a cursor.'
    return new DatabaseError('TIMEOUT', message, { outcome: 'NOT_DONE' })
  }
}
