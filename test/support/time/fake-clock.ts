import { onTestFinished, vi } from 'vitest'
import { turns } from './turns.ts'

/** A clock that stands still until the test moves it: of timers and of `performance.now`, not of `setImmediate`. */
export interface FakeClock {
  /** Time that a piece of work takes: no timer fires meanwhile. */
  spend(ms: number): void
  /** Time that passes while nothing runs: timers fire, and what they start runs until it waits. */
  pass(ms: number): Promise<void>
}

const STEP_MS = 5

/** Puts the fake clock in the place of the real one until the running test has finished. */
export function useFakeClock(): FakeClock {
  let now = Math.ceil(performance.now())
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => now)
  onTestFinished(() => {
    spy.mockRestore()
    vi.useRealTimers()
  })
  return {
    spend: (ms) => void (now += ms),
    pass: async (ms) => {
      for (let left = ms; left > 0; left -= STEP_MS) {
        const step = Math.min(left, STEP_MS)
        now += step
        vi.advanceTimersByTime(step)
        await turns()
      }
    },
  }
}
