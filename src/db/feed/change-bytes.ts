import type { Change } from '../../core/database.ts'
import { roughSize } from '../ring.ts'

/** What a change takes beside its values and fields. */
const CHANGE_BYTES = 1_000

/** About what the changes hold in memory, with what is written of them, in bytes. */
export function bytesOf(changes: readonly Change[]): number {
  return changes.reduce((sum, { document, before, fields }) => sum + CHANGE_BYTES + roughSize(document.value) + roughSize(before) + roughSize(fields), 0)
}
