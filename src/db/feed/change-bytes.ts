import type { Change } from '../../core/database.ts'
import { estimateJsonBytes } from '../../core/json/value.ts'

/** Estimated memory of a change without its values and fields. */
const CHANGE_BYTES = 1_000

/** Estimated memory of the changes and of the payloads that are rendered from them, in bytes. */
export function changeBytes(changes: readonly Change[]): number {
  return changes.reduce(
    (sum, { document, before, fields }) =>
      sum + CHANGE_BYTES + estimateJsonBytes(document.value) + estimateJsonBytes(before) + estimateJsonBytes(fields),
    0,
  )
}
