import { mayTouch } from '../../../core/json/field.ts'
import type { Path } from '../../../core/path.ts'
import type { Revision, Version } from '../../../core/version.ts'
import type { HistoryPage, HistoryRange, Page, VersionNumber } from '../../store.ts'
import { findVersion, decodeEntry } from './documents.ts'
import { toDocumentKey, versionKey, type DocumentKey } from '../keys.ts'
import { isMark, readRow, readStoredVersion } from './log.ts'
import type { StoredRow } from './stored-row.ts'
import { takeRows, type ScannedRow } from './page.ts'
import { commitsByActor, commitsOf, commonRevisions, edgesOf } from './revisions.ts'
import { actorInRow, fieldsInRow } from '../rows.ts'
import type { FoundCommit, TenantView } from '../tables.ts'

/** A page of versions, still to be decoded. */
interface StoredHistoryPage extends Omit<HistoryPage, 'rows'> {
  readonly rows: readonly StoredRow<Version>[]
}

export function readHistoryRows(view: TenantView, path: Path, range: HistoryRange): StoredHistoryPage {
  const document = toDocumentKey(view.tenant.number, path)
  return takeRows(scanVersions(view, document, range), range)
}

/** Versions by their numbers. */
export function readNumberedRows(
  view: TenantView,
  numbers: readonly VersionNumber[],
  bytes: number,
): Omit<Page, 'rows'> & { readonly rows: readonly StoredRow<Version>[] } {
  const { rows, more } = takeRows(scanNumbers(view, numbers), { limit: { rows: Infinity, bytes } })
  return { rows, more }
}

function* scanNumbers(
  view: TenantView,
  numbers: readonly VersionNumber[],
): Generator<ScannedRow<StoredRow<Version>, VersionNumber>> {
  for (const position of numbers) {
    const document = toDocumentKey(view.tenant.number, position.path)
    const found = findNumber(view, document, position.version)
    if (found !== null) yield { position, read: () => readStoredVersion(view, document, found), bytes: found.row[2] }
  }
}

type ScannedVersion = ScannedRow<StoredRow<Version>, Revision>

function* scanVersions(view: TenantView, document: DocumentKey, range: HistoryRange): Generator<ScannedVersion> {
  for (const step of range.actor === undefined
    ? versionsOf(view, document, range)
    : versionsBy(view, document, range)) {
    if ('position' in step) {
      yield step
      continue
    }
    const { revision: position, row: location } = step
    const row = range.touching === undefined ? null : readRow(view, position)
    const isSkipped =
      row !== null &&
      range.touching !== undefined &&
      !isMark(view, document, step) &&
      !mayTouch(fieldsInRow(row, location), range.touching)
    if (isSkipped) yield { position, read: null, bytes: row.length }
    else yield { position, read: () => readStoredVersion(view, document, step), bytes: location[2] }
  }
}

function* versionsOf(
  { tables, tenant }: TenantView,
  document: DocumentKey,
  range: HistoryRange,
): Generator<FoundCommit> {
  const { reverse = false } = range
  const after = versionKey(document, range.after ?? 0)
  const before = versionKey(document, Math.min(range.before ?? Infinity, tenant.last + 1))
  const [start, end] = reverse ? [before, after] : [after, before]
  for (const entry of tables.versions.getRange({ start, end, reverse, exclusiveStart: true })) yield decodeEntry(entry)
}

/** A version, or rows that were skipped. */
type VersionStep = FoundCommit | ScannedVersion

/** The versions of a document that the actor of the range wrote: those at the revisions of both. */
function* versionsBy(view: TenantView, document: DocumentKey, range: HistoryRange): Generator<VersionStep> {
  const { actor = '' } = range
  const edges = edgesOf(view.tenant, range)
  const sources = [commitsOf(view, [document], edges), commitsByActor(view, actor, edges)]
  for (const { revision, isFound } of commonRevisions(sources, edges)) {
    const row = isFound ? view.tables.versions.get(versionKey(document, revision)) : undefined
    if (row === undefined) yield { position: revision, read: null, bytes: 0, rows: sources.length }
    else if (actorInRow(readRow(view, revision)) !== actor) yield { position: revision, read: null, bytes: row[2] }
    else yield { revision, row }
  }
}

/** Versions before the newest that are looked at one by one. */
const NEAR = 4

/**
 * The version `number`: one of the newest as a rule, so these are looked at first. Then a binary search over revisions:
 * a document's version numbers grow with them, and version n is not before revision n.
 */
function findNumber(view: TenantView, document: DocumentKey, number: number): FoundCommit | null {
  let [low, high]: [Revision, Revision] = [number, view.tenant.last]
  /** Most versions between `number` and `high`. */
  let distance = 0
  while (low <= high) {
    const at = distance <= NEAR ? high : Math.floor((low + high) / 2)
    const found = findVersion(view.tables, document, at)
    if (found?.row[0] === number) return found
    if (found === null || found.row[0] < number) {
      low = at + 1
      continue
    }
    high = found.revision - 1
    distance = found.row[0] - number
  }
  return null
}
