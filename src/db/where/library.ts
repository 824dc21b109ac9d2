import { Environment, type ParseResult } from '@marcbachmann/cel-js'
import { parseTimestamp } from '../../core/timestamp.ts'
import { FAULT, Foreign, isList, isMap, spend, type Outcome, type Scope, type Value } from './evaluation.ts'

/**
 * What is left to the CEL library: functions of strings, numbers and times, one call at a time. Offered is what is pure, the same on
 * every machine and linear in its arguments. Not: regular expressions; lastIndexOf (quadratic), split and join (they grow);
 * bytes and unsigned numbers (JSON has none); time zones, getDayOfYear (of the machine) and its own timestamp(), which reads
 * a time without an offset as the machine's.
 */
const METHODS = [
  'r.lowerAscii()', 'r.upperAscii()', 'r.trim()', 'r.indexOf(a)', 'r.substring(a)', 'r.substring(a, b)',
  'r.getFullYear()', 'r.getMonth()', 'r.getDate()', 'r.getDayOfMonth()', 'r.getDayOfWeek()',
  'r.getHours()', 'r.getMinutes()', 'r.getSeconds()', 'r.getMilliseconds()',
]
const FUNCTIONS = ['int(a)', 'double(a)', 'string(a)', 'bool(a)', 'duration(a)']
const OPERATORS = ['a == b', 'a + b', 'a - b']

/** UTF-16 units of what is read as a number or a time: the library reads a duration in cubic time. */
const MAX_LITERAL = 64
const READERS: ReadonlySet<string> = new Set(['int(a)', 'double(a)', 'duration(a)'])
const CALL_STEPS = 4
/** The library makes an error with its stack and an excerpt of the text. */
const FAILURE_STEPS = 300

const environment = new Environment({ unlistedVariablesAreDyn: true })
const PROGRAMS: ReadonlyMap<string, ParseResult> =
  new Map([...METHODS, ...FUNCTIONS, ...OPERATORS].map((text) => [text, environment.parse(text)]))

/** The text of the library's program for a function (`receiver` false) or method of so many arguments; null when it is not offered. */
export function programOf(name: string, receiver: boolean, count: number): string | null {
  const text = `${receiver ? 'r.' : ''}${name}(${['a', 'b'].slice(0, count).join(', ')})`
  return count <= 2 && PROGRAMS.has(text) ? text : null
}

/** What the library makes of the program `text` (one of `programOf`, or an operator) with these variables. */
export function callLibrary(scope: Scope, text: string, variables: Readonly<Record<string, Value>>): Outcome {
  const context: Record<string, unknown> = {}
  spend(scope, CALL_STEPS)
  for (const [name, value] of Object.entries(variables)) {
    if (!isTaken(name, value)) return FAULT
    if (typeof value === 'string') spend(scope, value.length >> 6)
    if (typeof value === 'string' && value.length > MAX_LITERAL && READERS.has(text)) return FAULT
    context[name] = value instanceof Foreign ? value.content : numberFor(text, value)
  }
  return attempt(scope, () => PROGRAMS.get(text)?.(context))
}

/** No function here takes null, a list or a map, and no method belongs to a number or a boolean. */
function isTaken(name: string, value: Value): value is string | number | boolean | Foreign {
  if (value === null || isList(value) || isMap(value)) return false
  return name !== 'r' || typeof value === 'string' || value instanceof Foreign
}

/** Numbers that methods take are positions, which the library wants as integers. */
function numberFor(text: string, value: string | number | boolean): unknown {
  return typeof value === 'number' && text.startsWith('r.') && Number.isSafeInteger(value) ? BigInt(value) : value
}

/** `timestamp(text)` reads RFC 3339, `timestamp(number)` seconds since 1970. */
export function timestamp(scope: Scope, value: Value): Outcome {
  if (typeof value === 'string' && value.length <= MAX_LITERAL) return attempt(scope, () => new Date(parseTimestamp(value, 'where')))
  if (typeof value !== 'number') return FAULT
  const date = new Date(value * 1000)
  return Number.isNaN(date.getTime()) ? FAULT : new Foreign(date)
}

function attempt(scope: Scope, run: () => unknown): Outcome {
  try {
    return outcomeOf(run())
  } catch {
    spend(scope, FAILURE_STEPS)
    return FAULT
  }
}

function outcomeOf(result: unknown): Outcome {
  if (typeof result === 'string' || typeof result === 'number' || typeof result === 'boolean') return result
  if (typeof result === 'bigint') return Number(result)
  return typeof result === 'object' && result !== null ? new Foreign(result) : FAULT
}
