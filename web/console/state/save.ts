import { isObject, type Json, type JsonObject } from '../../../src/core/json/json.ts'
import type { Patch } from '../../../src/core/database.ts'

/** What a save sends: the fields that changed, or the whole value. */
export type Save =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'patch'; readonly patch: Extract<Patch, { readonly merge: Json }> }
  | { readonly kind: 'put'; readonly value: Json }

/** The smallest write that makes `after` of `before`: fields that others change meanwhile stay out of it. */
export function saveOf(before: Json, after: Json): Save {
  if (isEqual(before, after)) return { kind: 'nothing' }
  const merge = mergePatchOf(before, after)
  return merge === undefined ? { kind: 'put', value: after } : { kind: 'patch', patch: { merge } }
}

/**
 * The JSON Merge Patch (RFC 7396) from one object to another; undefined where there is none: a null cannot be written by
 * it, and what is no object is replaced.
 */
export function mergePatchOf(before: Json, after: Json): JsonObject | undefined {
  if (!isObject(before) || !isObject(after)) return undefined
  const patch: Record<string, Json> = {}
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [before[key], after[key]]
    if (old !== undefined && now !== undefined && isEqual(old, now)) continue
    if (now === undefined) {
      patch[key] = null
      continue
    }
    const inner = old === undefined ? undefined : mergePatchOf(old, now)
    if (inner !== undefined) patch[key] = inner
    else if (holdsNull(now)) return undefined
    else if (isObject(now) && isObject(old)) return undefined
    else patch[key] = now
  }
  return patch
}

/**
 * Mine over theirs: the fields that I changed, on the value that somebody else wrote meanwhile. `conflicts`: top-level
 * fields that both changed, in different ways; there, mine is taken.
 */
export function mergeEdits(
  base: Json,
  { theirs, mine }: { readonly theirs: Json; readonly mine: Json },
): { readonly merged: Json; readonly conflicts: readonly string[] } {
  if (!isObject(base) || !isObject(theirs) || !isObject(mine)) return { merged: mine, conflicts: [''] }
  const merged: Record<string, Json> = {}
  const conflicts: string[] = []
  for (const key of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
    const [was, other, own] = [base[key], theirs[key], mine[key]]
    const isMine = !isEqual(was, own)
    if (isMine && !isEqual(was, other) && !isEqual(own, other)) conflicts.push(key)
    const value = isMine ? own : other
    if (value !== undefined) merged[key] = value
  }
  return { merged, conflicts }
}

/** What a save says that it will do, as one line. */
export function saveText(save: Save, path: string): string {
  switch (save.kind) {
    case 'nothing':
      return 'Nothing has changed.'
    case 'patch':
      return `patch ${path} ${JSON.stringify(save.patch.merge)}`
    case 'put':
      return `put ${path}`
  }
}

/** A text as JSON, or why it is none. */
export function parseJson(text: string): { readonly value: Json } | { readonly fault: string } {
  try {
    return { value: JSON.parse(text) as Json }
  } catch (error) {
    return { fault: (error as Error).message }
  }
}

/** Whether two values are equal, whatever the order of their keys. */
export function isEqual(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, i) => isEqual(item as Json, b[i] as Json))
  }
  if (!isObject(a) || !isObject(b)) return false
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key], b[key]))
}

function holdsNull(value: Json): boolean {
  if (value === null) return true
  return isObject(value) && Object.values(value).some(holdsNull)
}
