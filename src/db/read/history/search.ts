import { jsonBytes } from '../../../core/json/value.ts'
import type { Limits } from '../../../core/limits.ts'
import type { Revision } from '../../../core/version.ts'
import { PageCounter } from '../../../store/page.ts'
import type { Limit, LogRange } from '../../../store/store.ts'
import type { TenantContext } from '../../log/tenant-context.ts'
import { Search, SEARCH_SLICE } from '../../time/bounded-search.ts'
import type { Window } from '../page.ts'
import {
  END_OF_COMMIT,
  remainingBounds,
  toPosition,
  type HistoryPosition,
  type HistoryRow,
  type RevisionBounds,
} from './position.ts'

export interface HistoryRows {
  readonly rows: readonly HistoryRow[]
  /** The exclusive position at which the next page begins, in the direction of reading; undefined at the end. */
  readonly next: HistoryPosition | undefined
}

/** One read of a search through a history. */
export interface HistorySlice {
  /** The versions that were found, oldest first. */
  readonly found: readonly HistoryRow[]
  /** Number of rows that the store returned. */
  readonly rows: number
  /** The revision from which to continue; undefined at the end. */
  readonly next: Revision | undefined
}

interface HistorySearch {
  readonly window: Window
  readonly range: RevisionBounds
  /** Least number of rows in one read. */
  readonly minRows: number
  readonly read: (range: LogRange) => Promise<HistorySlice>
}

/** Reads slices until the page is full, or the search is over. */
export async function searchHistory(
  { limits, readMs }: TenantContext,
  { window, range, minRows, read }: HistorySearch,
): Promise<HistoryRows> {
  const collector = new HistoryCollector(window, limits)
  const search = new Search(readMs, limits.searchedCommits)
  for (let remaining = range; ; await search.yieldOrTimeOut()) {
    const limit = collector.nextLimit(minRows)
    const { found, rows, next } = await read({ ...remaining, reverse: window.reverse, limit, skips: search.skips })
    collector.add(found)
    const short = next !== undefined && rows < limit.rows
    search.count({ rows, short })
    if (next === undefined || collector.isDone(short) || search.isOver) return collector.rows(next)
    remaining = remainingBounds(remaining, next, window)
  }
}

/** Collects the rows of one page in the direction of reading, up to a number and a size, but at least one. */
class HistoryCollector {
  readonly #window: Window
  readonly #rows: HistoryRow[] = []
  readonly #counter: PageCounter

  constructor(window: Window, { pageBytes }: Limits) {
    this.#window = window
    this.#counter = new PageCounter({ rows: window.count, bytes: pageBytes })
  }

  /** Whether to stop: one row more than fits was found, or, where matches are rare (`isRare`), enough for the page. */
  isDone(isRare: boolean): boolean {
    return this.#counter.isFull || (isRare && this.#rows.length >= this.#window.count)
  }

  /** The limit of the next read: the missing rows, and one to know whether there is more; at least `minRows`. */
  nextLimit(minRows: number): Limit {
    return {
      rows: Math.min(SEARCH_SLICE.rows, Math.max(minRows, this.#window.count - this.#rows.length + 1)),
      bytes: SEARCH_SLICE.bytes,
    }
  }

  /** Adds the rows of one read, given oldest first. */
  add(found: readonly HistoryRow[]): void {
    for (const row of this.#window.reverse ? found.toReversed() : found) {
      if (!this.#counter.take(jsonBytes(row.version.value))) return
      this.#rows.push(row)
    }
  }

  /** The page, where the search has reached a revision; undefined: the end. */
  rows(reached: Revision | undefined): HistoryRows {
    const last = this.#rows.at(-1)
    const rows = this.#window.reverse ? this.#rows.toReversed() : this.#rows
    if (this.#counter.isFull) return { rows, next: last && toPosition(last) }
    if (reached === undefined) return { rows, next: undefined }
    return { rows, next: { revision: this.#window.reverse ? reached - 1 : reached, index: END_OF_COMMIT } }
  }
}
