import type { Reservation } from '../limits/memory-budget.ts'

/**
 * Reserves the length by which unsent texts exceed the bytes that their operations claimed: estimates leave out JSON
 * escapes.
 */
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
