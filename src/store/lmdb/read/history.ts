import { mayTouch } from '../../../core/json/field.ts'
import type { Path } from '../../../core/path.ts'
import type { Revision, Version } from '../../../core/version.ts'
import type { HistoryPage, HistoryRange } from '../../store.ts'
import { findVersion, decodeEntry } from './documents.ts'
import { toDocumentKey, versionKey, type DocumentKey } from '../keys.ts'
import { isMark, readRow, readStoredVersion } from './log.ts'
import { takeRows, type ScannedRow } from './page.ts'
import { fieldsInRow } from '../rows.ts'
import type { FoundCommit, TenantView } from '../tables.ts'

export function readHistoryRows(view: TenantView, path: Path, range: HistoryRange): HistoryPage {
  const document = toDocumentKey(view.tenant.number, path)
  if (range.version === undefined) return takeRows(scanVersions(view, document, range), range)
  const found = findNumber(view, document, range.version)
  return { rows: found === null ? [] : [readStoredVersion(view, document, found)], more: false }
}

function* scanVersions(
  view: TenantView,
  document: DocumentKey,
  range: HistoryRange,
): Generator<ScannedRow<Version, Revision>> {
  const { reverse = false, touching } = range
  const after = versionKey(document, range.after ?? 0)
  const before = versionKey(document, Math.min(range.before ?? Infinity, view.tenant.last + 1))
  const [start, end] = reverse ? [before, after] : [after, before]
  for (const entry of view.tables.versions.getRange({ start, end, reverse, exclusiveStart: true })) {
    const found = decodeEntry(entry)
    const row = touching === undefined ? null : readRow(view, found.revision)
    const isSkipped =
      row !== null &&
      touching !== undefined &&
      !isMark(view, document, found) &&
      !mayTouch(fieldsInRow(row, found.row), touching)
    const position = found.revision
    if (isSkipped) yield { position, read: null, bytes: row.length }
    else yield { position, read: () => readStoredVersion(view, document, found), bytes: found.row[2] }
  }
}

/**
 * Binary search over revisions: a document's version numbers grow with them, and version n is not before revision n.
 */
function findNumber(view: TenantView, document: DocumentKey, number: number): FoundCommit | null {
  let [low, high]: [Revision, Revision] = [number, view.tenant.last]
  while (low <= high) {
    const middle = Math.floor((low + high) / 2)
    const found = findVersion(view.tables, document, middle)
    if (found?.row[0] === number) return found
    if (found === null || found.row[0] < number) low = middle + 1
    else high = found.revision - 1
  }
  return null
}
