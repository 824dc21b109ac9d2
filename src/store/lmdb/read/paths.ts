import type { Path } from '../../../core/path.ts'
import type { Revision } from '../../../core/version.ts'
import type { PathPage, Range } from '../../store.ts'
import { findVersion, isLost } from './documents.ts'
import { pathOfKey, type DocumentKey } from '../keys.ts'
import { entryOf, throwExpired, type ListMoment } from './list.ts'
import { isMark, readRow } from './log.ts'
import { takeRows, type ScannedRow } from './page.ts'
import { isDeleteInRow } from '../rows.ts'
import { mergeScans, scanTable, type ScanEntry } from './scan.ts'
import type { TenantView } from '../tables.ts'
import { writtenIn } from './written.ts'

/** Estimated bytes of a key. */
const KEY_BYTES = 100

/** As `listDocuments`, but only the paths. Of the latest state it reads keys alone. */
export function listPaths(view: TenantView, range: Range, at: Revision): PathPage {
  return toPage(view, { range, at }, { gone: () => throwExpired(view) })
}

/** As `listPaths`; documents of which the version then is gone are shown, too. */
export function findPaths(view: TenantView, range: Range, at: Revision): PathPage {
  return toPage(view, { range, at }, { gone: pathOfKey })
}

interface PathScan {
  /** The path to show for a document of which the version is gone. */
  readonly gone: (document: DocumentKey) => Path
}

function toPage(view: TenantView, { range, at }: ListMoment, scan: PathScan): PathPage {
  const revision = Math.min(at, view.tenant.last)
  const { next, ...page } = takeRows(scanPaths(view, { range, at: revision }, scan), range)
  return { ...page, next: next && pathOfKey(next), revision }
}

function* scanPaths(
  view: TenantView,
  { range, at }: ListMoment,
  { gone }: PathScan,
): Generator<ScannedRow<Path, DocumentKey>> {
  const { last } = view.tenant
  const writtenSince = at === last ? [] : writtenIn(view, range, { after: at, upTo: last })
  const written = new Set(writtenSince?.map(textOf))
  const isWritten = ({ document }: ScanEntry): boolean => written.size > 0 && written.has(textOf(document))
  for (const entry of entriesOf(view, range, writtenSince)) {
    const { document, row } = entry
    // A document written since comes again, from the log.
    if (writtenSince !== null && row !== null && isWritten(entry)) continue
    const isNewest = row !== null && (writtenSince !== null || isUnchanged(view, document, at))
    const { isShown, bytes, isGone } = isNewest ? shownNow(entry, range) : shownThen(view, document, { range, at })
    const read = isGone === true ? () => gone(document) : isShown ? () => pathOfKey(document) : null
    yield { position: document, read, bytes: KEY_BYTES + bytes }
  }
}

/** Whether the newest version of a document is at or before a revision. */
function isUnchanged({ tables }: TenantView, document: DocumentKey, at: Revision): boolean {
  return (findVersion(tables, document, Infinity)?.revision ?? Infinity) <= at
}

interface ShownPath {
  readonly isShown: boolean
  /** Whether that cannot be known, as the version was removed. Default false. */
  readonly isGone?: boolean | undefined
  /** Bytes of the log that were read to know it. */
  readonly bytes: number
}

function shownNow({ deleted }: ScanEntry, range: Range): ShownPath {
  return { isShown: !deleted || range.deleted === true, bytes: 0 }
}

/** Whether the range shows a document by its version as of a revision; no value is parsed. */
function shownThen(view: TenantView, document: DocumentKey, { range, at }: ListMoment): ShownPath {
  const found = findVersion(view.tables, document, at)
  if (found === null) return { isShown: false, bytes: 0, isGone: isLost(view, document, at) }
  const isAbsent = isMark(view, document, found)
  if (isAbsent || range.deleted === true) return { isShown: !isAbsent, bytes: 0 }
  const row = readRow(view, found.revision)
  return { isShown: !isDeleteInRow(row, found.row), bytes: row.length }
}

/**
 * The keys of live documents, of deleted ones where the page may need them, and of documents written since, if known.
 */
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

function textOf({ collection, id }: DocumentKey): string {
  return `${collection}/${id}`
}
