/** Goes off once, as soon as anyone asked for; asking again never puts it off. */
export class EarliestTimer {
  readonly #fire: (isStill: () => boolean) => void
  #timer: NodeJS.Timeout | null = null
  #at = Infinity

  /** `ring` is given how to ask whether it is still meant: not stopped since, nor set anew. Until `stop` no other is set. */
  constructor(ring: (isStill: () => boolean) => void) {
    this.#fire = ring
  }

  /** It goes off within so many ms. */
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
