import { Copies, setKey } from './copies.ts'
import { isObject, type Json, type JsonObject } from './json.ts'
import { writtenLeaves } from './written-fields.ts'

/**
 * Applies a JSON Merge Patch (RFC 7396): null deletes a key, other non-objects replace. Objects in `copies` change in
 * place.
 */
export function mergePatch(target: Json | undefined, patch: Json, copies: Copies = new Copies()): Json {
  if (!isObject(patch)) return patch
  const merged = copies.object(isObject(target) ? target : undefined)
  for (const [key, change] of Object.entries(patch)) {
    if (change === null) delete merged[key]
    else setKey(merged, key, mergePatch(memberOf(merged, key), change, copies))
  }
  return merged
}

/**
 * The fields that a merge patch writes, as paths inside the value: its leaves (`author/name`), prefixed with `at`, the
 * path of the patched field; empty when the whole value is written. Given `target`, a non-object that an object
 * replaces counts as one field. Bounds and unusual keys as in `writtenLeaves`.
 */
export function mergedFields(patch: Json, target?: Json, at = ''): readonly string[] {
  const fields = writtenLeaves({ patch, target }, at, mergedParts)
  return fields.includes('') ? [] : fields
}

interface MergedNode {
  readonly patch: Json
  /** The value that the patch is merged into; undefined when nothing is there. */
  readonly target: Json | undefined
}

function mergedParts({ patch, target }: MergedNode): readonly (readonly [string, MergedNode])[] | null {
  if (!isObject(patch) || (target !== undefined && !isObject(target))) return null
  return Object.entries(patch).map(([key, change]) => [key, { patch: change, target: memberOf(target, key) }])
}

function memberOf(target: JsonObject | undefined, key: string): Json | undefined {
  return target !== undefined && Object.hasOwn(target, key) ? target[key] : undefined
}
