import type { Change } from '../../../core/database.ts'
import { estimateJsonBytes } from '../../log/recent-commits.ts'

/** What a change takes beside its values and fields. */
const CHANGE_BYTES = 1_000

/** About what the changes hold in memory, with what is written of them, in bytes. */
export function changeBytes(changes: readonly Change[]): number {
  return changes.reduce((sum, { document, before, fields }) => sum + CHANGE_BYTES + estimateJsonBytes(document.value) + estimateJsonBytes(before) + estimateJsonBytes(fields), 0)
}
