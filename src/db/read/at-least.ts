import { readCursor, unknownCursor } from '../../core/cursor.ts'
import { retryableError } from '../../core/error.ts'
import type { TenantContext } from '../log/tenant-context.ts'

/**
 * Waits until this server knows the commit of a cursor, at most `readMs`; undefined: not at all. Every read and feed
 * that begins afterwards shows that commit. Throws CURSOR_UNKNOWN for a cursor that is damaged or belongs to other
 * data, also to a newer state of a store that this server alone writes, and UNAVAILABLE when the time is over. Returns
 * early when `signal` is aborted.
 */
export async function waitUntilKnown(
  { store, tail, readMs }: TenantContext,
  cursor: string | undefined,
  signal?: AbortSignal,
): Promise<void> {
  if (cursor === undefined) return
  const { epoch, revision } = readCursor(cursor)
  if (epoch !== tail.epoch) {
    throw unknownCursor('it belongs to another tenant, or to this one before a backup was restored')
  }
  // Nobody else writes to this store, so the place will never be known.
  if (!store.shared && revision > tail.last) throw unknownCursor('the data was replaced by an older copy of it')
  if ((await tail.reaches(revision, readMs, signal)) || signal?.aborted === true) return
  throw retryableError(
    'UNAVAILABLE',
    `This server did not get to know the place of atLeast within ${readMs} ms; ask again, or ask another server.`,
  )
}
