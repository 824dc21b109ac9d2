import type { Patch } from '../../core/database.ts'
import type { Json } from '../../core/json/json.ts'

/**
 * The value that a patch makes of another: a JSON Patch, or operators. `time`: RFC 3339, that of `$serverTime`. Throws
 * when the patch does not fit the value.
 */
export type PatchedValue = (value: Json, patch: Exclude<Patch, { readonly merge: Json }>, time: string) => Json

/** For a client that shows no patches other than merges before the server has done them. */
export const noPatches: PatchedValue = () => {
  throw new Error('The code of patches is not loaded.')
}
