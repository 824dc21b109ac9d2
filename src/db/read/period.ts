import type { Timestamp } from '../../core/database/options.ts'
import { parseTimestamp } from '../../core/timestamp.ts'
import type { Millis, Revision } from '../../core/version.ts'
import type { TenantContext } from '../log/tenant-context.ts'

/** A span of time; both ends are inclusive, and optional. */
interface PeriodOptions {
  readonly from?: Timestamp | undefined
  readonly to?: Timestamp | undefined
}

/** The revisions of a span of time. */
interface Period {
  /** Exclusive; 0: the beginning. */
  readonly from: Revision
  /** Inclusive; null: no end. */
  readonly to: Revision | null
}

/** The revisions of a span of time. Closes both times, so that the result is final. Throws BAD_REQUEST. */
export async function parsePeriod(
  { store, tenant, closeTime }: TenantContext,
  { from, to }: PeriodOptions,
): Promise<Period> {
  const revisionAt = async (time: Millis): Promise<Revision> => {
    await closeTime(time)
    return store.revisionAt(tenant, time)
  }
  return {
    from: from === undefined ? 0 : await revisionAt(parseTimestamp(from, 'from') - 1),
    to: to === undefined ? null : await revisionAt(parseTimestamp(to, 'to')),
  }
}
