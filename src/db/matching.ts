import { lastOf, pathText } from '../core/path.ts'
import { jsonBytes } from '../core/value.ts'
import type { Revision, Version } from '../core/version.ts'
import type { Page, Range } from '../store/store.ts'
import { Patience } from './patience.ts'
import type { TenantContext } from './tenant-context.ts'
import type { Where } from './where/where.ts'

/** Rows that are looked through at once. */
const SCAN_ROWS = 256

export interface MatchingOptions {
  /** Its limit is that of the matches. */
  readonly range: Range
  readonly where: Where
  /** The latest when undefined. */
  readonly at: Revision | undefined
}

/**
 * The documents of a range that match, all of one state: as many as the limit allows, and whether there is one more.
 * Reads the range page by page until that is known. Throws TIMEOUT where matches are so rare that it takes too long.
 */
export async function listMatching(context: TenantContext, { range, where, at }: MatchingOptions): Promise<Page & { readonly revision: Revision }> {
  const { store, tenant, limits, readMs } = context
  const matches = new Matches(range)
  const patience = new Patience(readMs)
  let [left, revision] = [range, at]
  for (;; await patience.pause()) {
    const page = await store.list(tenant, { ...left, limit: { rows: SCAN_ROWS, bytes: limits.pageBytes } }, revision)
    revision = page.revision
    for (const version of range.reverse === true ? page.rows.toReversed() : page.rows) {
      if (patience.isLong) await patience.pause()
      if (!isMatch(where, version)) continue
      if (!matches.take(version)) return { rows: matches.rows, more: true, revision }
    }
    if (!page.more) return { rows: matches.rows, more: false, revision }
    left = beyond(left, page.rows)
  }
}

function isMatch(where: Where, { path, value }: Version): boolean {
  return where.test({ path: pathText(path), id: lastOf(path), value })
}

/** What is left of a range after rows of it, in the direction of reading. */
function beyond(range: Range, rows: readonly Version[]): Range {
  return range.reverse === true ? { ...range, before: rows[0]?.path } : { ...range, after: rows.at(-1)?.path }
}

/** What a page holds so far, within its limit. */
class Matches {
  readonly #range: Range
  readonly #rows: Version[] = []
  #bytes = 0

  constructor(range: Range) {
    this.#range = range
  }

  /** In key order. */
  get rows(): readonly Version[] {
    return this.#range.reverse === true ? this.#rows.toReversed() : this.#rows
  }

  /** False when there is no room for it: the page ends before it. */
  take(version: Version): boolean {
    const { rows, bytes } = this.#range.limit
    this.#bytes += jsonBytes(version.value)
    if (this.#rows.length >= rows || (this.#rows.length > 0 && this.#bytes > bytes)) return false
    this.#rows.push(version)
    return true
  }
}
