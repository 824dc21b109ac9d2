import { DatabaseError } from '../error.ts'
import { InvalidJson } from './exact-json.ts'
import { isObject, type Json, type JsonObject } from './json.ts'
import { tooLarge, type Limits } from '../limits.ts'
import { INEXACT, isExactNumber } from './number.ts'
import { utf8Length } from '../path.ts'
import { keyFault, stringFault } from './text.ts'

/** State of a traversal: `trail` is the path from the root to the current node. */
export interface ValueTraversal {
  readonly limits: Limits
  readonly trail: (string | number)[]
  /** A lower bound of the length of the compact JSON so far. */
  bytes: number
  /** Number of nodes so far. */
  nodes: number
}

/**
 * A deep copy of `value` as JSON, with -0 as 0; the caller may go on changing the original. Only the enumerable string
 * keys of plain objects are copied. Throws INVALID_VALUE with `at` (JSON Pointer, RFC 6901) for a value that cannot be
 * kept exactly, and TOO_LARGE with `at` for valueDepth, keysPerObject, objectKeyBytes and arrayLength. Throws TOO_LARGE
 * (valueBytes) as soon as the copy must exceed it, so that an object referenced many times cannot exhaust memory;
 * `boundedJson` does the exact check.
 */
export function exactValue(value: unknown, limits: Limits): Json {
  const traversal = { limits, trail: [], bytes: 0, nodes: 0 }
  const copy = copyOf(value, traversal)
  rememberEstimate(copy, traversal)
  return copy
}

function copyOf(value: unknown, traversal: ValueTraversal): Json {
  const scalar = scalarOf(value, traversal)
  if (scalar !== undefined) return scalar
  return isArray(value as Json)
    ? copyArray(value as readonly unknown[], traversal)
    : copyObject(value as object, traversal)
}

function copyArray(array: readonly unknown[], traversal: ValueTraversal): readonly Json[] {
  const { trail } = traversal
  checkArray(array, traversal)
  const elements: Json[] = []
  for (let i = 0; i < array.length; i++) {
    trail.push(i)
    elements.push(copyOf(array[i], traversal)) // a hole reads as undefined
    trail.pop()
  }
  return elements
}

function copyObject(object: object, traversal: ValueTraversal): Json {
  const { trail } = traversal
  const fields: Record<string, Json> = {}
  for (const key of keysOf(object, traversal)) {
    trail.push(key)
    checkMember(key, traversal)
    fields[key] = copyOf((object as Readonly<Record<string, unknown>>)[key], traversal)
    trail.pop()
  }
  return fields
}

/** The current node as it is kept, if it is a scalar; undefined: an array or an object. Throws as `exactValue`. */
export function scalarOf(value: unknown, traversal: ValueTraversal): null | boolean | number | string | undefined {
  const { limits, trail } = traversal
  if (trail.length >= limits.valueDepth) {
    throw tooLargeAt(traversal, 'valueDepth', `The value has more than ${limits.valueDepth} levels`)
  }
  traversal.nodes++
  countBytes(traversal, 1)
  switch (typeof value) {
    case 'string':
      return checkString(value, traversal)
    case 'number':
      if (!isExactNumber(value)) throw invalid(traversal, INEXACT)
      return value + 0 // -0 + 0 is 0
    case 'boolean':
      return value
    case 'object':
      return value === null ? null : undefined
    case 'undefined':
    case 'bigint':
    case 'symbol':
    case 'function':
      throw invalid(traversal, `JSON has no ${typeof value}`)
  }
}

function checkString(text: string, traversal: ValueTraversal): string {
  countBytes(traversal, text.length + 1)
  const problem = stringFault(text)
  if (problem !== null) throw invalid(traversal, problem)
  return text
}

/** Throws TOO_LARGE for an array, the current node, of too many elements. */
export function checkArray(array: readonly unknown[], traversal: ValueTraversal): void {
  if (array.length > traversal.limits.arrayLength) {
    throw tooLargeAt(traversal, 'arrayLength', `An array has ${array.length} elements`)
  }
}

/** The keys of an object, the current node. Throws as `exactValue`. */
export function keysOf(object: object, traversal: ValueTraversal): readonly string[] {
  if (object instanceof InvalidJson) throw invalid(traversal, object.problem)
  if (!isPlain(object)) throw invalid(traversal, 'it is an instance of a class; give plain objects and arrays')
  const keys = Object.keys(object)
  if (keys.length > traversal.limits.keysPerObject) {
    throw tooLargeAt(traversal, 'keysPerObject', `An object has ${keys.length} keys`)
  }
  return keys
}

/** Checks the key of the current node, a member of an object. Throws as `exactValue`. */
export function checkMember(key: string, traversal: ValueTraversal): void {
  const { limits, trail } = traversal
  // A UTF-16 unit takes one to three bytes.
  if (3 * key.length > limits.objectKeyBytes) checkMemberKey(key, { limits, trail: trail.slice(0, -1) })
  countBytes(traversal, key.length + 3)
  const problem = keyFault(key)
  if (problem !== null) throw invalid(traversal, problem)
}

/** Throws TOO_LARGE with `at` of the object, so that the error does not repeat the long key. */
function checkMemberKey(key: string, parent: Pick<ValueTraversal, 'limits' | 'trail'>): void {
  const { objectKeyBytes } = parent.limits
  const bytes = key.length > objectKeyBytes ? key.length : utf8Length(key)
  if (bytes > objectKeyBytes) {
    throw tooLargeAt(parent, 'objectKeyBytes', `A key of an object has ${bytes} bytes or more`)
  }
}

function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object)
  return prototype === Object.prototype || prototype === null
}

function countBytes(traversal: ValueTraversal, bytes: number): void {
  traversal.bytes += bytes
  if (traversal.bytes > traversal.limits.valueBytes) {
    throw tooManyBytes(traversal.limits, `more than ${traversal.limits.valueBytes} bytes`)
  }
}

function tooManyBytes(limits: Limits, size: string): DatabaseError {
  return tooLargeAt({ limits, trail: [] }, 'valueBytes', `The value has ${size} as compact JSON`)
}

/** TOO_LARGE with `at`, the place of the current node. */
function tooLargeAt(
  { limits, trail }: Pick<ValueTraversal, 'limits' | 'trail'>,
  limit: keyof Limits,
  what: string,
): DatabaseError {
  const { code, message, details } = tooLarge(limit, limits[limit], what)
  return new DatabaseError(code, message, { ...details, at: pointer(trail) })
}

function invalid(traversal: ValueTraversal, problem: string): DatabaseError {
  const at = pointer(traversal.trail)
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

/** Nodes from which on an estimate is remembered: to visit so many takes some tenths of a millisecond. */
const LARGE_NODES = 4_096

/** Estimated memory of large values that were checked, bytes. */
const estimates = new WeakMap<object, number>()

/** Remembers what `estimateJsonBytes` says of a value, if it is large, by its traversal. */
export function rememberEstimate(value: Json, { bytes, nodes }: Pick<ValueTraversal, 'bytes' | 'nodes'>): void {
  if (nodes >= LARGE_NODES) estimates.set(value as object, 2 * bytes + 8 * nodes)
}

/** Estimated memory of a value, in bytes. Not exact, for it must cost less than to serialise the value. */
export function estimateJsonBytes(value: Json): number {
  if (typeof value === 'string') return 16 + 2 * value.length
  if (typeof value !== 'object' || value === null) return 8
  return estimates.get(value) ?? estimateContainer(value)
}

function estimateContainer(value: readonly Json[] | JsonObject): number {
  let size = 32
  if (isArray(value)) for (const item of value) size += estimateJsonBytes(item)
  else for (const [key, item] of Object.entries(value)) size += 2 * key.length + estimateJsonBytes(item)
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
