import { setTimeout as after } from 'node:timers/promises'

/** A step is followed by a rest of so many times its time: the work takes a tenth of the event loop at most. */
const REST_FACTOR = 9
/** The longest rest, ms: longer steps wait for a store, and do not hold up the event loop. */
const MAX_REST_MS = 100

/** Runs the steps of a work in the background, with rests between them. */
export class Pace {
  readonly #signal: AbortSignal

  /** `signal` ends a rest at once. */
  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  get stopped(): boolean {
    return this.#signal.aborted
  }

  /** Runs one step, then rests. Throws what the step throws, and the reason of the signal before a step. */
  async step<T>(run: () => Promise<T>): Promise<T> {
    this.#signal.throwIfAborted()
    const began = performance.now()
    const result = await run()
    const restMs = Math.min(REST_FACTOR * (performance.now() - began), MAX_REST_MS)
    await after(restMs, undefined, { signal: this.#signal, ref: false })
    return result
  }
}
