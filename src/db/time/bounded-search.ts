import { jsonBytes } from '../../core/json/value.ts'
import { utf8Length } from '../../core/path.ts'
import type { Version } from '../../core/version.ts'
import { SKIPS, type Limit } from '../../store/store.ts'
import { TimeSlice } from './time-slice.ts'

/** Limit of one store read of a search: it takes a few milliseconds to scan and to parse (`bench -- steps`). */
export const SEARCH_SLICE: Limit = { rows: 256, bytes: 524_288 }

/** The size of one slice that was read. */
interface SliceResult {
  readonly rows: number
  /** Whether the slice ended before its limit of rows: by their bytes, or by rows that the store skipped. */
  readonly short: boolean
}

/**
 * Bounds a search whose matches may be rare: after `rows` examined rows, or half of `readMs`, its page ends early, with
 * a position to go on from. So it never ends with TIMEOUT.
 */
export class Search extends TimeSlice {
  readonly #endsAt: number
  #rowsLeft: number

  /** `rows`: the number of rows it may examine. */
  constructor(readMs: number, rows: number) {
    super(readMs)
    this.#endsAt = performance.now() + readMs / 2
    this.#rowsLeft = rows
  }

  /** Counts a slice. A short one counts as the rows that it may have skipped, so large rows count as several. */
  count({ rows, short }: SliceResult): void {
    this.#rowsLeft -= short ? SKIPS : rows
  }

  /** Limit of the next store read. */
  get slice(): Limit {
    return { rows: Math.max(1, Math.min(this.#rowsLeft, SEARCH_SLICE.rows)), bytes: SEARCH_SLICE.bytes }
  }

  /** Number of rows that the next store read may skip. */
  get skips(): number {
    return Math.max(1, Math.min(this.#rowsLeft, SKIPS))
  }

  /** Whether the page has to end here. */
  get isOver(): boolean {
    return this.#rowsLeft <= 0 || performance.now() >= this.#endsAt
  }

  /** Call between two slices. Never throws. */
  override async yieldOrTimeOut(): Promise<void> {
    await this.nextTurn()
  }

  /** Call within a slice when it `isLong`: true if the page has to end here, else yields to the event loop. */
  async ends(): Promise<boolean> {
    if (this.isOver) return true
    await this.yieldOrTimeOut()
    return false
  }
}

/** The rows and bytes that a page, read in slices, still lacks. */
export class PageRemainder {
  #rows: number
  #bytes: number
  #isEmpty = true

  constructor({ rows, bytes }: Limit) {
    this.#rows = rows
    this.#bytes = bytes
  }

  /** Limit of the next read: all missing rows, since most pages fit into one slice. */
  get slice(): Limit {
    return { rows: this.#rows, bytes: Math.min(this.#bytes, SEARCH_SLICE.bytes) }
  }

  get isFull(): boolean {
    return this.#rows <= 0 || this.#bytes <= 0
  }

  /** Whether a slice fits: the store returns at least one row, whatever its size. */
  fits(rows: readonly Version[]): boolean {
    return this.#isEmpty || rows.length !== 1 || bytesOf(rows) <= this.#bytes
  }

  /** Counts a slice; `endsByBytes`: it was cut by its limit of bytes, which is then taken for its size. */
  take(rows: readonly Version[], endsByBytes: boolean): void {
    const { slice } = this
    this.#isEmpty &&= rows.length === 0
    this.#rows -= rows.length
    if (this.#rows > 0) this.#bytes -= endsByBytes ? slice.bytes : bytesOf(rows)
  }
}

function bytesOf(rows: readonly Version[]): number {
  return rows.reduce((sum, row) => sum + valueBytes(row), 0)
}

/** Length of the value's compact JSON in UTF-8 bytes. */
export function valueBytes(version: Version): number {
  return version.json === undefined ? jsonBytes(version.value) : utf8Length(version.json)
}
