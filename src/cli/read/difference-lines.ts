import { isObject, type Json } from '../../core/json/json.ts'
import type { Difference } from '../../core/patch/diff.ts'
import { shown, shownJson, type Paint } from '../run/colour.ts'

interface DifferenceStyle {
  /** The value at which the differences begin. */
  readonly from: Json | undefined
  readonly paint: Paint
}

/** A difference as lines for people: what goes (`-`), what comes (`+`), and where. */
export function differenceLines(
  differences: readonly Difference[],
  { from, paint }: DifferenceStyle,
): readonly string[] {
  return differences.flatMap((difference) => {
    const where = difference.path === '' ? '(all)' : shown(difference.path)
    const before = difference.op === 'add' ? undefined : valueAt(from, difference.path)
    const lines = before === undefined ? [] : [paint('red', `- ${where}  ${shownJson(before)}`)]
    if (difference.op !== 'remove') lines.push(paint('green', `+ ${where}  ${shownJson(difference.value)}`))
    return lines
  })
}

/** The value at a JSON Pointer (RFC 6901); undefined where nothing is. */
function valueAt(root: Json | undefined, pointer: string): Json | undefined {
  const keys = pointer.split('/').slice(1)
  return keys.reduce<Json | undefined>((value, key) => {
    if (value === undefined) return undefined
    if (Array.isArray(value)) return (value as readonly Json[])[Number(key)]
    return isObject(value) ? value[key.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined
  }, root)
}
