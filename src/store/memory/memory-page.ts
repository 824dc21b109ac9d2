import { SKIPS, type Limit } from '../store.ts'

interface MemoryPageOptions {
  readonly limit: Limit
  readonly skips?: number | undefined
  readonly reverse?: boolean | undefined
}

/** A scanned row, or null when it is skipped. */
interface MemoryRow<T, Position> {
  readonly position: Position
  readonly row: T | null
}

interface MemoryPage<T, Position> {
  readonly rows: readonly T[]
  readonly more: boolean
  readonly next: Position | undefined
}

/** The first rows (in reverse, the last ones) that a limit allows. */
export function takePage<T, Position>(
  all: readonly MemoryRow<T, Position>[],
  { limit, reverse, skips = SKIPS }: MemoryPageOptions,
): MemoryPage<T, Position> {
  const rows: T[] = []
  const page = (next?: Position): MemoryPage<T, Position> => ({
    rows: reverse === true ? rows.toReversed() : rows,
    more: next !== undefined,
    next,
  })
  let last: Position | undefined
  let [bytes, skipped] = [0, 0]
  for (const { position, row } of reverse === true ? all.toReversed() : all) {
    if (row === null) {
      if (++skipped >= skips) return page(position)
      continue
    }
    bytes += JSON.stringify(row).length
    if (last !== undefined && (rows.length >= limit.rows || bytes > limit.bytes)) return page(last)
    rows.push(row)
    last = position
  }
  return page()
}
