/** Of those that go together, so many need to be back before they are told what is next; of a few, one may always stay away. */
const QUORUM = 0.9
/** By so much fewer are waited for in the next round, if they stay away. */
const GROUP_DECAY = 0.3
/** Nobody waits longer for the others, ms. */
const MAX_WAIT_MS = 20
/**
 * As many times as long as telling them took, nobody is told: `each` for each commit that they were told of, for the more is
 * written, the more comes together; and `behind` times where more has come already. Never longer than `mostMs`: telling them
 * may have taken long because the whole process stood still.
 */
const COOLDOWN_FACTORS = { each: 3, behind: 6, most: 60, mostMs: 1_000 }

/**
 * Readers at the live edge go in step: what is found next is the same for all, and made once. Who is slow is waited for a
 * little while, and then goes on alone.
 */
export class BroadcastPacer {
  /** How many go together. */
  #size = 0
  #endsAt = 0
  #tookMs = 0
  #cooldownUntil = 0
  #cooldown: number = COOLDOWN_FACTORS.behind

  /** So many are told of so many commits, from now on; 0: of some, and more has come. */
  start(count: number, commits: number): void {
    this.#cooldown = commits === 0 ? COOLDOWN_FACTORS.behind : Math.min(COOLDOWN_FACTORS.each * commits, COOLDOWN_FACTORS.most)
    this.#size = Math.max(count, this.#size * (1 - GROUP_DECAY))
    this.#endsAt = performance.now() + MAX_WAIT_MS
    this.#tookMs = 0
  }

  /** What telling some of them took, ms. */
  addElapsed(ms: number): void {
    this.#tookMs += ms
    this.#cooldownUntil = performance.now() + Math.min(this.#cooldown * this.#tookMs, COOLDOWN_FACTORS.mostMs)
  }

  /** Whether so many are enough to go on. */
  hasQuorum(count: number): boolean {
    return count >= Math.floor(QUORUM * this.#size)
  }

  /** How long to wait for more, ms. */
  delayMs(count: number): number {
    const until = this.hasQuorum(count) ? this.#cooldownUntil : Math.max(this.#endsAt, this.#cooldownUntil)
    return Math.max(0, until - performance.now())
  }
}
