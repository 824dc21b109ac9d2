import { lastOf, pathText, type Path } from '../../core/path.ts'
import type { Revision, Version } from '../../core/version.ts'
import { PageCounter } from '../../store/page.ts'
import type { ListPage, Range } from '../../store/store.ts'
import { PageRemainder, Search, valueBytes } from '../time/bounded-search.ts'
import type { TenantContext } from '../log/tenant-context.ts'
import type { Where } from '../shape/cel/where.ts'

interface ListOptions {
  /** Its limit is the limit of the page. */
  readonly range: Range
  /** The revision to read; undefined: the latest. */
  readonly at: Revision | undefined
}

interface MatchingOptions extends ListOptions {
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
  const rowsInOrder = (): readonly Version[] =>
    slices.length === 1 ? (slices[0] ?? []) : inOrder(slices, range).flat()
  let reached: Path | undefined
  for (let [remaining, revision] = [range, at]; ; await search.yieldOrTimeOut()) {
    const { slice } = remainder
    const page = await store.list(tenant, { ...remaining, limit: slice, skips: search.skips }, revision)
    if (!remainder.fits(page.rows)) return { rows: rowsInOrder(), more: true, next: reached, revision: page.revision }
    slices.push(page.rows)
    if (page.next === undefined) return { ...page, rows: rowsInOrder() }
    const short = page.rows.length < slice.rows
    const endsByBytes = short && endsAtRow(page, range)
    remainder.take(page.rows, endsByBytes)
    search.count({ rows: 0, short: short && !endsByBytes })
    if (remainder.isFull || search.isOver) return { ...page, rows: rowsInOrder() }
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
  const rows: Version[] = []
  const counter = new PageCounter(range.limit)
  const search = new Search(readMs, limits.searchedDocuments)
  let examined: Path | undefined
  for (let [remaining, revision] = [range, at]; ; await search.yieldOrTimeOut()) {
    const { slice, skips } = search
    const page = await store.list(tenant, { ...remaining, limit: slice, skips, views: true }, revision)
    revision = page.revision
    for (const version of inOrder(page.rows, range)) {
      if (search.isLong && (await search.ends()) && examined !== undefined) {
        return { rows: inOrder(rows, range), more: true, next: examined, revision }
      }
      examined = version.path
      if (!isMatch(where, version)) continue
      if (!counter.take(valueBytes(version))) {
        return { rows: inOrder(rows, range), more: true, next: rows.at(-1)?.path, revision }
      }
      rows.push(version)
    }
    search.count({ rows: page.rows.length, short: page.more && page.rows.length < slice.rows })
    if (page.next === undefined || search.isOver) return { ...page, rows: inOrder(rows, range) }
    remaining = remainingRange(remaining, page.next)
  }
}

/** Rows in key order, given in the direction of reading, or the reverse. */
function inOrder<T>(rows: readonly T[], { reverse }: Range): readonly T[] {
  return reverse === true ? rows.toReversed() : rows
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
