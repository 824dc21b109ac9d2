import type { Millis } from '../../core/version.ts'

/**
 * The largest step of the wall clock, against the steady one, that is followed at once. Clocks read in whole seconds
 * seem to jump by less; and a wrong step this small does no harm for longer than these seconds.
 */
export const ALLOWANCE_MS = 10_000

/**
 * How long a larger step ahead must last before it is trusted as a correction: longer than a time daemon takes to
 * revert a step made by mistake (300 s for ntpd, its `stepout`).
 */
export const LASTING_MS = 600_000

/** A simultaneous reading of both clocks. */
export interface ClockReading {
  /** The wall clock, which can be set; ms since 1970. */
  readonly wall: Millis
  /**
   * A monotonic clock: never set, counts while the machine sleeps; ms since a moment that is fixed while the process
   * runs.
   */
  readonly steady: Millis
}

/** State of the guard: offsets of the wall clock from the steady one, ms. */
export interface Guard {
  /** The largest offset that is followed; a smaller one always is. */
  readonly trusted: Millis
  /** The offset that the wall clock has shown since `since`, within ALLOWANCE_MS. */
  readonly shown: Millis
  /** By the steady clock. `shown` is trusted after LASTING_MS. */
  readonly since: Millis
}

/** The guard after a first reading, which is trusted for lack of another. */
export function trusting({ wall, steady }: ClockReading): Guard {
  return { trusted: wall - steady, shown: wall - steady, since: steady }
}

/** The guard after another reading. Pure. */
export function afterReading(guard: Guard, { wall, steady }: ClockReading): Guard {
  const offset = wall - steady
  if (Math.abs(offset - guard.shown) > ALLOWANCE_MS) return { ...guard, shown: offset, since: steady }
  return steady - guard.since < LASTING_MS ? guard : trusting({ wall, steady })
}

/** How far the wall clock is ahead of the time to stamp commits with, ms; 0: it is followed. */
export function heldBackMs({ trusted }: Guard, { wall, steady }: ClockReading): Millis {
  const ahead = wall - steady - trusted
  return ahead > ALLOWANCE_MS ? ahead : 0
}
