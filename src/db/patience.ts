import { DatabaseError } from '../core/error.ts'

/**
 * Bounds a read that takes many pages: between two pages it lets others run, and past its time it gives up.
 * (The embedded store answers without waiting, so a loop over its pages alone would hold up the whole process.)
 */
export class Patience {
  readonly #until: number
  readonly #ms: number

  /** `ms`: how long the whole read may take. */
  constructor(ms: number) {
    this.#ms = ms
    this.#until = performance.now() + ms
  }

  /** Call between two pages. Throws TIMEOUT. */
  async pause(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    if (performance.now() < this.#until) return
    throw new DatabaseError('TIMEOUT', `The read took longer than ${this.#ms} ms; ask for a smaller part.`, { outcome: 'NOT_DONE' })
  }
}
