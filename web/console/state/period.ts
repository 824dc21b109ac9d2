const HOUR_MS = 3_600_000

/** A period that ends now. */
interface Period {
  readonly name: string
  readonly hours: number
}

/** Periods that end now, by what the address calls them. */
export const PERIODS: Readonly<Record<string, Period>> = {
  '1h': { name: 'Last hour', hours: 1 },
  '24h': { name: 'Last 24 hours', hours: 24 },
  '7d': { name: 'Last 7 days', hours: 168 },
}

/** When a period of the address begins, RFC 3339; empty: it names none. `now`: ms. */
export function startOfPeriod(last: string, now: number): string {
  const period = Object.hasOwn(PERIODS, last) ? PERIODS[last] : undefined
  return period === undefined ? '' : new Date(now - period.hours * HOUR_MS).toISOString()
}
