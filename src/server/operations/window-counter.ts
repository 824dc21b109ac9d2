/** How long a moment is, ms. */
const WINDOW_MS = 20

/** How often something happens. */
export interface WindowCounter {
  readonly count: () => void
  /** What was counted in the last moment, or is in this one: whichever is more. */
  readonly now: () => number
}

/** Counts in moments that follow one another: cheap enough for every operation. `clock`: in ms. */
export function createWindowCounter(clock: () => number = () => performance.now()): WindowCounter {
  let [windowIndex, counted, previous] = [0, 0, 0]
  const advance = (): void => {
    const index = Math.floor(clock() / WINDOW_MS)
    if (index === windowIndex) return
    previous = index === windowIndex + 1 ? counted : 0
    counted = 0
    windowIndex = index
  }
  return {
    count: () => {
      advance()
      counted++
    },
    now: () => {
      advance()
      return Math.max(previous, counted)
    },
  }
}
