import type { Reservation } from '../limits/memory-budget.ts'

/** Texts that have not left, where they are longer than their operations claimed: escapes are not in their estimate. */
export class UnsentAnswers {
  readonly #hold: Reservation
  readonly #claimed: () => number
  #length = 0

  constructor(hold: Reservation, claimed: () => number) {
    this.#hold = hold
    this.#claimed = claimed
  }

  add(length: number): void {
    this.#length += length
    this.#hold.set(Math.max(0, this.#length - this.#claimed()))
  }

  release(): void {
    this.#hold.release()
  }
}
