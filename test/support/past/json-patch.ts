import type { Json, JsonObject } from '../../../src/core/json/json.ts'
import type { Difference } from '../../../src/core/patch/diff.ts'

/**
 * The value that a JSON Patch (RFC 6902) of `add`, `remove` and `replace` makes of another; undefined: nothing is
 * there. Written without the library that makes the patches.
 */
export function appliedTo(value: Json | undefined, patch: readonly Difference[]): Json | undefined {
  return patch.reduce<Json | undefined>((now, difference) => {
    const [root, ...segments] = difference.path
      .split('/')
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    if (root !== '') throw new Error(`${difference.path} is no JSON Pointer.`)
    return applied(now, segments, difference)
  }, value)
}

function applied(
  value: Json | undefined,
  [segment, ...rest]: readonly string[],
  difference: Difference,
): Json | undefined {
  if (segment === undefined) return appliedHere(value, difference)
  if (Array.isArray(value)) return appliedToArray(value as readonly Json[], [segment, ...rest], difference)
  if (typeof value !== 'object' || value === null) throw new Error(`Nothing is at ${difference.path}.`)
  const object = value as JsonObject
  const entries = new Map(Object.entries(object))
  const child = applied(entries.get(segment), rest, difference)
  if (child === undefined) entries.delete(segment)
  else entries.set(segment, child)
  return Object.fromEntries(entries)
}

function appliedHere(value: Json | undefined, difference: Difference): Json | undefined {
  if ((value === undefined) !== (difference.op === 'add')) {
    throw new Error(`${difference.op} is not possible at ${difference.path}.`)
  }
  return difference.op === 'remove' ? undefined : difference.value
}

function appliedToArray(
  array: readonly Json[],
  [segment = '', ...rest]: readonly string[],
  difference: Difference,
): Json {
  const index = Number(segment)
  if (!/^(0|[1-9]\d*)$/.test(segment) || index > array.length) throw new Error(`There is no ${difference.path}.`)
  if (rest.length === 0 && difference.op === 'add') return array.toSpliced(index, 0, difference.value)
  if (rest.length === 0 && difference.op === 'remove') {
    if (index === array.length) throw new Error(`Nothing is at ${difference.path}.`)
    return array.toSpliced(index, 1)
  }
  return array.with(index, applied(array[index], rest, difference) ?? null)
}
