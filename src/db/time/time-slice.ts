import { DatabaseError } from '../../core/error.ts'

/** How long a read may run without a pause, ms: with the slice that it reads next, less than 10. */
const TURN_MS = 5

/**
 * Bounds a read that takes many pages: between two pages it lets others run, and past its time it gives up.
 * (The embedded store answers without waiting, so a loop over its pages alone would hold up the whole process.)
 */
export class TimeSlice {
  readonly #until: number
  readonly #ms: number
  #turnBegan = performance.now()

  /** `ms`: how long the whole read may take. */
  constructor(ms: number) {
    this.#ms = ms
    this.#until = performance.now() + ms
  }

  /** Whether it is time to pause within a page, too. */
  get isLong(): boolean {
    return performance.now() - this.#turnBegan > TURN_MS
  }

  /** Lets others run. */
  protected async nextTurn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    this.#turnBegan = performance.now()
  }

  /** Call between two pages. Throws TIMEOUT. */
  async yieldOrTimeOut(): Promise<void> {
    await this.nextTurn()
    if (this.#turnBegan < this.#until) return
    throw new DatabaseError('TIMEOUT', `The read took longer than ${this.#ms} ms; ask for a smaller part.`, { outcome: 'NOT_DONE' })
  }
}
