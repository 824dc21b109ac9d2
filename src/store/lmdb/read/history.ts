import { mayTouch } from '../../../core/json/field.ts'
import type { Path } from '../../../core/path.ts'
import type { Revision, Version } from '../../../core/version.ts'
import type { HistoryPage, HistoryRange } from '../../store.ts'
import { findVersion, decodeEntry } from './documents.ts'
import { toDocumentKey, versionKey, type DocumentKey } from '../keys.ts'
import { readRow, readStoredVersion, type FoundCommit } from './log.ts'
import { takeRows, type ScannedRow } from './page.ts'
import { fieldsInRow } from '../rows.ts'
import type { LmdbTables, TenantRow } from '../tables.ts'

export function readHistoryRows(tables: LmdbTables, tenant: TenantRow, path: Path, range: HistoryRange): HistoryPage {
  const document = toDocumentKey(tenant.number, path)
  if (range.version === undefined) return takeRows(scanVersions(tables, tenant, document, range), range)
  const found = findNumber(tables, tenant, document, range.version)
  return { rows: found === null ? [] : [readStoredVersion(tables, tenant, document, found)], more: false }
}

function* scanVersions(
  tables: LmdbTables,
  tenant: TenantRow,
  document: DocumentKey,
  range: HistoryRange,
): Generator<ScannedRow<Version, Revision>> {
  const { reverse = false, touching } = range
  const after = versionKey(document, range.after ?? 0)
  const before = versionKey(document, Math.min(range.before ?? Infinity, tenant.last + 1))
  const [start, end] = reverse ? [before, after] : [after, before]
  for (const entry of tables.versions.getRange({ start, end, reverse, exclusiveStart: true })) {
    const found = decodeEntry(entry)
    const row = touching === undefined ? null : readRow(tables, tenant, found.revision)
    const isSkipped = row !== null && touching !== undefined && !mayTouch(fieldsInRow(row, found.row), touching)
    if (isSkipped) yield { position: found.revision, read: null, bytes: row.length }
    else {
      yield {
        position: found.revision,
        read: () => readStoredVersion(tables, tenant, document, found),
        bytes: found.row[2],
      }
    }
  }
}

/**
 * Binary search over revisions: a document's version numbers grow with them, and version n is not before revision n.
 */
function findNumber(tables: LmdbTables, tenant: TenantRow, document: DocumentKey, number: number): FoundCommit | null {
  let [low, high]: [Revision, Revision] = [number, tenant.last]
  while (low <= high) {
    const middle = Math.floor((low + high) / 2)
    const found = findVersion(tables, document, middle)
    if (found?.row[0] === number) return found
    if (found === null || found.row[0] < number) low = middle + 1
    else high = found.revision - 1
  }
  return null
}
