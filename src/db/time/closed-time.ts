import type { Millis } from '../../core/version.ts'

/** A batch on its way into the store: no commit of it is stamped before `at`. */
interface InFlight {
  readonly at: Millis
  /** Resolves when it is known what became of the batch. */
  readonly settled: Promise<void>
}

/**
 * The closed time of one tenant in this process: batches that begin from now on are stamped later
 * (https://www.cockroachlabs.com/docs/stable/architecture/transaction-layer#closed-timestamps).
 */
export class ClosedTime {
  #time: Millis = -Infinity
  #inFlight: InFlight | null = null

  /** Runs a batch, one at a time, with the time to stamp it with: `at`, or the first one that is not closed. */
  async run<T>(at: Millis, batch: (at: Millis) => Promise<T>): Promise<T> {
    const stamp = Math.max(at, this.#time + 1)
    const work = batch(stamp)
    const settle = (): void => {
      this.#inFlight = null
    }
    this.#inFlight = { at: stamp, settled: work.then(settle, settle) }
    return work
  }

  /** Closes `time`. Where a batch in flight may still bring commits of it, resolves when that has settled, however; else null. */
  close(time: Millis): Promise<void> | null {
    this.#time = Math.max(this.#time, time)
    return this.#inFlight !== null && this.#inFlight.at <= time ? this.#inFlight.settled : null
  }
}
