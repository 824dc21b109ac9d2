import { lastOf, pathText, type Path } from '../../core/path.ts'
import { jsonBytes } from '../../core/json/value.ts'
import type { Revision, Version } from '../../core/version.ts'
import type { ListPage, Range } from '../../store/store.ts'
import { PageRemainder, Search } from '../time/bounded-search.ts'
import type { TenantContext } from '../log/tenant-context.ts'
import type { Where } from '../shape/cel/where.ts'

export interface ListOptions {
  /** Its limit is the limit of the page. */
  readonly range: Range
  /** The revision to read; undefined: the latest. */
  readonly at: Revision | undefined
}

export interface MatchingOptions extends ListOptions {
  readonly where: Where
}

/**
 * The documents of a range at one revision, up to its limit, read in slices. A page of a past in which few of them
 * existed may end early (`searchedDocuments`, half of `readMs`), even without a row, with the path to go on after.
 */
export async function listAll(
  { store, tenant, limits, readMs }: TenantContext,
  { range, at }: ListOptions,
): Promise<ListPage> {
  const slices: (readonly Version[])[] = []
  const remainder = new PageRemainder(range.limit)
  const search = new Search(readMs, limits.searchedDocuments)
  const inOrder = (): readonly Version[] => (range.reverse === true ? slices.toReversed() : slices).flat()
  let reached: Path | undefined
  for (let [remaining, revision] = [range, at]; ; await search.yieldOrTimeOut()) {
    const { slice } = remainder
    const page = await store.list(tenant, { ...remaining, limit: slice, skips: search.skips }, revision)
    if (!remainder.fits(page.rows)) return { rows: inOrder(), more: true, next: reached, revision: page.revision }
    slices.push(page.rows)
    if (page.next === undefined) return { ...page, rows: inOrder() }
    const short = page.rows.length < slice.rows
    const endsByBytes = short && endsAtRow(page, range)
    remainder.take(page.rows, endsByBytes)
    search.count({ rows: 0, short: short && !endsByBytes })
    if (remainder.isFull || search.isOver) return { ...page, rows: inOrder() }
    reached = page.next
    remaining = remainingRange(remaining, reached)
    revision = page.revision
  }
}

/**
 * The documents of a range that match at one revision, up to its limit, and whether there is one more. Reads slices
 * until that is known, or until it has examined `searchedDocuments` or taken half of `readMs`: then it ends early, even
 * without a row, with the path to go on after.
 */
export async function listMatching(
  { store, tenant, limits, readMs }: TenantContext,
  { range, where, at }: MatchingOptions,
): Promise<ListPage> {
  const collector = new MatchCollector(range)
  const search = new Search(readMs, limits.searchedDocuments)
  let examined: Path | undefined
  for (let [remaining, revision] = [range, at]; ; await search.yieldOrTimeOut()) {
    const { slice, skips } = search
    const page = await store.list(tenant, { ...remaining, limit: slice, skips }, revision)
    revision = page.revision
    for (const version of range.reverse === true ? page.rows.toReversed() : page.rows) {
      if (search.isLong && (await search.ends()) && examined !== undefined) {
        return { rows: collector.rows, more: true, next: examined, revision }
      }
      if (isMatch(where, version) && !collector.take(version)) {
        return { rows: collector.rows, more: true, next: collector.last, revision }
      }
      examined = version.path
    }
    search.count({ rows: page.rows.length, short: page.more && page.rows.length < slice.rows })
    if (page.next === undefined || search.isOver) return { ...page, rows: collector.rows }
    remaining = remainingRange(remaining, page.next)
  }
}

function isMatch(where: Where, { path, value }: Version): boolean {
  return where.test({ path: pathText(path), id: lastOf(path), value })
}

/** Whether a page ends at one of its rows, and not at a row that the store skipped. */
function endsAtRow({ rows, next }: ListPage, { reverse }: Range): boolean {
  const row = reverse === true ? rows[0] : rows.at(-1)
  return row !== undefined && next !== undefined && pathText(row.path) === pathText(next)
}

/** The rest of a range after `next`, in the direction of reading. */
export function remainingRange(range: Range, next: Path): Range {
  return range.reverse === true ? { ...range, before: next } : { ...range, after: next }
}

/** Collects the rows of one page, within its limit. */
class MatchCollector {
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

  /** Path of the newest row. */
  get last(): Path | undefined {
    return this.#rows.at(-1)?.path
  }

  /** Adds a row; false when it does not fit: the page ends before it. */
  take(version: Version): boolean {
    const { rows, bytes } = this.#range.limit
    this.#bytes += jsonBytes(version.value)
    if (this.#rows.length >= rows || (this.#rows.length > 0 && this.#bytes > bytes)) return false
    this.#rows.push(version)
    return true
  }
}
