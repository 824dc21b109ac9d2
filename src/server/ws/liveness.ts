/** Pings that may stay unanswered. */
const MAX_UNANSWERED = 2

/** What is to be done about a peer. */
export type LivenessAction = 'nothing' | 'ping' | 'gone'

/**
 * Whether a peer is still there: it is pinged soon after it came and then every `pingMs`, and is gone when it has answered none
 * of two pings by the time the third is due. Times are in ms of a monotonic clock.
 */
export class Liveness {
  readonly #pingMs: number
  #dueAt: number
  #unanswered = 0

  constructor(pingMs: number, now: number) {
    this.#pingMs = pingMs
    this.#dueAt = now
  }

  /** A pong came. */
  onPong(): void {
    this.#unanswered = 0
  }

  /** The peer is not read from: its pongs may be there already. The time until the next ping begins anew. */
  onPaused(now: number): void {
    this.#dueAt = Math.max(this.#dueAt, now + this.#pingMs)
  }

  /** What is due now. */
  next(now: number): LivenessAction {
    if (now < this.#dueAt) return 'nothing'
    // From when it was due: what is a little late does not add up.
    this.#dueAt = Math.max(this.#dueAt + this.#pingMs, now)
    if (this.#unanswered >= MAX_UNANSWERED) return 'gone'
    this.#unanswered++
    return 'ping'
  }
}
