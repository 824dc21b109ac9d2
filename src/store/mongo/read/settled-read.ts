import { setTimeout as pause } from 'node:timers/promises'
import type { Millis } from '../../../core/version.ts'
import { isTransient, unavailable } from '../failure.ts'
import type { MongoTables } from '../tables.ts'

/** First and longest back-off after a transient error, ms. */
const PAUSE_MS = { min: 2, max: 256 } as const

/**
 * Runs a read on a primary that shows all that was acknowledged: again after a transient error, and when the driver has
 * found another primary meanwhile, for its parts may then be of different states. Rejects as `read` does, after the
 * deadline (monotonic clock) also with transient errors.
 */
export async function settledRead<T>(
  tables: Pick<MongoTables, 'primary' | 'confirmPrimary'>,
  deadline: Millis,
  read: () => Promise<T>,
): Promise<T> {
  for (let pauseMs: number = PAUSE_MS.min; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MS.max)) {
    try {
      await tables.confirmPrimary()
      const { primary } = tables
      const result = await read()
      if (tables.primary === primary) return result
      if (performance.now() > deadline) throw unavailable('its primary changed while it was read')
    } catch (error) {
      if (!isTransient(error) || performance.now() > deadline) throw error
      await pause(Math.min(pauseMs, Math.max(0, deadline - performance.now())))
    }
  }
}
