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
  let [moment, counted, before] = [0, 0, 0]
  const move = (): void => {
    const current = Math.floor(clock() / WINDOW_MS)
    if (current === moment) return
    before = current === moment + 1 ? counted : 0
    counted = 0
    moment = current
  }
  return {
    count: () => {
      move()
      counted++
    },
    now: () => {
      move()
      return Math.max(before, counted)
    },
  }
}
