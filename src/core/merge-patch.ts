import { isObject, type Json } from './json.ts'

/** `target` changed by a JSON Merge Patch (RFC 7396): null deletes a key, other than objects replace. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch
  // A map, for assigning to an object would treat some keys as special.
  const fields = new Map(isObject(target) ? Object.entries(target) : [])
  for (const [key, change] of Object.entries(patch)) {
    if (change === null) fields.delete(key)
    else fields.set(key, mergePatch(fields.get(key), change))
  }
  return Object.fromEntries(fields)
}

/**
 * The fields that a merge patch writes, as paths inside the value: its leaves, `author/name`; none when it writes the
 * whole value. A key that is no segment of a path (empty, or with a slash) is reported as the object that it lies in.
 * With the `target`, so is what stands in the way of an object and is replaced as a whole.
 */
export function mergedFields(patch: Json, target?: Json): readonly string[] {
  const fields = new Set(leavesOf(patch, target, ''))
  return fields.has('') ? [] : [...fields]
}

function leavesOf(patch: Json, target: Json | undefined, path: string): readonly string[] {
  const replaces = target !== undefined && !isObject(target)
  if (!isObject(patch) || replaces) return [path]
  const changes = Object.entries(patch)
  if (changes.length === 0) return [path]
  return changes.flatMap(([key, change]) => {
    if (key === '' || key.includes('/')) return [path]
    const field = isObject(target) && Object.hasOwn(target, key) ? target[key] : undefined
    return leavesOf(change, field, path === '' ? key : `${path}/${key}`)
  })
}
