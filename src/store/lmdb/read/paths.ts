import type { Path } from '../../../core/path.ts'
import type { Revision } from '../../../core/version.ts'
import type { PathPage, Range } from '../../store.ts'
import { findVersion } from './documents.ts'
import { pathOfKey, type DocumentKey } from '../keys.ts'
import { entryOf, writtenIn, type ListMoment } from './list.ts'
import { readRow } from './log.ts'
import { takeRows, type ScannedRow } from './page.ts'
import { isDeleteInRow } from '../rows.ts'
import { mergeScans, scanTable, type ScanEntry } from './scan.ts'
import type { TenantView } from '../tables.ts'

/** Estimated bytes of a key. */
const KEY_BYTES = 100

/** As `listDocuments`, but only the paths. Of the latest state it reads keys alone. */
export function listPaths(view: TenantView, range: Range, at: Revision): PathPage {
  const revision = Math.min(at, view.tenant.last)
  const { next, ...page } = takeRows(scanPaths(view, { range, at: revision }), range)
  return { ...page, next: next && pathOfKey(next), revision }
}

function* scanPaths(view: TenantView, { range, at }: ListMoment): Generator<ScannedRow<Path, DocumentKey>> {
  const writtenSince = writtenIn(view, range, { after: at, upTo: view.tenant.last })
  const written = new Set(writtenSince?.map(textOf))
  for (const { document, row, deleted } of entriesOf(view, range, writtenSince)) {
    const isUnchanged = writtenSince !== null && row !== null && !written.has(textOf(document))
    // A document written since comes again, from the log.
    if (writtenSince !== null && row !== null && !isUnchanged) continue
    const isShown = isUnchanged ? !deleted || range.deleted === true : existedAt(view, document, { range, at })
    yield { position: document, read: isShown ? () => pathOfKey(document) : null, bytes: KEY_BYTES }
  }
}

/** The keys of live documents, of deleted ones where the page may need them, and of documents written since, if known. */
function* entriesOf(view: TenantView, range: Range, writtenSince: readonly DocumentKey[] | null): Generator<ScanEntry> {
  const { reverse = false, deleted = false } = range
  const live = scanTable(view, range, { table: 'heads', keysOnly: true })
  const keys =
    deleted || writtenSince === null
      ? mergeScans(live, scanTable(view, range, { table: 'tombstones', keysOnly: true }), reverse)
      : live
  if (writtenSince === null || writtenSince.length === 0) return yield* keys
  yield* mergeScans(keys, writtenSince.map(entryOf).values(), reverse)
}

/** Whether the range shows a document as of a revision, by its version then; no value is parsed. */
function existedAt(view: TenantView, document: DocumentKey, { range, at }: ListMoment): boolean {
  const found = findVersion(view.tables, document, at)
  if (found === null) return false
  return range.deleted === true || !isDeleteInRow(readRow(view, found.revision), found.row)
}

function textOf({ collection, id }: DocumentKey): string {
  return `${collection}/${id}`
}
