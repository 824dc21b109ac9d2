import type { Millis } from '../../core/version.ts'

/** A batch that is being appended: its commits are stamped `at` or later. */
interface InFlight {
  readonly at: Millis
  /** Resolves when the batch has succeeded or failed. */
  readonly settled: Promise<void>
}

/**
 * The closed time of one tenant in this process: batches that begin later are stamped later
 * (https://www.cockroachlabs.com/docs/stable/architecture/transaction-layer#closed-timestamps).
 */
export class ClosedTime {
  #time: Millis = -Infinity
  #inFlight: InFlight | null = null

  /** Runs a batch with the time to stamp it with: `at`, or the first time that is not closed. One batch at a time. */
  async run<T>(at: Millis, batch: (at: Millis) => Promise<T>): Promise<T> {
    const stamp = Math.max(at, this.#time + 1)
    const work = batch(stamp)
    const settle = (): void => {
      this.#inFlight = null
    }
    this.#inFlight = { at: stamp, settled: work.then(settle, settle) }
    return work
  }

  /**
   * Closes `time`. Null, or a promise of the end of a batch that may still write commits of that time; it never
   * rejects.
   */
  close(time: Millis): Promise<void> | null {
    this.#time = Math.max(this.#time, time)
    return this.#inFlight !== null && this.#inFlight.at <= time ? this.#inFlight.settled : null
  }
}
