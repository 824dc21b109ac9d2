/** Of those that go together, so many need to be back before they are told what is next; of a few, one may always stay away. */
const PART = 0.9
/** By so much fewer are waited for in the next round, if they stay away. */
const FORGOTTEN = 0.3
/** Nobody waits longer for the others, ms. */
const LONGEST_MS = 20
/**
 * As many times as long as telling them took, nobody is told: `each` for each commit that they were told of, for the more is
 * written, the more comes together; and `behind` times where more has come already. Never longer than `mostMs`: telling them
 * may have taken long because the whole process stood still.
 */
const REST = { each: 3, behind: 6, most: 60, mostMs: 1_000 }

/**
 * Readers at the live edge go in step: what is found next is the same for all, and made once. Who is slow is waited for a
 * little while, and then goes on alone.
 */
export class Round {
  /** How many go together. */
  #size = 0
  #endsAt = 0
  #tookMs = 0
  #restsUntil = 0
  #rest: number = REST.behind

  /** So many are told of so many commits, from now on; 0: of some, and more has come. */
  begin(count: number, commits: number): void {
    this.#rest = commits === 0 ? REST.behind : Math.min(REST.each * commits, REST.most)
    this.#size = Math.max(count, this.#size * (1 - FORGOTTEN))
    this.#endsAt = performance.now() + LONGEST_MS
    this.#tookMs = 0
  }

  /** What telling some of them took, ms. */
  took(ms: number): void {
    this.#tookMs += ms
    this.#restsUntil = performance.now() + Math.min(this.#rest * this.#tookMs, REST.mostMs)
  }

  /** Whether so many are enough to go on. */
  isEnough(count: number): boolean {
    return count >= Math.floor(PART * this.#size)
  }

  /** How long to wait for more, ms. */
  waitMs(count: number): number {
    const until = this.isEnough(count) ? this.#restsUntil : Math.max(this.#endsAt, this.#restsUntil)
    return Math.max(0, until - performance.now())
  }
}
