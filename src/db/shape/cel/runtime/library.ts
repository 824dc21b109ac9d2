import { Environment, type ParseResult } from '@marcbachmann/cel-js'
import { parseTimestamp } from '../../../../core/timestamp.ts'
import { CEL_ERROR, Opaque, isList, isMap, charge, type EvalResult, type Scope, type Value } from './evaluation.ts'

/**
 * What is left to the CEL library: conversions and functions of times, one call at a time. Offered is what is pure, the same on
 * every machine and bounded in its time. Not: regular expressions; lastIndexOf (quadratic), split and join (they grow);
 * bytes and unsigned numbers (JSON has none); time zones, getDayOfYear (of the machine) and its own timestamp(), which reads
 * a time without an offset as the machine's.
 */
const METHODS = [
  'r.getFullYear()', 'r.getMonth()', 'r.getDate()', 'r.getDayOfMonth()', 'r.getDayOfWeek()',
  'r.getHours()', 'r.getMinutes()', 'r.getSeconds()', 'r.getMilliseconds()',
]
const FUNCTIONS = ['int(a)', 'double(a)', 'string(a)', 'bool(a)', 'duration(a)']
const OPERATORS = ['a == b', 'a + b', 'a - b']

/** UTF-16 units of what is read as a number or a time: the library reads a duration in cubic time. */
const MAX_LITERAL = 64
const READERS: ReadonlySet<string> = new Set(['int(a)', 'double(a)', 'duration(a)'])
const CALL_STEPS = 30
/** The library makes an error with its stack and an excerpt of the text. */
const FAILURE_STEPS = 500
/** Of a conversion, or of a time, that is made here. */
const OWN_STEPS = 8

const environment = new Environment({ unlistedVariablesAreDyn: true })
const PROGRAMS: ReadonlyMap<string, ParseResult> =
  new Map([...METHODS, ...FUNCTIONS, ...OPERATORS].map((text) => [text, environment.parse(text)]))

/** The text of the library's program for a function (`receiver` false) or method of so many arguments; null when it is not offered. */
export function programOf(name: string, receiver: boolean, count: number): string | null {
  const text = `${receiver ? 'r.' : ''}${name}(${['a', 'b'].slice(0, count).join(', ')})`
  return count <= 2 && PROGRAMS.has(text) ? text : null
}

/** `int`, `double` and `string` of what needs no library; undefined for anything else. */
export function converted(scope: Scope, program: string, value: Value): EvalResult | undefined {
  charge(scope, OWN_STEPS)
  if (program === 'string(a)' && typeof value === 'string') return value
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined
  if (program === 'string(a)') return `${value}`
  if (program === 'int(a)') return Math.trunc(value) + 0 // -0 + 0 is 0
  return program === 'double(a)' ? value : undefined
}

/** What the library makes of the program `text` (one of `programOf`, or an operator) with these variables. */
export function callLibrary(scope: Scope, text: string, variables: Readonly<Record<string, Value>>): EvalResult {
  const context: Record<string, unknown> = {}
  charge(scope, CALL_STEPS)
  for (const [name, value] of Object.entries(variables)) {
    if (!isTaken(name, value)) return CEL_ERROR
    if (typeof value === 'string' && value.length > MAX_LITERAL && READERS.has(text)) return CEL_ERROR
    if (typeof value === 'string' && text === 'duration(a)') charge(scope, value.length ** 2)
    context[name] = value instanceof Opaque ? value.content : value
  }
  return attempt(scope, () => PROGRAMS.get(text)?.(context))
}

/** No function here takes null, a list or a map, and no method belongs to a number or a boolean. */
function isTaken(name: string, value: Value): value is string | number | boolean | Opaque {
  if (value === null || isList(value) || isMap(value)) return false
  return name !== 'r' || typeof value === 'string' || value instanceof Opaque
}

/** `timestamp(text)` reads RFC 3339, `timestamp(number)` seconds since 1970. */
export function timestamp(scope: Scope, value: Value): EvalResult {
  charge(scope, typeof value === 'string' ? CALL_STEPS : OWN_STEPS)
  if (typeof value === 'string' && value.length <= MAX_LITERAL) return attempt(scope, () => new Date(parseTimestamp(value, 'where')))
  if (typeof value !== 'number') return CEL_ERROR
  const date = new Date(value * 1000)
  return Number.isNaN(date.getTime()) ? CEL_ERROR : new Opaque(date)
}

function attempt(scope: Scope, run: () => unknown): EvalResult {
  try {
    return outcomeOf(run())
  } catch {
    charge(scope, FAILURE_STEPS)
    return CEL_ERROR
  }
}

function outcomeOf(result: unknown): EvalResult {
  if (typeof result === 'string' || typeof result === 'number' || typeof result === 'boolean') return result
  if (typeof result === 'bigint') return Number(result)
  return typeof result === 'object' && result !== null ? new Opaque(result) : CEL_ERROR
}
