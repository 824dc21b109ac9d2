import { Copies, setKey } from './copies.ts'
import { isObject, type Json, type JsonObject } from './json.ts'
import { writtenLeaves } from './written-fields.ts'

/** `target` changed by a JSON Merge Patch (RFC 7396): null deletes a key, other than objects replace. Changes `copies` in place. */
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
 * The fields that a merge patch writes, as paths inside the value: its leaves, `author/name`, each behind `at`, the path of
 * what is patched; none when it writes the whole value. With the `target`, so is what stands in the way of an object and is
 * replaced as a whole. `leavesOf` says what is named where there are many, and for keys that are no segments.
 */
export function mergedFields(patch: Json, target?: Json, at = ''): readonly string[] {
  const fields = writtenLeaves({ patch, target }, at, mergedParts)
  return fields.includes('') ? [] : fields
}

interface Merged {
  readonly patch: Json
  /** What the patch is merged into; undefined when nothing is there. */
  readonly target: Json | undefined
}

function mergedParts({ patch, target }: Merged): readonly (readonly [string, Merged])[] | null {
  if (!isObject(patch) || (target !== undefined && !isObject(target))) return null
  return Object.entries(patch).map(([key, change]) => [key, { patch: change, target: memberOf(target, key) }])
}

function memberOf(target: JsonObject | undefined, key: string): Json | undefined {
  return target !== undefined && Object.hasOwn(target, key) ? target[key] : undefined
}
