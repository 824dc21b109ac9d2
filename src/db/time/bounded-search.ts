import { jsonBytes } from '../../core/json/value.ts'
import type { Version } from '../../core/version.ts'
import { SKIPS, type Limit } from '../../store/store.ts'
import { TimeSlice } from './time-slice.ts'

/** What a search asks the store for at once: some milliseconds of parsing. */
export const SEARCH_SLICE: Limit = { rows: 256, bytes: 1_048_576 }

/** What a slice came to. */
export interface SliceResult {
  readonly rows: number
  /** Whether it ended before it had as many rows as were asked for: by their bytes, or by what was passed over. */
  readonly short: boolean
}

/**
 * Bounds a search for what is rare: when it has looked at enough, or has used half of the time of a read, its page ends early,
 * with a place to go on from. So it needs no TIMEOUT.
 */
export class Search extends TimeSlice {
  readonly #endsAt: number
  #rowsLeft: number

  /** `rows`: how many it may look at. */
  constructor(readMs: number, rows: number) {
    super(readMs)
    this.#endsAt = performance.now() + readMs / 2
    this.#rowsLeft = rows
  }

  /** A short slice counts as much as one may pass over: what is large counts as several rows. */
  count({ rows, short }: SliceResult): void {
    this.#rowsLeft -= short ? SKIPS : rows
  }

  /** What it asks the store for next. */
  get slice(): Limit {
    return { rows: Math.max(1, Math.min(this.#rowsLeft, SEARCH_SLICE.rows)), bytes: SEARCH_SLICE.bytes }
  }

  /** How many rows the next slice may pass over. */
  get skips(): number {
    return Math.max(1, Math.min(this.#rowsLeft, SKIPS))
  }

  /** Whether the page should end here. */
  get isOver(): boolean {
    return this.#rowsLeft <= 0 || performance.now() >= this.#endsAt
  }

  /** Call between two slices. */
  override async yieldOrTimeOut(): Promise<void> {
    await this.nextTurn()
  }

  /** Call within a slice when it `isLong`: whether the page should end here; else others have run. */
  async ends(): Promise<boolean> {
    if (this.isOver) return true
    await this.yieldOrTimeOut()
    return false
  }
}

/** What is missing of a page that is read slice by slice. */
export class PageRemainder {
  #rows: number
  #bytes: number
  #isEmpty = true

  constructor({ rows, bytes }: Limit) {
    this.#rows = rows
    this.#bytes = bytes
  }

  /** What the next read asks for: all rows, of which most pages come at once. */
  get slice(): Limit {
    return { rows: this.#rows, bytes: Math.min(this.#bytes, SEARCH_SLICE.bytes) }
  }

  get isFull(): boolean {
    return this.#rows <= 0 || this.#bytes <= 0
  }

  /** Whether there is room for a slice: the store gives one row at least, however large it is. */
  fits(rows: readonly Version[]): boolean {
    return this.#isEmpty || rows.length !== 1 || valueBytes(rows) <= this.#bytes
  }

  /** Takes in a slice: its rows, and whether it was its bytes that ended it, so that they need no counting. */
  take(rows: readonly Version[], cut: boolean): void {
    const { slice } = this
    this.#isEmpty &&= rows.length === 0
    this.#rows -= rows.length
    if (this.#rows > 0) this.#bytes -= cut ? slice.bytes : valueBytes(rows)
  }
}

function valueBytes(rows: readonly Version[]): number {
  return rows.reduce((sum, { value }) => sum + jsonBytes(value), 0)
}
