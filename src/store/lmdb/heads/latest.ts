import type { Path } from '../../../core/path.ts'
import type { Revision, Version } from '../../../core/version.ts'
import { PageCounter } from '../../page.ts'
import type { ListPage, Range, Snapshot } from '../../store.ts'
import { documentKey, parseDocumentKey, pathOfKey, spansOf, toDocumentKey } from '../keys.ts'
import { boundsOf } from '../read/scan.ts'
import { HeadVersion, HeadView } from './head-view.ts'
import type { TenantView } from '../tables.ts'

/** A page of the latest state, each row as `rowOf` gives it. */
interface LatestPage<Row> extends Omit<ListPage, 'rows'> {
  readonly rows: readonly Row[]
}

/** Whether a page shows live documents alone, of the latest state, without a seek between two of them. */
export function isLatest({ tenant }: TenantView, range: Range, at: Revision): boolean {
  return at >= tenant.last && range.deleted !== true && (range.kind === 'collection' || range.levels === undefined)
}

/** The newest version of a live document, now; null: there is none, or it is asked for another time. */
export function readLatestHead({ tables, tenant }: TenantView, path: Path, at: Revision): Snapshot<[Version]> | null {
  if (at < tenant.last) return null
  const row = tables.heads.get(documentKey(toDocumentKey(tenant.number, path)))
  return row === undefined ? null : { revision: tenant.last, rows: [new HeadVersion(path, row)] }
}

/** A page of views of rows; null where `isLatest` is false. */
export function listViews(view: TenantView, range: Range, at: Revision): ListPage | null {
  return isLatest(view, range, at) ? readLatest(view, range, (path, row) => new HeadView(path, row)) : null
}

/** A page of which `isLatest` is true: one loop over the rows of `heads`. */
export function readLatest<Row>(
  { tables, tenant }: TenantView,
  range: Range,
  rowOf: (path: Path, row: string) => Row,
): LatestPage<Row> {
  const { reverse = false } = range
  const spans = spansOf(tenant.number, range)
  const rows: Row[] = []
  const counter = new PageCounter(range.limit)
  const page = (next?: Path): LatestPage<Row> => ({
    rows: reverse ? rows.reverse() : rows,
    more: next !== undefined,
    next,
    revision: tenant.last,
  })
  let last: Path | undefined
  for (const span of reverse ? spans.toReversed() : spans) {
    for (const { key, value } of tables.heads.getRange(boundsOf(span, reverse))) {
      if (!counter.take(value.length)) return page(last)
      const document = parseDocumentKey(key)
      last = range.kind === 'collection' ? [...range.path, document.id] : pathOfKey(document)
      rows.push(rowOf(last, value))
    }
  }
  return page()
}
