import type { ConnectionAccount } from './memory-budget.ts'
import { LARGE_MESSAGE_BYTES } from './parse-in-turns.ts'

/** Limits of one event-loop turn: operations that start in it, and the time for them and their reads, ms. */
const TURN_LIMITS = { operations: 32, ms: 10 }
/**
 * Weight of the newest turn in the average duration of a piece of work: one turn may include a stall of the process.
 */
const EWMA_WEIGHT = 0.2

/**
 * Limits the pieces of work that start in one event-loop turn: operations, their reads and events. Fewer start when
 * pieces take long, so that other work runs in between. Waiting connections are resumed alternately: the one that has
 * waited longest, and the one that holds fewest bytes.
 */
export class OperationPacer {
  /** Waiting callbacks per connection, FIFO; the connection that has waited longest is first. */
  readonly #waiting = new Map<ConnectionAccount, (() => void)[]>()
  /** Average duration of a piece of work, ms. */
  #pieceMs = 0
  /**
   * Pieces that started in this turn, and the operations among them; a long text counts as all operations of a turn.
   */
  #pieces = 0
  #operations = 0
  #turnStartedAt = 0
  #isScheduled = false
  #isOldestNext = false
  /** Whether `enter` is being called by a callback that has waited. */
  #isResuming = false

  /**
   * Whether an operation may start in this turn, or a text of `bytes` be parsed; else calls `resume` when to ask again.
   */
  enter(account: ConnectionAccount, bytes: number, resume: () => void): boolean {
    const isLong = bytes > LARGE_MESSAGE_BYTES
    const mayEnter = this.#operations === 0 || (!isLong && this.#operations < TURN_LIMITS.operations && this.#hasTime())
    if (mayEnter && (this.#isResuming || this.#waiting.size === 0)) {
      this.#operations += isLong ? TURN_LIMITS.operations : 1
      this.#countPiece()
      return true
    }
    this.#wait(account, resume)
    return false
  }

  /** Resolves in the turn in which `enter` admits the operation. */
  entered(account: ConnectionAccount, bytes: number): Promise<void> {
    return new Promise((resolve) => {
      const attempt = (): void => {
        if (this.enter(account, bytes, attempt)) resolve()
      }
      attempt()
    })
  }

  /**
   * Null when one more piece of started work may follow in this turn, a read of an operation or an event of a
   * subscription; else resolves in the turn in which it may. It does not wait behind operations that have not started.
   */
  nextPiece(account: ConnectionAccount): Promise<void> | null {
    if (this.#pieces === 0 || this.#hasTime()) return this.#countPiece()
    return new Promise((resolve) =>
      this.#wait(account, () => {
        this.#countPiece()
        resolve()
      }),
    )
  }

  #countPiece(): null {
    this.#pieces++
    this.#schedule()
    return null
  }

  #wait(account: ConnectionAccount, resume: () => void): void {
    const queue = this.#waiting.get(account)
    if (queue === undefined) this.#waiting.set(account, [resume])
    else queue.push(resume)
    this.#schedule()
  }

  /** By the average duration of the started pieces, for they have not run yet, and by the time that has passed. */
  #hasTime(): boolean {
    return this.#pieces * this.#pieceMs <= TURN_LIMITS.ms && performance.now() - this.#turnStartedAt < TURN_LIMITS.ms
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#turnStartedAt = performance.now()
    setImmediate(this.#startTurn)
  }

  readonly #startTurn = (): void => {
    const tookMs = (performance.now() - this.#turnStartedAt) / Math.max(1, this.#pieces)
    this.#pieceMs += EWMA_WEIGHT * (tookMs - this.#pieceMs)
    this.#pieces = 0
    this.#operations = 0
    this.#isScheduled = false
    // No more resumes than waiting connections: a resumed callback may start nothing.
    for (let left = this.#waiting.size; left > 0 && (this.#pieces === 0 || this.#hasTime()); left--) this.#resumeOne()
    if (this.#waiting.size > 0) this.#schedule()
  }

  #resumeOne(): void {
    this.#isOldestNext = !this.#isOldestNext
    const account = this.#isOldestNext ? this.#oldest() : this.#leastBytes()
    const queue = account === undefined ? undefined : this.#waiting.get(account)
    if (account === undefined || queue === undefined) return
    const resume = queue.shift()
    this.#waiting.delete(account)
    if (queue.length > 0) this.#waiting.set(account, queue)
    this.#isResuming = true
    resume?.()
    this.#isResuming = false
  }

  #oldest(): ConnectionAccount | undefined {
    const [first] = this.#waiting.keys()
    return first
  }

  #leastBytes(): ConnectionAccount | undefined {
    let least = this.#oldest()
    for (const account of this.#waiting.keys()) if (least === undefined || account.bytes < least.bytes) least = account
    return least
  }
}
