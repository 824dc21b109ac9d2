import { parseColumns, parseCount, parseDepth, parseHeartbeat, parseLimit } from '../../core/database/arguments.ts'
import type { Check } from '../../core/database.ts'
import { badArgument } from '../../core/error.ts'
import { isObject, type Json } from '../../core/json/json.ts'
import { LIMITS } from '../../core/limits.ts'
import { parsePath } from '../../core/path.ts'
import { parseTimestamp } from '../../core/timestamp.ts'
import { jsonOf } from './requests.ts'

/** Checks of arguments that GraphQL would refuse without their name, or a feed only later. */
const PARSERS: Readonly<Record<string, (value: never, name: string) => unknown>> = {
  first: (count: number, name) => parseCount(count, name, LIMITS),
  last: (count: number, name) => parseCount(count, name, LIMITS),
  depth: parseDepth,
  heartbeatMs: parseHeartbeat,
  limit: parseLimit,
  columns: (columns: readonly string[]) => void parseColumns(columns, LIMITS),
  asOf: checkMoment,
  from: checkMoment,
  to: checkMoment,
}

/** A time, or a moment of the past named in exactly one way. Throws BAD_REQUEST with the name of the argument. */
export function checkMoment(moment: unknown, name: string): void {
  if (typeof moment === 'string') return void parseTimestamp(moment, name)
  const given = Object.values(moment as object).filter((value) => value !== undefined && value !== null)
  if (given.length !== 1) throw badArgument(name, `${name} has exactly one of: time, cursor, version.`)
  const { time } = moment as { readonly time?: unknown }
  if (typeof time === 'string') parseTimestamp(time, name)
}

/**
 * A copy of the options of a call, checked as far as the client can. Throws BAD_REQUEST and TOO_LARGE as the database
 * does, INVALID_VALUE for `params` that JSON cannot keep.
 */
export function checkedOptions<Options extends object>(options: Options): Options {
  const entries = Object.entries(options) as [string, unknown][]
  for (const [name, value] of entries) if (value !== undefined) PARSERS[name]?.(value as never, name)
  return Object.fromEntries(entries.map(([name, value]) => [name, copyOf(name, value)])) as Options
}

function copyOf(name: string, value: unknown): unknown {
  if (name === 'params' && value !== undefined) return paramsOf(value)
  if (Array.isArray(value)) return [...(value as readonly unknown[])]
  return isObject(value as Json) ? { ...(value as object) } : value
}

function paramsOf(value: unknown): Json {
  const params = jsonOf(value)
  if (isObject(params)) return params
  throw badArgument('params', 'The params are not an object: send the values of an expression by name.')
}

/** Copies of checks. Throws INVALID_PATH. */
export function copiedChecks(checks: readonly Check[] | undefined): readonly Check[] | undefined {
  checks?.forEach(({ path }) => parsePath(path))
  return checks?.map(({ path, expect }) => ({ path, expect: { ...expect } }))
}
