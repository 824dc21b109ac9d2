import { setTimeout as pause } from 'node:timers/promises'
import type { Millis } from '../../../core/version.ts'
import { isTransient, unavailable } from '../failure.ts'
import type { MongoTables } from '../tables.ts'

/** Longest pause between two attempts, ms. */
const MAX_PAUSE_MS = 256

/** Waits 2, 4, 8 … ms before attempt number `attempt` (0, 1, 2 …) is repeated, and not beyond the deadline. */
export async function backOff(attempt: number, deadline: Millis): Promise<void> {
  await pause(Math.min(2 ** (attempt + 1), MAX_PAUSE_MS, Math.max(0, deadline - performance.now())))
}

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
  for (let attempt = 0; ; attempt++) {
    try {
      await tables.confirmPrimary()
      const { primary } = tables
      const result = await read()
      if (tables.primary === primary) return result
      if (performance.now() > deadline) throw unavailable('its primary changed while it was read')
    } catch (error) {
      if (!isTransient(error) || performance.now() > deadline) throw error
      await backOff(attempt, deadline)
    }
  }
}
