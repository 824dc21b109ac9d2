/** The longest wait for readers after a broadcast starts, ms; also the most that one turn counts. */
const MAX_WAIT_MS = 20

/**
 * Decides when a cohort's next broadcast may start: when all readers of the last one wait again, so that they move in
 * step and each batch is found once, and when broadcasts have taken no more than their share of the event loop. A slow
 * reader is waited for once, at most `MAX_WAIT_MS`; it then catches up by reads of its own.
 */
export class BroadcastPacer {
  readonly #share: () => number
  /** Number of readers of the last broadcast. */
  #size = 0
  #waitsUntil = 0
  #restsUntil = 0

  /** `share`: of the event loop, that broadcasts may take now, above 0, at most 1. */
  constructor(share: () => number) {
    this.#share = share
  }

  /** A broadcast to `count` readers starts. */
  start(count: number): void {
    this.#size = count
    this.#waitsUntil = performance.now() + MAX_WAIT_MS
  }

  /** Counts the time that one turn of the broadcast took, ms. */
  addTurn(ms: number): void {
    const now = performance.now()
    // A longer turn contains a stall of the process.
    const restMs = Math.min(ms, MAX_WAIT_MS) * (1 / this.#share() - 1)
    this.#restsUntil = Math.max(this.#restsUntil, now) + restMs
  }

  /** Whether `count` waiting readers are all of the last broadcast. */
  isComplete(count: number): boolean {
    return count >= this.#size
  }

  /** How long the next broadcast has to wait while `count` readers wait, ms. */
  delayMs(count: number): number {
    const until = this.isComplete(count) ? this.#restsUntil : Math.max(this.#waitsUntil, this.#restsUntil)
    return Math.max(0, until - performance.now())
  }
}
