import { compareText } from '../../../../core/path.ts'
import { CEL_ERROR, Opaque, isList, isMap, charge, type EvalResult, type Scope, type Value, type ValueMap } from './evaluation.ts'
import { callLibrary } from './library.ts'

/** Strings and lists do not grow beyond what a value may hold: UTF-16 units, elements. */
const MAX_TEXT = 1_048_576
const MAX_LIST = 8_192
/** Of lists, maps or times that are compared, and of a key that is looked up, beside their elements and units. */
const COLLECTION_STEPS = 4

/** What lies at a key of a map or at an index of a list, both as they were computed. */
export function at(scope: Scope, base: Value, key: Value): EvalResult {
  if (typeof key === 'string') spendKey(scope, key)
  return memberValue(base, key)
}

/** A key that was put together is hashed, and compared with those that have the same hash. */
export function spendKey(scope: Scope, key: string): void {
  charge(scope, COLLECTION_STEPS + (key.length >> 3))
}

/** What lies at a key of a map or at an index of a list. */
export function memberValue(base: Value, key: Value): EvalResult {
  if (typeof key === 'string') return field(base, key)
  return typeof key === 'number' && isList(base) ? element(base, key) : CEL_ERROR
}

/** What lies at a key of a map: own keys only, for `constructor` and `toString` are data. */
export function field(base: Value, key: string): EvalResult {
  if (typeof base !== 'object' || base === null || !Object.hasOwn(base, key) || isList(base)) return CEL_ERROR
  return (base as ValueMap)[key] ?? null // no other object has keys of its own
}

function element(list: readonly Value[], index: number): EvalResult {
  const found = list[index]
  return found === undefined ? CEL_ERROR : found // null is an element
}

/** Equality of CEL: deep, and false for values of different types. */
export function equal(scope: Scope, a: Value, b: Value): boolean {
  if (typeof a === 'string') return typeof b === 'string' && equalTexts(scope, a, b)
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (isList(a)) return isList(b) && equalLists(scope, a, b)
  if (isMap(a)) return isMap(b) && equalMaps(scope, a, b)
  return b instanceof Opaque && callLibrary(scope, 'a == b', { a, b }) === true
}

function equalTexts(scope: Scope, a: string, b: string): boolean {
  if (a.length !== b.length) return false
  charge(scope, a.length >> 7)
  return a === b
}

function equalLists(scope: Scope, a: readonly Value[], b: readonly Value[]): boolean {
  if (a.length !== b.length) return false
  charge(scope, COLLECTION_STEPS)
  return a.every((element, i) => {
    charge(scope, 1)
    return equal(scope, element, b[i] ?? null)
  })
}

function equalMaps(scope: Scope, a: ValueMap, b: ValueMap): boolean {
  const [keys, { length }] = [Object.keys(a), Object.keys(b)]
  charge(scope, COLLECTION_STEPS + 4 * keys.length + 2 * length)
  if (keys.length !== length) return false
  return keys.every((key) => Object.hasOwn(b, key) && equal(scope, a[key] ?? null, b[key] ?? null))
}

/**
 * Below 0, 0 or above 0, as a stands before, at or after b; NaN when one is NaN; a fault unless both are numbers, strings
 * (by code point), booleans or times.
 */
export function order(scope: Scope, a: Value, b: Value): number | typeof CEL_ERROR {
  if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : a > b ? 1 : a - b // NaN stays NaN
  if (typeof a === 'string' && typeof b === 'string') {
    charge(scope, Math.min(a.length, b.length) >> 3)
    return compareText(a, b)
  }
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b)
  if (!(a instanceof Opaque && b instanceof Opaque)) return CEL_ERROR
  charge(scope, COLLECTION_STEPS)
  return orderTimes(a.content, b.content)
}

/** Two timestamps or two durations, by their milliseconds. */
function orderTimes(a: object, b: object): number | typeof CEL_ERROR {
  return a.constructor === b.constructor ? Number(a) - Number(b) : CEL_ERROR
}

/** Whether a list has an equal element, or a map the key. */
export function isIn(scope: Scope, element: Value, collection: Value): EvalResult {
  if (isMap(collection)) {
    if (typeof element !== 'string') return false
    spendKey(scope, element)
    return Object.hasOwn(collection, element)
  }
  if (!isList(collection)) return CEL_ERROR
  charge(scope, collection.length)
  return collection.some((one) => equal(scope, element, one))
}

/** Code points of a string, elements of a list, keys of a map. */
export function size(scope: Scope, value: Value): EvalResult {
  if (typeof value === 'string') return codePoints(scope, value)
  if (isList(value)) return value.length
  return isMap(value) ? mapKeys(scope, value).length : CEL_ERROR
}

/** The keys of a map. */
export function mapKeys(scope: Scope, map: ValueMap): readonly string[] {
  const keys = Object.keys(map)
  charge(scope, COLLECTION_STEPS + keys.length * 2)
  return keys
}

/** A loop, for an iterator makes a string of each code point. */
function codePoints(scope: Scope, text: string): number {
  charge(scope, text.length >> 4)
  let count = text.length
  for (let i = 1; i < text.length; i++) {
    if (isLow(text.charCodeAt(i)) && isHigh(text.charCodeAt(i - 1))) count--
  }
  return count
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff

/** A sum, or two strings or lists in one. */
export function addValues(scope: Scope, a: Value, b: Value): EvalResult {
  if (typeof a === 'number' && typeof b === 'number') return a + b
  if (typeof a === 'string' && typeof b === 'string') return concatenated(scope, a, b)
  if (isList(a) && isList(b)) return joined(scope, a, b)
  return a instanceof Opaque && b instanceof Opaque ? callLibrary(scope, 'a + b', { a, b }) : CEL_ERROR
}

function concatenated(scope: Scope, a: string, b: string): EvalResult {
  const length = a.length + b.length
  // Whoever looks into the text later makes one piece of it.
  charge(scope, length >> 4)
  return length > MAX_TEXT ? CEL_ERROR : a + b
}

function joined(scope: Scope, a: readonly Value[], b: readonly Value[]): EvalResult {
  const length = a.length + b.length
  charge(scope, length)
  return length > MAX_LIST ? CEL_ERROR : [...a, ...b]
}

/** A difference of numbers or of times. */
export function subtract(scope: Scope, a: Value, b: Value): EvalResult {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return a instanceof Opaque && b instanceof Opaque ? callLibrary(scope, 'a - b', { a, b }) : CEL_ERROR
}

/** Operators of two numbers. All numbers are doubles, as JSON's are: 5 / 2 is 2.5. */
export const NUMERIC: Readonly<Record<'*' | '/' | '%', (a: number, b: number) => EvalResult>> = {
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => (b === 0 ? CEL_ERROR : a % b),
}
