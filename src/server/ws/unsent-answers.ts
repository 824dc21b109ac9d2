import type { Reservation } from '../limits/memory-budget.ts'

/** Texts that have not left, where they are longer than their operations claimed: escapes are not in their estimate. */
export class UnsentAnswers {
  readonly #reservation: Reservation
  readonly #claimedBytes: () => number
  #length = 0

  constructor(reservation: Reservation, claimedBytes: () => number) {
    this.#reservation = reservation
    this.#claimedBytes = claimedBytes
  }

  add(length: number): void {
    this.#length += length
    this.#reservation.set(Math.max(0, this.#length - this.#claimedBytes()))
  }

  release(): void {
    this.#reservation.release()
  }
}
