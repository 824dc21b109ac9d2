/**
 * Quorum: the next broadcast starts when 90 % of the last one's readers wait again; `floor` lets a small group miss
 * one.
 */
const QUORUM = 0.9
/** Decay: the group shrinks by at most 30 % per broadcast, when readers do not come back. */
const GROUP_DECAY = 0.3
/** The longest wait for a quorum after a broadcast starts, ms. */
const MAX_WAIT_MS = 20
/**
 * Cooldown after a broadcast = factor × its duration: 3 per commit delivered (at most 60), since more commits then
 * share the next batch; 6 when more commits are pending. Never over 1 s: the duration may include a stall of the
 * process.
 */
const COOLDOWN_FACTORS = { each: 3, behind: 6, most: 60, mostMs: 1_000 }

/**
 * Decides when a cohort's next broadcast may start: its readers move in step, so that each batch is found once. A slow
 * reader is waited for at most `MAX_WAIT_MS`; it then catches up by reads of its own.
 */
export class BroadcastPacer {
  /** Size of the group that moves in step: a quorum is a share of it. */
  #size = 0
  #endsAt = 0
  #elapsedMs = 0
  #cooldownUntil = 0
  #cooldown: number = COOLDOWN_FACTORS.behind

  /**
   * A broadcast of `commits` commits to `count` readers starts; 0 commits: their number does not count, or more are
   * pending.
   */
  start(count: number, commits: number): void {
    this.#cooldown =
      commits === 0 ? COOLDOWN_FACTORS.behind : Math.min(COOLDOWN_FACTORS.each * commits, COOLDOWN_FACTORS.most)
    this.#size = Math.max(count, this.#size * (1 - GROUP_DECAY))
    this.#endsAt = performance.now() + MAX_WAIT_MS
    this.#elapsedMs = 0
  }

  /** Adds the time that one slice of the broadcast took, ms, and sets the end of the cooldown by the sum. */
  addElapsed(ms: number): void {
    this.#elapsedMs += ms
    this.#cooldownUntil = performance.now() + Math.min(this.#cooldown * this.#elapsedMs, COOLDOWN_FACTORS.mostMs)
  }

  /** Whether `count` waiting readers are a quorum. */
  hasQuorum(count: number): boolean {
    return count >= Math.floor(QUORUM * this.#size)
  }

  /** How long the next broadcast has to wait while `count` readers wait, ms. */
  delayMs(count: number): number {
    const until = this.hasQuorum(count) ? this.#cooldownUntil : Math.max(this.#endsAt, this.#cooldownUntil)
    return Math.max(0, until - performance.now())
  }
}
