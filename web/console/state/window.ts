/** A table that scrolls, in pixels. */
export interface Scrolled {
  readonly top: number
  readonly height: number
  readonly rowHeight: number
  readonly count: number
}

/** Rows above and below what is seen that are there already. */
const OVERSCAN = 8

/** The places of the rows that are drawn: those that are seen, and some around them. */
export function drawnRows({ top, height, rowHeight, count }: Scrolled): {
  readonly start: number
  readonly end: number
} {
  const first = Math.floor(top / rowHeight)
  const last = Math.ceil((top + height) / rowHeight)
  return { start: Math.max(0, Math.min(first - OVERSCAN, count)), end: Math.min(count, last + OVERSCAN) }
}

/** Where to scroll so that a row is seen whole; the same place when it is. */
export function scrollTo(row: number, { top, height, rowHeight }: Omit<Scrolled, 'count'>): number {
  const [first, last] = [row * rowHeight, (row + 1) * rowHeight]
  if (first < top) return first
  return last > top + height ? last - height : top
}
