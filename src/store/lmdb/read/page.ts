import { SKIPS, type Limit } from '../../store.ts'

/** One step of a read through a table: a row that a page may hold, or what is passed over to find it. */
export interface LookedRow<T, Place> {
  readonly place: Place
  /** Reads the row; null: it is passed over. */
  readonly read: (() => T) | null
  /** Bytes of the row; of what is passed over, those that were looked at. */
  readonly bytes: number
  /** Rows that are passed over in this step; default 1. */
  readonly rows?: number | undefined
}

interface PageLimit {
  readonly limit: Limit
  readonly skips?: number | undefined
  readonly reverse?: boolean | undefined
}

export interface PagePart<T, Place> {
  readonly rows: readonly T[]
  readonly more: boolean
  readonly next: Place | undefined
}

/** So many bytes that are passed over cost about what a row does. */
const SKIPPED_BYTES = 4_096

/**
 * The first rows that a limit allows, turned around when they were read from the back: at least one, unless too much was
 * passed over before it. Reads no other row.
 */
export function takeRows<T, Place>(looks: Iterable<LookedRow<T, Place>>, { limit, reverse, skips = SKIPS }: PageLimit): PagePart<T, Place> {
  const rows: T[] = []
  const part = (next?: Place): PagePart<T, Place> => ({ rows: reverse === true ? rows.reverse() : rows, more: next !== undefined, next })
  let behind: Place | undefined
  let [bytes, skipped] = [0, 0]
  for (const { place, read, bytes: size, rows: count = 1 } of looks) {
    if (read === null) {
      skipped += count + size / SKIPPED_BYTES
      if (skipped >= skips) return part(place)
      continue
    }
    bytes += size
    if (behind !== undefined && (rows.length >= limit.rows || bytes > limit.bytes)) return part(behind)
    rows.push(read())
    behind = place
  }
  return part()
}
