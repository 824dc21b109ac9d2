/** Of those that were told together, so many need to be back before they are told again. */
const PART = 0.9
/** Nobody waits longer for the others, ms; and no longer than … */
const LONGEST_MS = 20
/** … as many times what it took to tell them, where that is more: what takes long to show is shown to many at once. */
const TIMES = 4

/**
 * Readers at the live edge go in step: what is found next is the same for all, and made once. Who is slow is waited for a
 * little while, and then goes on alone.
 */
export class Round {
  #told = 0
  #endsAt = 0

  /** So many are told, from now on. */
  begin(count: number): void {
    this.#told = count
    this.#endsAt = performance.now() + LONGEST_MS
  }

  /** What telling them took, ms. */
  took(ms: number): void {
    this.#endsAt = Math.max(this.#endsAt, performance.now() + TIMES * ms)
  }

  /** Whether so many are enough. */
  isBack(count: number): boolean {
    return count >= PART * this.#told
  }

  /** How long to wait for more, ms. */
  restMs(): number {
    return Math.max(0, this.#endsAt - performance.now())
  }
}
