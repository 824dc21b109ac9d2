import { DatabaseError } from './error.ts'
import type { Millis } from './version.ts'

const FORMAT = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/

/** The time that an RFC 3339 text names, cut to milliseconds. Throws BAD_REQUEST about `argument`. */
export function parseTimestamp(text: string, argument: string): Millis {
  const [, year, month, day] = FORMAT.exec(text)?.map(Number) ?? []
  const time = Date.parse(text)
  if (year === undefined || month === undefined || day === undefined || Number.isNaN(time) || day > daysIn(year, month)) {
    const message = `${JSON.stringify(text.slice(0, 60))} is not a time: write RFC 3339, such as 2026-01-31T12:00:00.000Z.`
    throw new DatabaseError('BAD_REQUEST', message, { argument })
  }
  return time
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate()
}
