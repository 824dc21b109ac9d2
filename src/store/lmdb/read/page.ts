import { PageCounter } from '../../page.ts'
import { SKIPS, type Limit } from '../../store.ts'

/** One step of a table scan: a row for the page, or rows that are skipped. */
export interface ScannedRow<T, Position> {
  readonly position: Position
  /** Reads the row; null: it is skipped. */
  readonly read: (() => T) | null
  /** Bytes of the row; of a skipped row, the bytes that were read. */
  readonly bytes: number
  /** Rows that this step skips. Default 1. */
  readonly rows?: number | undefined
}

interface PageLimit {
  readonly limit: Limit
  readonly skips?: number | undefined
  readonly reverse?: boolean | undefined
}

interface ScannedPage<T, Position> {
  readonly rows: readonly T[]
  readonly more: boolean
  readonly next: Position | undefined
}

/** Skipped bytes that cost about as much as one skipped row. */
const BYTES_PER_SKIP = 4_096

/**
 * The first scanned rows that a limit allows, reversed when the scan ran in reverse: at least one, unless `skips` ended
 * the page before it. Reads no row beyond the page.
 */
export function takeRows<T, Position>(
  scanned: Iterable<ScannedRow<T, Position>>,
  { limit, reverse, skips = SKIPS }: PageLimit,
): ScannedPage<T, Position> {
  const rows: T[] = []
  const page = (next?: Position): ScannedPage<T, Position> => ({
    rows: reverse === true ? rows.reverse() : rows,
    more: next !== undefined,
    next,
  })
  const counter = new PageCounter(limit)
  let last: Position | undefined
  let skipped = 0
  for (const { position, read, bytes, rows: count = 1 } of scanned) {
    if (read === null) {
      skipped += count + bytes / BYTES_PER_SKIP
      if (skipped >= skips) return page(position)
      continue
    }
    if (!counter.take(bytes)) return page(last)
    rows.push(read())
    last = position
  }
  return page()
}
