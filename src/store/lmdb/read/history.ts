import { mayTouch } from '../../../core/json/field.ts'
import type { Path } from '../../../core/path.ts'
import type { Revision, Version } from '../../../core/version.ts'
import type { HistoryPage, HistoryRange } from '../../store.ts'
import { findVersion, foundIn } from './documents.ts'
import { toDocumentKey, versionKey, type DocumentKey } from '../keys.ts'
import { readRow, readStoredVersion, type FoundCommit } from './log.ts'
import { takeRows, type LookedRow } from './page.ts'
import { fieldsInRow } from '../rows.ts'
import type { LmdbTables, TenantRow } from '../tables.ts'

export function readHistoryRows(tables: LmdbTables, tenant: TenantRow, path: Path, range: HistoryRange): HistoryPage {
  const place = toDocumentKey(tenant.number, path)
  if (range.version === undefined) return takeRows(looksAt(tables, tenant, place, range), range)
  const found = findNumber(tables, tenant, place, range.version)
  return { rows: found === null ? [] : [readStoredVersion(tables, tenant, place, found)], more: false }
}

function* looksAt(tables: LmdbTables, tenant: TenantRow, place: DocumentKey, range: HistoryRange): Generator<LookedRow<Version, Revision>> {
  const { reverse = false, touching } = range
  const after = versionKey(place, range.after ?? 0)
  const before = versionKey(place, Math.min(range.before ?? Infinity, tenant.last + 1))
  const [start, end] = reverse ? [before, after] : [after, before]
  for (const entry of tables.versions.getRange({ start, end, reverse, exclusiveStart: true })) {
    const found = foundIn(entry)
    const row = touching === undefined ? null : readRow(tables, tenant, found.revision)
    const isPassed = row !== null && touching !== undefined && !mayTouch(fieldsInRow(row, found.row), touching)
    if (isPassed) yield { place: found.revision, read: null, bytes: row.length }
    else yield { place: found.revision, read: () => readStoredVersion(tables, tenant, place, found), bytes: found.row[2] }
  }
}

/** Binary search over the revisions: a document's numbers grow along them, and version n is not before revision n. */
function findNumber(tables: LmdbTables, tenant: TenantRow, place: DocumentKey, number: number): FoundCommit | null {
  let [low, high]: [Revision, Revision] = [number, tenant.last]
  while (low <= high) {
    const middle = Math.floor((low + high) / 2)
    const found = findVersion(tables, place, middle)
    if (found?.row[0] === number) return found
    if (found === null || found.row[0] < number) low = middle + 1
    else high = found.revision - 1
  }
  return null
}
