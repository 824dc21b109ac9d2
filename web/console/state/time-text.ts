const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** How long ago a time was, in one word or two; a time that is to come is `now`. */
export function agoText(time: string, now: number): string {
  const ms = now - new Date(time).getTime()
  if (ms < 2 * SECOND) return 'now'
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s ago`
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ago`
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h ago`
  if (ms < 30 * DAY) return `${Math.floor(ms / DAY)} d ago`
  return time.slice(0, 10)
}

/** A time by the clock of the reader: the hour alone when it is of today. */
export function clockText(time: string, now: number): string {
  const date = new Date(time)
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':')
  return new Date(now).toDateString() === date.toDateString() ? clock : `${dayText(date)} ${clock}`
}

function dayText(date: Date): string {
  const [month, day] = [date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, '0'))
  return `${date.getFullYear()}-${month}-${day}`
}
