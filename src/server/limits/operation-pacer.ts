import type { ConnectionAccount } from './memory-budget.ts'

/** Operations that begin in one turn of the event loop at most, and how long they and their reads may take, ms. */
const TURN_LIMITS = { operations: 32, ms: 10 }
/** What a piece of work takes is an average over turns, of which the newest counts so much: the process may have stood still in one. */
const EWMA_WEIGHT = 0.2
/** A longer text is read in a turn of its own, in bytes: that is some milliseconds of work. */
export const LARGE_MESSAGE_BYTES = 65_536

/**
 * How many pieces of work the server begins in one turn of the event loop, operations, their reads and events: few when they turn
 * out to take long, so that whatever else comes is answered in between. In turns the connection goes on that was longest
 * without one, and the one that holds least.
 */
export class OperationPacer {
  /** Of each connection what waits, in its order; the connection that waits longest is first. */
  readonly #waiting = new Map<ConnectionAccount, (() => void)[]>()
  /** What a piece of work took lately, ms. */
  #pieceMs = 0
  /** Pieces that began in this turn, and the operations among them: a long text counts as all that may. */
  #pieces = 0
  #operations = 0
  #turnStartedAt = 0
  #isScheduled = false
  #isOldestNext = false
  /** Whether the one that asks has waited. */
  #isResuming = false

  /** Whether an operation may begin in this turn, or a text of so many bytes be read; else calls `resume` when it is to ask again. */
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

  /** Resolves in the turn in which `enter` would be true. */
  entered(account: ConnectionAccount, bytes: number): Promise<void> {
    return new Promise((resolve) => {
      const attempt = (): void => {
        if (this.enter(account, bytes, attempt)) resolve()
      }
      attempt()
    })
  }

  /**
   * Null when one more piece of what has begun may follow in this turn, a read of an operation or an event of a
   * subscription; else resolves in the turn in which it may. It passes what has not begun.
   */
  nextPiece(account: ConnectionAccount): Promise<void> | null {
    if (this.#pieces === 0 || this.#hasTime()) return this.#countPiece()
    return new Promise((resolve) => this.#wait(account, () => {
      this.#countPiece()
      resolve()
    }))
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

  /** By what the pieces that began will take, for they have not run yet, and by what has passed. */
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
    // Not all that wait ask for more when they are resumed.
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
