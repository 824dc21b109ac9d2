import type { Millis } from '../../core/version.ts'

/**
 * How far the wall clock may depart from the steady one and still be followed at once. It lies above what clocks that are
 * read in whole seconds seem to jump; a step as small as this, if it was wrong, is over when these seconds have passed.
 */
export const ALLOWANCE_MS = 10_000

/**
 * How long a larger step ahead must last before it counts as a correction: longer than a time daemon lets pass before it
 * takes back a step that was made by mistake (of ntpd that is its `stepout`, 300 s).
 */
export const LASTING_MS = 600_000

/** What the clocks show at one moment. */
export interface ClockReading {
  /** The time of the day, which somebody may set; ms since 1970. */
  readonly wall: Millis
  /** The time since a moment that is fixed while the process runs: it is never set, and goes on while the machine sleeps. */
  readonly steady: Millis
}

/** Offsets of the wall clock from the steady one. */
export interface Guard {
  /** The largest that is followed; a wall clock that is behind it is followed at once. */
  readonly trusted: Millis
  /** The one that the wall clock has shown since `since`, but for the allowance. */
  readonly shown: Millis
  /** By the steady clock. When `shown` has lasted long enough, it is trusted. */
  readonly since: Millis
}

/** The first reading is trusted: a process knows no other. */
export function trusting({ wall, steady }: ClockReading): Guard {
  return { trusted: wall - steady, shown: wall - steady, since: steady }
}

/** The guard after another reading. Pure. */
export function afterReading(guard: Guard, { wall, steady }: ClockReading): Guard {
  const offset = wall - steady
  if (Math.abs(offset - guard.shown) > ALLOWANCE_MS) return { ...guard, shown: offset, since: steady }
  return steady - guard.since < LASTING_MS ? guard : trusting({ wall, steady })
}

/** How far the wall clock is ahead of the time to stamp commits with; 0: it is followed. */
export function heldBackMs({ trusted }: Guard, { wall, steady }: ClockReading): Millis {
  const ahead = wall - steady - trusted
  return ahead > ALLOWANCE_MS ? ahead : 0
}
