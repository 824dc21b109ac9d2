/** Length of a window, ms. */
const WINDOW_MS = 20

/** Operations of one window from which on the server is under load: 300 a second. */
const LOAD = 6

/** Share of the event loop that broadcasts get under load. */
const SHARE_UNDER_LOAD = 0.05

/** Counts the queries and mutations that start, and says how much of the event loop they leave to broadcasts. */
export class OperationLoad {
  readonly #clock: () => number
  #window = 0
  #count = 0
  #previous = 0

  /** `clock`: in ms. */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock
  }

  count(): void {
    this.#advance()
    this.#count++
  }

  /** The share of the event loop that broadcasts may take now, 0 to 1; 1 while the server is not under load. */
  readonly broadcastShare = (): number => {
    this.#advance()
    return Math.max(this.#previous, this.#count) < LOAD ? 1 : SHARE_UNDER_LOAD
  }

  #advance(): void {
    const window = Math.floor(this.#clock() / WINDOW_MS)
    if (window === this.#window) return
    this.#previous = window === this.#window + 1 ? this.#count : 0
    this.#count = 0
    this.#window = window
  }
}
