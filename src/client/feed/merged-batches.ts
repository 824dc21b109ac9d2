import type { ChangeBatch } from '../../core/database.ts'
import { coalesce } from '../../core/database/coalesce.ts'

/** Changes of a batch that grew by merging. */
const MAX_MERGED = 10_000

/**
 * One batch of `live` for two that wait one after another, with the latest change of each document. Null where a
 * snapshot begins, or when it would become too large.
 */
export function mergeBatches(waiting: ChangeBatch, batch: ChangeBatch): ChangeBatch | null {
  if (batch.reset !== null || waiting.upToDate !== batch.upToDate || waiting.reset !== null) return null
  if (waiting.changes.length + batch.changes.length > MAX_MERGED) return null
  const changes = [...waiting.changes, ...batch.changes]
  const stored = changes.filter(({ cursor }) => cursor !== null)
  const passing = changes.filter(({ cursor }) => cursor === null)
  return { ...batch, changes: [...coalesce(stored), ...passing] }
}
