import { DatabaseError } from './error.ts'
import type { Millis } from './version.ts'

const FORMAT = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/

const FIRST = Date.parse('0000-01-01T00:00:00.000Z')
const LAST = Date.parse('9999-12-31T23:59:59.999Z')

/** The time of an RFC 3339 text, truncated to milliseconds. Throws BAD_REQUEST, with `argument` when it is given. */
export function parseTimestamp(text: string, argument?: string): Millis {
  const [, year, month, day, hour] = FORMAT.exec(text)?.map(Number) ?? []
  const time = Date.parse(text)
  const valid =
    year !== undefined && month !== undefined && day !== undefined && day <= daysIn(year, month) && hour !== 24
  // An offset can move a time beyond the years that RFC 3339 can write.
  if (!valid || !(time >= FIRST && time <= LAST)) {
    const message =
      `${JSON.stringify(text.slice(0, 60))} is not a time: write RFC 3339, such as ` + '2026-01-31T12:00:00.000Z.'
    throw new DatabaseError('BAD_REQUEST', message, argument === undefined ? {} : { argument })
  }
  return time
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate()
}

const DAY_MS = 86_400_000

/** The time that was formatted last, as documents of one commit have the same, and the text of its day up to the T. */
const last = { time: NaN, text: '', day: NaN, dayText: '' }

/** The time in UTC as RFC 3339, to milliseconds: `Date.toISOString`, which takes several times as long. */
export function formatTimestamp(time: Millis): string {
  if (time === last.time) return last.text
  const day = Math.floor(time / DAY_MS)
  if (day !== last.day) {
    const text = new Date(time).toISOString()
    last.day = day
    last.dayText = text.slice(0, text.indexOf('T') + 1)
  }
  const ms = time - day * DAY_MS
  const [seconds, minutes] = [Math.floor(ms / 1_000), Math.floor(ms / 60_000)]
  const clock = `${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}:${twoDigits(seconds % 60)}`
  last.text = `${last.dayText}${clock}.${String(ms % 1_000).padStart(3, '0')}Z`
  last.time = time
  return last.text
}

function twoDigits(count: number): string {
  return count < 10 ? `0${count}` : String(count)
}
