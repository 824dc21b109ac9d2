import { DatabaseError } from '../error.ts'
import { InvalidJson } from './exact-json.ts'
import { isObject, type Json } from './json.ts'
import { tooLarge, type Limits } from '../limits.ts'
import { INEXACT, isExactNumber } from './number.ts'
import { utf8Length } from '../path.ts'
import { keyFault, stringFault } from './text.ts'

/** On the way through a value: `trail` leads from its root to where the copy is. */
interface CopyContext {
  readonly limits: Limits
  readonly trail: (string | number)[]
  /** A lower bound of the compact JSON's length so far. */
  bytes: number
}

/**
 * A deep copy of `value` as JSON, -0 as 0; the caller may go on changing the original. Objects are plain ones, of
 * which the enumerable text keys count. Throws INVALID_VALUE with `at` (JSON Pointer, RFC 6901) for what cannot be kept
 * exactly, TOO_LARGE with `at` for valueDepth, keysPerObject, objectKeyBytes and arrayLength. Stops with TOO_LARGE
 * (valueBytes) as soon as what it copied must be longer, so that one object in many places is not multiplied; `checkSize` does
 * the exact check.
 */
export function exactValue(value: unknown, limits: Limits): Json {
  return copyOf(value, { limits, trail: [], bytes: 0 })
}

function copyOf(value: unknown, copy: CopyContext): Json {
  const { limits, trail } = copy
  if (trail.length >= limits.valueDepth) {
    throw tooLarge('valueDepth', limits.valueDepth, `The value has more than ${limits.valueDepth} levels`, pointer(trail))
  }
  spend(copy, 1)
  switch (typeof value) {
    case 'string':
      return copyString(value, copy)
    case 'number':
      if (!isExactNumber(value)) throw invalid(copy, INEXACT)
      return value + 0 // -0 + 0 is 0
    case 'boolean':
      return value
    case 'object':
      if (value === null) return null
      return Array.isArray(value) ? copyArray(value, copy) : copyObject(value, copy)
    case 'undefined':
    case 'bigint':
    case 'symbol':
    case 'function':
      throw invalid(copy, `JSON has no ${typeof value}`)
  }
}

function copyString(text: string, copy: CopyContext): string {
  spend(copy, text.length + 1)
  const problem = stringFault(text)
  if (problem !== null) throw invalid(copy, problem)
  return text
}

function copyArray(array: readonly unknown[], copy: CopyContext): readonly Json[] {
  const { limits, trail } = copy
  if (array.length > limits.arrayLength) {
    throw tooLarge('arrayLength', limits.arrayLength, `An array has ${array.length} elements`, pointer(trail))
  }
  const elements: Json[] = []
  for (let i = 0; i < array.length; i++) {
    trail.push(i)
    elements.push(copyOf(array[i], copy)) // a hole reads as undefined
    trail.pop()
  }
  return elements
}

function copyObject(object: object, copy: CopyContext): Json {
  const { limits, trail } = copy
  if (object instanceof InvalidJson) throw invalid(copy, object.problem)
  if (!isPlain(object)) throw invalid(copy, 'it is an instance of a class; give plain objects and arrays')
  const keys = Object.keys(object)
  if (keys.length > limits.keysPerObject) {
    throw tooLarge('keysPerObject', limits.keysPerObject, `An object has ${keys.length} keys`, pointer(trail))
  }
  const fields: Record<string, Json> = {}
  for (const key of keys) {
    checkKey(key, copy)
    trail.push(key)
    spend(copy, key.length + 3)
    const problem = keyFault(key)
    if (problem !== null) throw invalid(copy, problem)
    fields[key] = copyOf((object as Readonly<Record<string, unknown>>)[key], copy)
    trail.pop()
  }
  return fields
}

/** The place is the object's: a long key is not repeated to whoever sent it. */
function checkKey(key: string, { limits: { objectKeyBytes }, trail }: CopyContext): void {
  // A UTF-16 unit is one byte to three.
  if (3 * key.length <= objectKeyBytes) return
  const bytes = key.length > objectKeyBytes ? key.length : utf8Length(key)
  if (bytes > objectKeyBytes) throw tooLarge('objectKeyBytes', objectKeyBytes, `A key of an object has ${bytes} bytes or more`, pointer(trail))
}

function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object)
  return prototype === Object.prototype || prototype === null
}

function spend(copy: CopyContext, bytes: number): void {
  copy.bytes += bytes
  if (copy.bytes > copy.limits.valueBytes) throw oversize(copy.limits, `more than ${copy.limits.valueBytes} bytes`)
}

function oversize(limits: Limits, size: string): DatabaseError {
  return tooLarge('valueBytes', limits.valueBytes, `The value has ${size} as compact JSON`, '')
}

function invalid(copy: CopyContext, problem: string): DatabaseError {
  const at = pointer(copy.trail)
  const place = at === '' ? '' : ` at ${JSON.stringify(at.slice(0, 200))}`
  return new DatabaseError('INVALID_VALUE', `The value cannot be kept exactly${place}: ${problem}.`, { at })
}

function pointer(trail: readonly (string | number)[]): string {
  return trail.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** Length of a value's compact JSON in UTF-8 bytes. */
export function jsonBytes(value: Json): number {
  return utf8Length(JSON.stringify(value))
}

/** Length of a document's value as `jsonBytes` has it. Throws TOO_LARGE (valueBytes) with `at: ""` when it is more than allowed. */
export function checkSize(value: Json, limits: Limits): number {
  const bytes = jsonBytes(value)
  if (bytes > limits.valueBytes) throw oversize(limits, `${bytes} bytes`)
  return bytes
}

/** Whether two values are the same JSON; the order of keys does not matter. */
export function equalJson(a: Json, b: Json): boolean {
  if (a === b) return true
  if (isArray(a)) return isArray(b) && a.length === b.length && a.every((element, i) => equalJson(element, b[i] ?? null))
  if (!isObject(a) || !isObject(b)) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => Object.hasOwn(b, key) && equalJson(a[key] ?? null, b[key] ?? null))
}

/** Compact JSON with the keys of every object in the order of UTF-16 units: one text per value (RFC 8785). */
export function canonicalJson(value: Json): string {
  if (isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value)
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`).join(',')}}`
}

/** Whether the value is a JSON array. (`Array.isArray` does not narrow readonly arrays.) */
export function isArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}
