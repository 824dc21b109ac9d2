import type { Account } from './held.ts'

/** Pieces of work that begin in one turn of the event loop at most, and how long they may take, ms. */
const TURN = { most: 32, ms: 10 }
/** What a piece takes is an average over turns, of which the newest counts so much: the process may have stood still in one. */
const NEWEST = 0.2
/** A longer text is read in a turn of its own, in bytes: that is some milliseconds of work. */
export const LARGE_BYTES = 65_536

interface Waiting {
  readonly account: Account
  readonly resume: () => void
}

/**
 * How many pieces of work the server begins in one turn of the event loop: few when they turn out to take long, so that
 * whatever else comes is answered in between. Each connection waits once; in turns the one goes on that has waited
 * longest, and the one that holds least.
 */
export class Pace {
  readonly #waiting: Waiting[] = []
  /** What a piece of work took lately, ms. */
  #costMs = 0
  #used = 0
  #begunAt = 0
  #isScheduled = false
  #isOldestNext = false
  /** Whether the one that asks has waited. */
  #isResuming = false

  /** Whether an operation may begin in this turn, or a text of so many bytes be read; else calls `resume` when it is to ask again. */
  enter(account: Account, bytes: number, resume: () => void): boolean {
    const mayEnter = this.#used === 0 || (bytes <= LARGE_BYTES && this.#isTimeLeft())
    if (!this.#isScheduled) this.#schedule()
    if (mayEnter && (this.#isResuming || this.#waiting.length === 0)) {
      this.#used += bytes > LARGE_BYTES ? TURN.most : 1
      return true
    }
    this.#waiting.push({ account, resume })
    return false
  }

  /** Resolves in the turn in which `enter` would be true. */
  wait(account: Account, bytes: number): Promise<void> {
    return new Promise((resolve) => {
      const attempt = (): void => {
        if (this.enter(account, bytes, attempt)) resolve()
      }
      attempt()
    })
  }

  /** By what the pieces that began will take, for they have not run yet, and by what has passed. */
  #isTimeLeft(): boolean {
    if (this.#used >= TURN.most || this.#used * this.#costMs > TURN.ms) return false
    return performance.now() - this.#begunAt < TURN.ms
  }

  #schedule(): void {
    this.#isScheduled = true
    this.#begunAt = performance.now()
    setImmediate(this.#next)
  }

  readonly #next = (): void => {
    const tookMs = (performance.now() - this.#begunAt) / Math.max(1, Math.min(this.#used, TURN.most))
    this.#costMs += NEWEST * (tookMs - this.#costMs)
    this.#used = 0
    this.#isScheduled = false
    // Not all that wait ask for more when they are resumed.
    for (let left = this.#waiting.length; left > 0 && (this.#used === 0 || this.#isTimeLeft()); left--) this.#resumeOne()
    if (!this.#isScheduled && this.#waiting.length > 0) this.#schedule()
  }

  #resumeOne(): void {
    this.#isOldestNext = !this.#isOldestNext
    const [next] = this.#waiting.splice(this.#isOldestNext ? 0 : this.#least(), 1)
    this.#isResuming = true
    next?.resume()
    this.#isResuming = false
  }

  #least(): number {
    let least = 0
    for (let i = 1; i < this.#waiting.length; i++) {
      if ((this.#waiting[i]?.account.bytes ?? 0) < (this.#waiting[least]?.account.bytes ?? 0)) least = i
    }
    return least
  }
}
