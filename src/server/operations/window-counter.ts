/** Length of a window, ms. */
const WINDOW_MS = 20

/** Counts events in windows of time. */
interface WindowCounter {
  readonly count: () => void
  /** The count of the last window or of the current one, whichever is more. */
  readonly now: () => number
}

/** Counts in consecutive windows: cheap enough for every operation. `clock`: in ms, default `performance.now`. */
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
