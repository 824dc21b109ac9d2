import { uptime } from 'node:os'
import type { Millis } from '../../core/version.ts'
import { afterReading, heldBackMs, LASTING_MS, trusting, type Guard, type ClockReading } from './clock-guard.ts'

/** The steady clock is read when the wall clock has advanced by this much, for a read costs 100 times as much. */
const STEADY_READ_MS = 1_000
/** The clocks are read at least this often, so that a step in an idle time has lasted when the next write comes. */
const WATCH_MS = 60_000
/** Least time between two warnings. */
const WARN_MS = 60_000
/**
 * A log less than this ahead of the clock is no reason to warn: the clocks of servers differ, and reads may close a
 * time.
 */
const AHEAD_MS = 1_000

export interface StampClockOptions {
  /** The wall clock; default: the system's. */
  readonly now?: (() => Millis) | undefined
  /**
   * A monotonic clock that counts while the machine sleeps, ms. Default: the time since the system started; none if
   * `now` is given: that clock is followed wherever it goes.
   */
  readonly steady?: (() => Millis) | undefined
  /** Called with a sentence, at most once a minute, when a clock seems to be wrong. Default: not at all. */
  readonly warn?: ((sentence: string) => void) | undefined
}

/**
 * A clock that counts while the machine sleeps (CLOCK_BOOTTIME); where a sandbox forbids to read it, one that does not.
 */
function steadyClock(): () => Millis {
  try {
    uptime()
    return () => uptime() * 1_000
  } catch {
    return () => performance.now()
  }
}

/** The clock by which commits are stamped. It follows a large step ahead only when that has lasted (clock-guard.ts). */
export class StampClock implements Disposable {
  readonly #wall: () => Millis
  readonly #steady: (() => Millis) | null
  readonly #warn: (sentence: string) => void
  readonly #watch: NodeJS.Timeout
  #guard: Guard | null = null
  #readAt = -Infinity
  #heldBackMs: Millis = 0
  #warnedAt = -Infinity

  constructor({ now, steady, warn = () => {} }: StampClockOptions) {
    this.#wall = now ?? Date.now
    this.#steady = steady ?? (now === undefined ? steadyClock() : null)
    this.#warn = warn
    this.#watch = setInterval(() => this.now(), WATCH_MS).unref()
  }

  /** The time to stamp a commit with, ms since 1970. */
  now(): Millis {
    const wall = this.#wall()
    if (this.#steady !== null && Math.abs(wall - this.#readAt) >= STEADY_READ_MS) {
      this.#readClocks({ wall, steady: Math.round(this.#steady()) })
    }
    return wall - this.#heldBackMs
  }

  /** Warns if the time of a batch, at least that of the log's last commit, is far ahead of the wall clock. */
  stamped(at: Millis): void {
    const wall = this.#wall()
    if (at - wall <= AHEAD_MS) return
    this.#warnLimited(
      `The newest commits were stamped ${text(at)}, but the clock of this machine shows ${text(wall)}: ` +
        'until it gets there, ' +
        'all commits get the former time. A clock was wrong before, or is now; set it right, here and on ' +
        'the other servers.',
    )
  }

  [Symbol.dispose](): void {
    clearInterval(this.#watch)
  }

  #readClocks(reading: ClockReading): void {
    this.#guard = this.#guard === null ? trusting(reading) : afterReading(this.#guard, reading)
    this.#readAt = reading.wall
    this.#heldBackMs = heldBackMs(this.#guard, reading)
    if (this.#heldBackMs === 0) return
    this.#warnLimited(
      `The clock of this machine was set ahead and shows ${text(reading.wall)}. Commits go on to be ` +
        'stamped by the time that really ' +
        `passed, ${text(reading.wall - this.#heldBackMs)}, until the clock has stayed so for ` +
        `${LASTING_MS / 60_000} minutes. If it was wrong before, there is nothing to do.`,
    )
  }

  #warnLimited(sentence: string): void {
    if (performance.now() - this.#warnedAt < WARN_MS) return
    this.#warnedAt = performance.now()
    this.#warn(sentence)
  }
}

function text(time: Millis): string {
  return new Date(time).toISOString()
}
