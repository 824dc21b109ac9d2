import { isObject, type Json } from '../../../src/core/json/json.ts'
import { valueAt } from './diff-lines.ts'
import { isEqual } from './save.ts'

/** A field before and after a change; undefined: it is not there. */
export interface FieldChange {
  /** A path inside the value; empty: the whole value. */
  readonly field: string
  readonly before: Json | undefined
  readonly after: Json | undefined
}

/** Two values of one document; undefined: it is not there. */
interface Sides {
  readonly before: Json | undefined
  readonly after: Json | undefined
}

const MOST_CHARACTERS = 40

/** What stands in the written fields before and after. Without `fields`, the top-level ones that differ are taken. */
export function fieldChanges(fields: readonly string[], { before, after }: Sides): readonly FieldChange[] {
  const paths = fields.length > 0 ? fields : keysThatDiffer(before, after)
  return paths.map((field) => {
    const keys = field === '' ? [] : field.split('/')
    return { field, before: valueAt(before, keys), after: valueAt(after, keys) }
  })
}

function keysThatDiffer(before: Json | undefined, after: Json | undefined): readonly string[] {
  if (!isObject(before) || !isObject(after)) return ['']
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return keys.filter((key) => !isEqual(before[key], after[key]))
}

/** A value in a few characters, for a line of text. */
export function shortText(value: Json | undefined): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value)
  if (text.length <= MOST_CHARACTERS) return text
  return `${text.slice(0, MOST_CHARACTERS)}…`
}

/** A change of a field in words: `likes 0 → 280`. */
export function fieldChangeText({ field, before, after }: FieldChange): string {
  const name = field === '' ? 'value' : field
  return `${name} ${shortText(before)} → ${shortText(after)}`
}
