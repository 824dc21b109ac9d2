import { setImmediate as nextTurn } from 'node:timers/promises'
import { DatabaseError } from '../../core/error.ts'

/** How long a read may run without yielding to the event loop, ms: with the slice that it reads next, less than 10. */
const TURN_MS = 5

/**
 * Bounds a read of many pages: it yields to the event loop between two pages, and throws TIMEOUT past its time. (The
 * embedded store answers without waiting, so a loop over its pages alone would block the process.)
 */
export class TimeSlice {
  readonly #until: number
  readonly #ms: number
  #turnBegan = performance.now()

  /** `ms`: the time limit of the whole read. */
  constructor(ms: number) {
    this.#ms = ms
    this.#until = performance.now() + ms
  }

  /** Whether the read has to yield within a page, too. */
  get isLong(): boolean {
    return performance.now() - this.#turnBegan > TURN_MS
  }

  /** Yields to the event loop. */
  protected async nextTurn(): Promise<void> {
    await nextTurn()
    this.#turnBegan = performance.now()
  }

  /** Call between two pages. Throws TIMEOUT once the time is over. */
  async yieldOrTimeOut(): Promise<void> {
    await this.nextTurn()
    if (this.#turnBegan < this.#until) return
    throw new DatabaseError('TIMEOUT', `The read took longer than ${this.#ms} ms; ask for a smaller part.`, {
      outcome: 'NOT_DONE',
    })
  }
}
