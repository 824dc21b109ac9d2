import { DatabaseError } from '../error.ts'
import { InvalidJson } from './exact-json.ts'
import { isObject, type Json } from './json.ts'
import { tooLarge, type Limits } from '../limits.ts'
import { INEXACT, isExactNumber } from './number.ts'
import { utf8Length } from '../path.ts'
import { keyFault, stringFault } from './text.ts'

/** State of a traversal: `trail` is the path from the root to the current node. */
interface CopyContext {
  readonly limits: Limits
  readonly trail: (string | number)[]
  /** A lower bound of the length of the compact JSON so far. */
  bytes: number
}

/**
 * A deep copy of `value` as JSON, with -0 as 0; the caller may go on changing the original. Only the enumerable string
 * keys of plain objects are copied. Throws INVALID_VALUE with `at` (JSON Pointer, RFC 6901) for a value that cannot be
 * kept exactly, and TOO_LARGE with `at` for valueDepth, keysPerObject, objectKeyBytes and arrayLength. Throws TOO_LARGE
 * (valueBytes) as soon as the copy must exceed it, so that an object referenced many times cannot exhaust memory;
 * `boundedJson` does the exact check.
 */
export function exactValue(value: unknown, limits: Limits): Json {
  return copyOf(value, { limits, trail: [], bytes: 0 })
}

function copyOf(value: unknown, context: CopyContext): Json {
  const { limits, trail } = context
  if (trail.length >= limits.valueDepth) {
    throw tooLargeAt(context, 'valueDepth', `The value has more than ${limits.valueDepth} levels`)
  }
  countBytes(context, 1)
  switch (typeof value) {
    case 'string':
      return copyString(value, context)
    case 'number':
      if (!isExactNumber(value)) throw invalid(context, INEXACT)
      return value + 0 // -0 + 0 is 0
    case 'boolean':
      return value
    case 'object':
      if (value === null) return null
      return Array.isArray(value) ? copyArray(value, context) : copyObject(value, context)
    case 'undefined':
    case 'bigint':
    case 'symbol':
    case 'function':
      throw invalid(context, `JSON has no ${typeof value}`)
  }
}

function copyString(text: string, context: CopyContext): string {
  countBytes(context, text.length + 1)
  const problem = stringFault(text)
  if (problem !== null) throw invalid(context, problem)
  return text
}

function copyArray(array: readonly unknown[], context: CopyContext): readonly Json[] {
  const { limits, trail } = context
  if (array.length > limits.arrayLength) {
    throw tooLargeAt(context, 'arrayLength', `An array has ${array.length} elements`)
  }
  const elements: Json[] = []
  for (let i = 0; i < array.length; i++) {
    trail.push(i)
    elements.push(copyOf(array[i], context)) // a hole reads as undefined
    trail.pop()
  }
  return elements
}

function copyObject(object: object, context: CopyContext): Json {
  const { limits, trail } = context
  if (object instanceof InvalidJson) throw invalid(context, object.problem)
  if (!isPlain(object)) throw invalid(context, 'it is an instance of a class; give plain objects and arrays')
  const keys = Object.keys(object)
  if (keys.length > limits.keysPerObject) {
    throw tooLargeAt(context, 'keysPerObject', `An object has ${keys.length} keys`)
  }
  const fields: Record<string, Json> = {}
  for (const key of keys) {
    checkKey(key, context)
    trail.push(key)
    countBytes(context, key.length + 3)
    const problem = keyFault(key)
    if (problem !== null) throw invalid(context, problem)
    fields[key] = copyOf((object as Readonly<Record<string, unknown>>)[key], context)
    trail.pop()
  }
  return fields
}

/** Throws TOO_LARGE with `at` of the object, so that the error does not repeat the long key. */
function checkKey(key: string, context: CopyContext): void {
  const { objectKeyBytes } = context.limits
  // A UTF-16 unit takes one to three bytes.
  if (3 * key.length <= objectKeyBytes) return
  const bytes = key.length > objectKeyBytes ? key.length : utf8Length(key)
  if (bytes > objectKeyBytes) {
    throw tooLargeAt(context, 'objectKeyBytes', `A key of an object has ${bytes} bytes or more`)
  }
}

function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object)
  return prototype === Object.prototype || prototype === null
}

function countBytes(context: CopyContext, bytes: number): void {
  context.bytes += bytes
  if (context.bytes > context.limits.valueBytes) {
    throw tooManyBytes(context.limits, `more than ${context.limits.valueBytes} bytes`)
  }
}

function tooManyBytes(limits: Limits, size: string): DatabaseError {
  return tooLargeAt({ limits, trail: [] }, 'valueBytes', `The value has ${size} as compact JSON`)
}

/** TOO_LARGE with `at`, the place of the current node. */
function tooLargeAt(
  { limits, trail }: Pick<CopyContext, 'limits' | 'trail'>,
  limit: keyof Limits,
  what: string,
): DatabaseError {
  const { code, message, details } = tooLarge(limit, limits[limit], what)
  return new DatabaseError(code, message, { ...details, at: pointer(trail) })
}

function invalid(context: CopyContext, problem: string): DatabaseError {
  const at = pointer(context.trail)
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

/** A document's value as compact JSON. */
interface JsonText {
  readonly json: string
  /** Its length in UTF-8. */
  readonly bytes: number
}

/** Estimated memory of a value, in bytes. Not exact, for it must cost less than to serialise the value. */
export function estimateJsonBytes(value: Json): number {
  if (typeof value === 'string') return 16 + 2 * value.length
  if (typeof value !== 'object' || value === null) return 8
  let size = 32
  if (Array.isArray(value)) for (const item of value as readonly Json[]) size += estimateJsonBytes(item)
  else {
    for (const [key, item] of Object.entries(value as { readonly [key: string]: Json })) {
      size += 2 * key.length + estimateJsonBytes(item)
    }
  }
  return size
}

/** The text of a document's value. Throws TOO_LARGE (valueBytes) with `at: ""` when it exceeds the limit. */
export function boundedJson(value: Json, limits: Limits): JsonText {
  const json = JSON.stringify(value)
  const bytes = utf8Length(json)
  if (bytes > limits.valueBytes) throw tooManyBytes(limits, `${bytes} bytes`)
  return { json, bytes }
}

/** Whether two values are equal JSON; the order of keys does not matter. */
export function equalJson(a: Json, b: Json): boolean {
  if (a === b) return true
  if (isArray(a)) {
    return isArray(b) && a.length === b.length && a.every((element, i) => equalJson(element, b[i] ?? null))
  }
  if (!isObject(a) || !isObject(b)) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => Object.hasOwn(b, key) && equalJson(a[key] ?? null, b[key] ?? null))
}

/** Canonical JSON (RFC 8785): compact, with keys in the order of UTF-16 units. Equal values have equal texts. */
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
