/** A timer that fires once, at the earliest of the times asked for: a later request never postpones it. */
export class EarliestTimer {
  readonly #fire: (isCurrent: () => boolean) => void
  #timer: NodeJS.Timeout | null = null
  #at = Infinity

  /**
   * `fire` gets a predicate: is this timer still the current one? A timer that has fired stays current until `stop()`.
   */
  constructor(fire: (isCurrent: () => boolean) => void) {
    this.#fire = fire
  }

  /** Fires within `ms`. Without effect if the current timer is due earlier, or has fired and was not stopped. */
  fireWithin(ms: number): void {
    const at = performance.now() + ms
    if (at >= this.#at) return
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#at = at
    const timer = setTimeout(() => this.#fire(() => this.#timer === timer), ms)
    this.#timer = timer
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#at = Infinity
  }
}
