import type { Limit } from './store.ts'

/** Rows that a limit allows, and whether there are more. */
export interface TakenRows<Row> {
  readonly rows: readonly Row[]
  readonly more: boolean
}

/** Counts the rows of a page until one exceeds its limit. The first row fits, whatever its size. */
export class PageCounter {
  readonly #limit: Limit
  #rows = 0
  #bytes = 0
  /** Whether a row did not fit, so that the page ends before it. */
  isFull = false

  constructor(limit: Limit) {
    this.#limit = limit
  }

  /** Counts one more row; false when it does not fit. */
  take(bytes: number): boolean {
    this.#bytes += bytes
    this.isFull ||= this.#rows > 0 && (this.#rows >= this.#limit.rows || this.#bytes > this.#limit.bytes)
    if (!this.isFull) this.#rows++
    return !this.isFull
  }
}

/** The first rows that a limit allows. */
export function takeWithin<Row>(rows: readonly Row[], limit: Limit, bytesOf: (row: Row) => number): TakenRows<Row> {
  const counter = new PageCounter(limit)
  const end = rows.findIndex((row) => !counter.take(bytesOf(row)))
  return end < 0 ? { rows, more: false } : { rows: rows.slice(0, end), more: true }
}

/** Consecutive parts of a list, of `size` items each; the last one may have less. */
export function chunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size))
}
