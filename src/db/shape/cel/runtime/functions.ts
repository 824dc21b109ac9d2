import { parseTimestamp } from '../../../../core/timestamp.ts'
import { CEL_ERROR, isList, charge, type EvalResult, type Scope, type Value } from './evaluation.ts'
import { itemsOf, type BinaryOperation } from './operators.ts'
import { find } from './text-search.ts'

/** UTF-16 units of the longest text that is read as a timestamp. */
const MAX_TIMESTAMP = 64
/** Steps for a timestamp of seconds or of text, and for an invalid text, which creates an error with its stack. */
const COST = { seconds: 8, text: 30, invalid: 500 }

/** Types by the result of `typeof` for their values; null and lists have keys of their own. */
const KINDS: Readonly<Record<string, symbol>> = {
  boolean: Symbol('bool'),
  number: Symbol('double'),
  string: Symbol('string'),
  object: Symbol('map'),
  list: Symbol('list'),
  null: Symbol('null_type'),
}
/** The types of JSON as constants, by their names in CEL. */
export const TYPES: ReadonlyMap<string, symbol> = new Map(
  Object.values(KINDS).map((type) => [type.description ?? '', type]),
)

const onTexts =
  (run: (scope: Scope, text: string, part: string) => boolean): BinaryOperation =>
  (scope, text, part) => {
    if (typeof text !== 'string' || typeof part !== 'string') return CEL_ERROR
    charge(scope, part.length >> 5)
    return run(scope, text, part)
  }

/**
 * Functions and (after a dot) methods, by name and number of operands. An operation of one operand ignores the second.
 */
export const FUNCTIONS: ReadonlyMap<string, BinaryOperation> = new Map([
  ['size/1', size],
  ['.size/1', size],
  ['timestamp/1', timestamp],
  ['type/1', typeOf],
  ['.startsWith/2', onTexts((_, text, part) => text.startsWith(part))],
  ['.endsWith/2', onTexts((_, text, part) => text.endsWith(part))],
  ['.contains/2', onTexts((scope, text, part) => find(scope, text, part) >= 0)],
])

/** Code points of a string, elements of a list, keys of a map. */
function size(scope: Scope, value: Value): EvalResult {
  if (typeof value !== 'string') return itemsOf(scope, value)?.length
  charge(scope, value.length >> 4)
  let count = 0 // in a loop over units, because a string iterator creates a string for each code point
  for (let i = 0; i < value.length; i++) if ((value.charCodeAt(i) & 0xfc00) !== 0xdc00) count++
  return count
}

/** Reads RFC 3339 from a string, and seconds since 1970 from a number. */
function timestamp(scope: Scope, value: Value): EvalResult {
  charge(scope, typeof value === 'string' ? COST.text : COST.seconds)
  const ms =
    typeof value === 'number' ? new Date(value * 1000).getTime() : typeof value === 'string' ? millis(value) : NaN
  if (!Number.isNaN(ms)) return BigInt(ms)
  if (typeof value === 'string') charge(scope, COST.invalid)
  return CEL_ERROR
}

function millis(text: string): number {
  try {
    return text.length > MAX_TIMESTAMP ? NaN : parseTimestamp(text, 'where')
  } catch {
    return NaN
  }
}

/** The type of a JSON value; an error for timestamps and types, whose types have no name here. */
function typeOf(_: Scope, value: Value): EvalResult {
  return KINDS[value === null ? 'null' : isList(value) ? 'list' : typeof value]
}
