import type { BinaryOperator } from '@marcbachmann/cel-js'
import type { JsonObject } from '../../../../core/json/json.ts'
import { compareText } from '../../../../core/path.ts'
import { CEL_ERROR, isList, isMap, charge, type EvalResult, type Scope, type Value } from './evaluation.ts'

export type BinaryOperation = (scope: Scope, a: Value, b: Value) => EvalResult

/** Bounds of concatenated strings (UTF-16 units) and lists (elements): those of a stored value. */
const MAX_TEXT = 1_048_576
const MAX_LIST = 8_192
/** Base cost of a comparison of lists or maps and of a lookup by a computed key. */
const COLLECTION_STEPS = 4

/** The field of a map: own keys only, because `constructor` and `toString` are data. */
export function field(base: Value, key: string): EvalResult {
  return isMap(base) && Object.hasOwn(base, key) ? base[key] : CEL_ERROR
}

/** The member of a map or a list at a key or an index. */
export function memberValue(base: Value, key: Value): EvalResult {
  if (typeof key === 'string') return field(base, key)
  return typeof key === 'number' && isList(base) ? base[key] : CEL_ERROR // undefined, as CEL_ERROR, for no element
}

/** A computed key is hashed, and compared with the keys of the same hash: returns it, with the cost charged. */
function hashed(scope: Scope, key: string): string {
  charge(scope, COLLECTION_STEPS + (key.length >> 3))
  return key
}

/** The elements of a list, or the keys of a map. */
export function itemsOf(scope: Scope, collection: EvalResult): readonly Value[] | typeof CEL_ERROR {
  if (isList(collection)) return collection
  if (!isMap(collection)) return CEL_ERROR
  const keys = Object.keys(collection)
  charge(scope, COLLECTION_STEPS + keys.length * 2)
  return keys
}

/** Equality of CEL: deep, and false for values of different types. */
function equal(scope: Scope, a: Value, b: Value): boolean {
  if (typeof a === 'string') {
    if (typeof b !== 'string' || a.length !== b.length) return false
    charge(scope, a.length >> 7)
    return a === b
  }
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (isList(a)) return isList(b) && equalLists(scope, a, b)
  return isMap(a) && isMap(b) && equalMaps(scope, a, b)
}

function equalLists(scope: Scope, a: readonly Value[], b: readonly Value[]): boolean {
  if (a.length !== b.length) return false
  charge(scope, COLLECTION_STEPS)
  return a.every((element, i) => {
    charge(scope, 1)
    return equal(scope, element, b[i] ?? null)
  })
}

function equalMaps(scope: Scope, a: JsonObject, b: JsonObject): boolean {
  const [keys, { length }] = [Object.keys(a), Object.keys(b)]
  charge(scope, COLLECTION_STEPS + 4 * keys.length + 2 * length)
  return (
    keys.length === length && keys.every((key) => Object.hasOwn(b, key) && equal(scope, a[key] ?? null, b[key] ?? null))
  )
}

/**
 * Negative, 0 or positive for two numbers, strings (by code point), booleans or timestamps; NaN when an operand is NaN.
 */
function order(scope: Scope, a: Value, b: Value): number | typeof CEL_ERROR {
  if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : a > b ? 1 : a - b // NaN stays NaN
  if (typeof a === 'string' && typeof b === 'string') {
    charge(scope, Math.min(a.length, b.length) >> 3)
    return compareText(a, b)
  }
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b)
  return typeof a === 'bigint' && typeof b === 'bigint' ? Number(a - b) : CEL_ERROR
}

const ordered =
  (holds: (difference: number) => boolean): BinaryOperation =>
  (scope, a, b) => {
    const difference = order(scope, a, b)
    return difference === CEL_ERROR ? CEL_ERROR : holds(difference)
  }

function isIn(scope: Scope, element: Value, collection: Value): EvalResult {
  if (isMap(collection)) return typeof element === 'string' && Object.hasOwn(collection, hashed(scope, element))
  if (!isList(collection)) return CEL_ERROR
  charge(scope, collection.length)
  return collection.some((one) => equal(scope, element, one))
}

function add(scope: Scope, a: Value, b: Value): EvalResult {
  if (typeof a === 'number' && typeof b === 'number') return a + b
  if (typeof a === 'string' && typeof b === 'string') {
    charge(scope, (a.length + b.length) >> 4) // the engine flattens the concatenation at its first use
    return a.length + b.length > MAX_TEXT ? CEL_ERROR : a + b
  }
  if (!isList(a) || !isList(b)) return CEL_ERROR
  charge(scope, a.length + b.length)
  return a.length + b.length > MAX_LIST ? CEL_ERROR : [...a, ...b]
}

const numeric =
  (run: (a: number, b: number) => EvalResult): BinaryOperation =>
  (_, a, b) =>
    typeof a === 'number' && typeof b === 'number' ? run(a, b) : CEL_ERROR

/** Operators that evaluate both operands. All numbers are doubles, as in JSON: 5 / 2 is 2.5. */
export const BINARY: Readonly<Record<BinaryOperator | '[]', BinaryOperation>> = {
  '[]': (scope, base, key) => memberValue(base, typeof key === 'string' ? hashed(scope, key) : key),
  '==': equal,
  '!=': (scope, a, b) => !equal(scope, a, b),
  '<': ordered((difference) => difference < 0),
  '<=': ordered((difference) => difference <= 0),
  '>': ordered((difference) => difference > 0),
  '>=': ordered((difference) => difference >= 0),
  in: isIn,
  '+': add,
  '-': numeric((a, b) => a - b),
  '*': numeric((a, b) => a * b),
  '/': numeric((a, b) => a / b),
  '%': numeric((a, b) => (b === 0 ? CEL_ERROR : a % b)),
}
