/** Pings in a row that may stay unanswered. */
const MAX_UNANSWERED = 2

/** The next action for a peer: `gone` means to end its connection. */
export type LivenessAction = 'nothing' | 'ping' | 'gone'

/**
 * Whether a peer is still there. It is pinged at the first call of `next` and then every `pingMs`, and is gone when it
 * has answered none of two pings by the time the third is due. Times are in ms of a monotonic clock.
 */
export class Liveness {
  readonly #pingMs: number
  #dueAt: number
  #unanswered = 0

  constructor(pingMs: number, now: number) {
    this.#pingMs = pingMs
    this.#dueAt = now
  }

  /** Called for each pong. */
  onPong(): void {
    this.#unanswered = 0
  }

  /** Called while the socket is paused, for pongs may wait unread: the next ping is due `pingMs` later. */
  onPaused(now: number): void {
    this.#dueAt = Math.max(this.#dueAt, now + this.#pingMs)
  }

  /** The action that is due now. */
  next(now: number): LivenessAction {
    if (now < this.#dueAt) return 'nothing'
    // Counted from the due time, so that small delays do not add up.
    this.#dueAt = Math.max(this.#dueAt + this.#pingMs, now)
    if (this.#unanswered >= MAX_UNANSWERED) return 'gone'
    this.#unanswered++
    return 'ping'
  }
}
