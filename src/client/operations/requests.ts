import type { Check, Op } from '../../core/database.ts'
import { badArgument, DatabaseError } from '../../core/error.ts'
import type { Json } from '../../core/json/json.ts'
import { INEXACT, isExactNumber } from '../../core/json/number.ts'
import type { WireOp } from './operations.generated.ts'
import type { TypedText } from './typed-text.ts'

/** An operation with its variables, to be sent. */
export interface RemoteOperation {
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
}

/** An operation whose variables have the types that its text asks for. */
export function operationOf<Variables extends object>(
  query: TypedText<unknown, Variables>,
  variables: Variables,
): RemoteOperation {
  const all = variables as Readonly<Record<string, unknown>>
  checkTexts(all['path'], ...[all['checks']].flat().map((check) => (check as Check | undefined)?.path))
  return { query, variables: all }
}

const LONE_SURROGATE = /\p{Cs}/u

/** Throws INVALID_PATH for half of a surrogate pair: UTF-8 loses it, so that the server could not name the path. */
export function checkTexts(...paths: readonly unknown[]): void {
  for (const path of paths) {
    if (typeof path !== 'string' || !LONE_SURROGATE.test(path)) continue
    throw new DatabaseError('INVALID_PATH', 'The path has half of a surrogate pair.', { path })
  }
}

/** Bounds of what is copied, for values that have no end; the server knows its own. */
const MAX_DEPTH = 256
const MAX_CHARS = 2 ** 26

/** A copy of a value, so that later changes of it are not sent. Throws INVALID_VALUE for what JSON cannot keep. */
export function jsonOf(value: unknown): Json {
  return copyOf(value, '', { depth: 0, chars: 0 })
}

/** `at`: a JSON Pointer to the value. */
function copyOf(value: unknown, at: string, size: { depth: number; chars: number }): Json {
  size.chars += typeof value === 'string' ? value.length + 1 : 1
  if (++size.depth > MAX_DEPTH || size.chars > MAX_CHARS) {
    throw new DatabaseError('TOO_LARGE', 'The value has too many levels, or too many characters.', { at })
  }
  const below = (key: string | number, part: unknown): Json =>
    copyOf(part, `${at}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`, size)
  let copy: Json
  if (Array.isArray(value)) copy = Array.from(value, (part, i) => below(i, part))
  else if (isPlain(value)) {
    copy = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, below(key, part)]))
  } else if (isScalar(value)) copy = value
  else {
    const message = `The value cannot be kept exactly at "${at.slice(0, 200)}": ${faultOf(value)}.`
    throw new DatabaseError('INVALID_VALUE', message, { at })
  }
  size.depth--
  return copy
}

function isScalar(value: unknown): value is null | boolean | number | string {
  if (typeof value === 'number') return isExactNumber(value)
  return value === null || ['boolean', 'string'].includes(typeof value)
}

function faultOf(value: unknown): string {
  if (typeof value === 'number') return INEXACT
  return typeof value === 'object' ? 'give plain objects and arrays' : `JSON has no ${typeof value}`
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** A copy of an operation, so that later changes of it are not sent. Throws INVALID_VALUE. */
export function copiedOp<Each extends Op>(op: Each): Each {
  checkTexts(op.path)
  const { expect, value, patch } = op as Partial<Record<'expect' | 'value' | 'patch', object>>
  return {
    ...op,
    ...(expect && { expect: { ...expect } }),
    ...('value' in op && { value: jsonOf(value) }),
    ...(patch && { patch: patchOf(patch) }),
  }
}

/** In an input of GraphQL with one field, that field must not be null: a merge of null replaces the whole value. */
function patchOf(given: object): object {
  const entries = Object.entries(given).filter(([, value]) => value !== undefined)
  const patch = Object.fromEntries(entries.map(([kind, value]) => [kind, jsonOf(value)]))
  return patch['merge'] === null ? { json: [{ op: 'replace', path: '', value: null }] } : patch
}

/** An operation as the schema has it. */
export function wireOp({ kind, ...op }: Op): WireOp {
  return { [kind]: op } as unknown as WireOp
}

/** A copy of the options of a call, without those that are not there. Throws BAD_REQUEST and INVALID_VALUE. */
export function copiedOptions<Options extends object>(options: Options): Options {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries.map(([name, value]) => [name, optionOf(name, value)])) as Options
}

/** Options that name a moment of the past. */
const MOMENTS = ['asOf', 'from', 'to']

function optionOf(name: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) throw badArgument(name, `${name} is no number.`)
  if (MOMENTS.includes(name) && typeof value === 'object') return momentOf(name, value)
  const copy = name === 'params' || typeof value === 'object' ? jsonOf(value) : value
  if (name !== 'params' || isPlain(copy)) return copy
  throw badArgument(name, 'The params are not an object: send the values of an expression by name.')
}

/** A copy of a moment. Throws BAD_REQUEST unless it is named in exactly one way. */
export function momentOf<Moment extends object>(name: string, moment: Moment | null): Moment {
  const given = Object.entries(moment ?? {}).filter(([, value]) => value !== undefined)
  if (given.length === 1) return Object.fromEntries(given) as Moment
  throw badArgument(name, `${name} has exactly one of: time, cursor, version.`)
}

/** A server takes messages of 2 MiB; a character has at most 3 bytes in UTF-8. */
const MESSAGE_CHARS = 600_000

/** Whether an operation may be too long for a message of a socket, which the server would close. */
export function isLarge({ variables }: RemoteOperation): boolean {
  return JSON.stringify(variables).length > MESSAGE_CHARS
}

/** A copy of patterns. Throws INVALID_PATH. */
export function copiedPaths(paths: readonly string[]): readonly string[] {
  checkTexts(...paths)
  return [...paths]
}
