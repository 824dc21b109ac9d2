import { isObject, type Json } from '../../../src/core/json/json.ts'
import type { Difference } from '../../../src/core/patch/diff.ts'

/** A place at which two values differ. */
export interface DiffLine {
  /** As a path takes it behind the document's; empty: the whole value. */
  readonly path: string
  /** Undefined: nothing was there. */
  readonly before: Json | undefined
  /** Undefined: nothing is there any more. */
  readonly after: Json | undefined
}

/** The differences of two values as lines. `before`: the value from which the JSON Patch leads. */
export function diffLines(differences: readonly Difference[], before: Json | undefined): readonly DiffLine[] {
  return differences.map((difference) => {
    const keys = keysOf(difference.path)
    const old = difference.op === 'add' ? undefined : valueAt(before, keys)
    return { path: keys.join('/'), before: old, after: difference.op === 'remove' ? undefined : difference.value }
  })
}

/** The keys of a JSON Pointer (RFC 6901). */
export function keysOf(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** What lies at keys inside of a value; undefined: nothing. */
export function valueAt(value: Json | undefined, keys: readonly string[]): Json | undefined {
  return keys.reduce<Json | undefined>((inner, key) => {
    if (Array.isArray(inner)) return (inner as readonly Json[])[Number(key)]
    return isObject(inner) ? inner[key] : undefined
  }, value)
}

/** A side of a difference, as it is shown. */
export function sideText(value: Json): string {
  return JSON.stringify(value, null, typeof value === 'object' ? 2 : 0)
}
