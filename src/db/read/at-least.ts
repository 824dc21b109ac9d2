import { readCursor, unknownCursor } from '../../core/cursor.ts'
import { retryableError } from '../../core/error.ts'
import type { TenantContext } from '../log/tenant-context.ts'

/**
 * Waits until this server knows the commit of a cursor, at most `readMs`; undefined: not at all. Every read and feed
 * that begins afterwards shows that commit. Throws CURSOR_UNKNOWN for a cursor that is damaged or belongs to other
 * data, and UNAVAILABLE when the time is over; returns early when `signal` is aborted.
 */
export async function waitUntilKnown(
  { tail, readMs }: TenantContext,
  cursor: string | undefined,
  signal?: AbortSignal,
): Promise<void> {
  if (cursor === undefined) return
  const { epoch, revision } = readCursor(cursor)
  if (epoch !== tail.epoch) {
    throw unknownCursor('it belongs to another tenant, or to this one before a backup was restored')
  }
  if ((await tail.reaches(revision, readMs, signal)) || signal?.aborted === true) return
  throw retryableError(
    'UNAVAILABLE',
    `This server did not get to know the place of atLeast within ${readMs} ms; ask again, or ask another server.`,
  )
}
