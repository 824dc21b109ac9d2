import { DatabaseError } from '../../core/error.ts'
import { parseExactJson } from '../../core/json/exact-json.ts'
import { exactValue } from '../../core/json/value.ts'
import { LIMITS } from '../../core/limits.ts'
import type { AsOf, Timestamp } from '../../core/database/options.ts'
import type { Json } from '../../core/json/json.ts'
import { badUsage } from './failure.ts'

const CURSOR = /^[0-9a-z]{16}-[0-9a-z]+-[0-9a-z]+(?:-[0-9a-z]+)*$/
const CLOCK = /^(\d{1,2}):(\d\d)(?::(\d\d))?$/
const ISO = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?$/
const AGO = /^(\d+)(s|m|h|d)$/
const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A moment of the past: a version (`3`), a cursor, or a time. Throws BAD_REQUEST. */
export function momentArgument(text: string, now: number = Date.now()): AsOf {
  if (/^\d+$/.test(text)) return { version: Number(text) }
  return CURSOR.test(text) ? { cursor: text } : { time: timeOf(text, now) }
}

/**
 * A time: RFC 3339, a day (`2026-11-26`) or a time of today (`09:30`) of this machine's zone, or so long ago (`15m`,
 * `2h`, `1d`). Throws BAD_REQUEST.
 */
export function timeOf(text: string, now: number = Date.now()): Timestamp {
  const [, count, unit = ''] = AGO.exec(text) ?? []
  if (count !== undefined) return new Date(now - Number(count) * (UNITS_MS[unit] ?? 0)).toISOString()
  const [, hours, minutes, seconds = '0'] = CLOCK.exec(text) ?? []
  const day = new Date(now)
  if (hours !== undefined) day.setHours(Number(hours), Number(minutes), Number(seconds), 0)
  const [isIso, clock] = ISO.exec(text) ?? []
  const iso = clock === undefined ? `${isIso}T00:00` : isIso
  const time = hours === undefined ? Date.parse(iso ?? '') : day.getTime()
  if (!Number.isNaN(time)) return new Date(time).toISOString()
  throw badUsage(`${JSON.stringify(text)} is no time: write 2026-11-26T09:30:00Z, 2026-11-26, 09:30, or 15m (ago).`)
}

/** The number of a flag, if it is given. Throws BAD_REQUEST. */
export function countOf(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw badUsage(`${flag} is a whole number, and not ${JSON.stringify(text)}.`, { argument: flag })
}

/**
 * A value as JSON. Throws BAD_REQUEST that says what to write instead, INVALID_VALUE for a value that cannot be kept
 * exactly, and TOO_LARGE.
 */
export function jsonArgument(text: string, name: string): Json {
  try {
    return exactValue(parseExactJson(text), LIMITS)
  } catch (error) {
    if (error instanceof DatabaseError && error.code !== 'BAD_REQUEST') throw error
    const looksPlain = /^[\p{L}\p{N}][^\n"{}[\]]*$/u.test(text)
    const hint = looksPlain
      ? `: a text needs quotes, as in '${JSON.stringify(text)}'`
      : ` (${(error as Error).message})`
    throw badUsage(`The ${name} is no JSON${hint}.`, { argument: name })
  }
}
