import { lastOf, pathText, type Path } from '../../core/path.ts'
import { jsonBytes } from '../../core/json/value.ts'
import type { Revision, Version } from '../../core/version.ts'
import type { ListPage, Range } from '../../store/store.ts'
import { PageRemainder, Search } from '../time/bounded-search.ts'
import type { TenantContext } from '../log/tenant-context.ts'
import type { Where } from '../shape/cel/where.ts'

export interface ListOptions {
  /** Its limit is that of the page. */
  readonly range: Range
  /** The latest when undefined. */
  readonly at: Revision | undefined
}

export interface MatchingOptions extends ListOptions {
  readonly where: Where
}

/**
 * The documents of a range, all of one state, slice by slice: as many as the limit allows. Of a past in which few of them lived
 * it may end early (`searchedDocuments`), even without a row, with the place to go on from.
 */
export async function listAll({ store, tenant, limits, readMs }: TenantContext, { range, at }: ListOptions): Promise<ListPage> {
  const slices: (readonly Version[])[] = []
  const missing = new PageRemainder(range.limit)
  const search = new Search(readMs, limits.searchedDocuments)
  const inOrder = (): readonly Version[] => (range.reverse === true ? slices.toReversed() : slices).flat()
  let reached: Path | undefined
  for (let [rest, revision] = [range, at]; ; await search.yieldOrTimeOut()) {
    const { slice } = missing
    const page = await store.list(tenant, { ...rest, limit: slice, skips: search.skips }, revision)
    if (!missing.fits(page.rows)) return { rows: inOrder(), more: true, next: reached, revision: page.revision }
    slices.push(page.rows)
    if (page.next === undefined) return { ...page, rows: inOrder() }
    const short = page.rows.length < slice.rows
    const cut = short && endsAtRow(page, range)
    missing.take(page.rows, cut)
    search.count({ rows: 0, short: short && !cut })
    if (missing.isFull || search.isOver) return { ...page, rows: inOrder() }
    reached = page.next
    rest = remainingRange(rest, reached)
    revision = page.revision
  }
}

/**
 * The documents of a range that match, all of one state: as many as the limit allows, and whether there is one more.
 * Reads the range slice by slice until that is known, or until it has looked at `searchedDocuments`: then it ends early, even
 * without a row, with the place to go on from.
 */
export async function listMatching({ store, tenant, limits, readMs }: TenantContext, { range, where, at }: MatchingOptions): Promise<ListPage> {
  const matches = new MatchCollector(range)
  const search = new Search(readMs, limits.searchedDocuments)
  let seen: Path | undefined
  for (let [rest, revision] = [range, at]; ; await search.yieldOrTimeOut()) {
    const { slice, skips } = search
    const page = await store.list(tenant, { ...rest, limit: slice, skips }, revision)
    revision = page.revision
    for (const version of range.reverse === true ? page.rows.toReversed() : page.rows) {
      if (search.isLong && (await search.ends()) && seen !== undefined) return { rows: matches.rows, more: true, next: seen, revision }
      if (isMatch(where, version) && !matches.take(version)) return { rows: matches.rows, more: true, next: matches.last, revision }
      seen = version.path
    }
    search.count({ rows: page.rows.length, short: page.more && page.rows.length < slice.rows })
    if (page.next === undefined || search.isOver) return { ...page, rows: matches.rows }
    rest = remainingRange(rest, page.next)
  }
}

function isMatch(where: Where, { path, value }: Version): boolean {
  return where.test({ path: pathText(path), id: lastOf(path), value })
}

/** Whether a page ends at one of its rows, and not at one that was passed over. */
function endsAtRow({ rows, next }: ListPage, { reverse }: Range): boolean {
  const row = reverse === true ? rows[0] : rows.at(-1)
  return row !== undefined && next !== undefined && pathText(row.path) === pathText(next)
}

/** What is left of a range behind a place, in the direction of reading. */
export function remainingRange(range: Range, next: Path): Range {
  return range.reverse === true ? { ...range, before: next } : { ...range, after: next }
}

/** What a page holds so far, within its limit. */
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

  /** The document that was taken last. */
  get last(): Path | undefined {
    return this.#rows.at(-1)?.path
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
