import type { Key } from 'lmdb'
import { historyExpired } from '../../../core/cursor.ts'
import { compareText, type Path } from '../../../core/path.ts'
import type { Revision, Version } from '../../../core/version.ts'
import type { Snapshot } from '../../store.ts'
import {
  afterDocument,
  collectionSpan,
  documentKey,
  nestedSpan,
  parseDocumentKey,
  toDocumentKey,
  versionKey,
  type DocumentKey,
} from '../keys.ts'
import { readStoredVersion } from './log.ts'
import { oneVersion, type StoredRow } from './stored-row.ts'
import { decodeHead, decodePurgedHead } from '../rows.ts'
import type { FoundCommit, LmdbTables, TenantView, VersionRow } from '../tables.ts'

/** Of a document without a version. */
const NOTHING: StoredRow<null> = { versions: [], join: () => null }

/** Versions of documents as of `at`. The latest costs a point read each, a past one a seek and a slice of the log. */
export function readLmdbHeads(
  view: TenantView,
  paths: readonly Path[],
  at: Revision,
): Snapshot<readonly StoredRow<Version | null>[]> {
  const { last } = view.tenant
  const read = at >= last ? headNow : headAt
  return { revision: Math.min(at, last), rows: paths.map((path) => read(view, path, at)) }
}

function headNow({ tables, tenant }: TenantView, path: Path): StoredRow<Version | null> {
  const key = documentKey(toDocumentKey(tenant.number, path))
  const row = tables.heads.get(key) ?? tables.tombstones.get(key)
  if (row !== undefined) return oneVersion(() => decodeHead(path, row))
  const mark = tables.purged.get(key)
  return mark === undefined ? NOTHING : oneVersion(() => decodePurgedHead(path, mark))
}

function headAt(view: TenantView, path: Path, at: Revision): StoredRow<Version | null> {
  const document = toDocumentKey(view.tenant.number, path)
  const found = findVersion(view.tables, document, at)
  if (found === null && isLost(view, document, at)) throw historyExpired(view.tenant)
  return found === null ? NOTHING : readStoredVersion(view, document, found)
}

/**
 * Whether a document without a version at a revision may have had one, which `thin` removed; false for a purged one, of
 * which it would be a mark.
 */
export function isLost({ tables, tenant }: TenantView, document: DocumentKey, at: Revision): boolean {
  if (at >= tenant.floor) return false
  const [oldest] = tables.versions.getRange({ start: documentKey(document), end: afterDocument(document), limit: 1 })
  return oldest !== undefined && oldest.value[0] > 1 && oldest.value[3] !== 1
}

/** The newest version of a document at or before the revision `at`; null when there is none. */
export function findVersion(tables: LmdbTables, document: DocumentKey, at: Revision): FoundCommit | null {
  const [entry] = tables.versions.getRange({
    start: versionKey(document, at),
    end: documentKey(document),
    reverse: true,
    limit: 1,
  })
  return entry === undefined ? null : decodeEntry(entry)
}

/** Decodes an entry of `versions`. */
export function decodeEntry({ key, value }: { readonly key: Key; readonly value: VersionRow }): FoundCommit {
  return { revision: (key as [number, string, string, number])[3], row: value }
}

/** Names of the collections directly below a document in which a document, but not a purged one, ever had a version. */
export function readCollections({ tables, tenant }: TenantView, document: Path): readonly string[] {
  const names: string[] = []
  const { to } = nestedSpan(tenant.number, document)
  let { from } = nestedSpan(tenant.number, document)
  for (;;) {
    const next = [tables.heads, tables.tombstones].flatMap((table) => [
      ...table.getKeys({ start: from, end: to, limit: 1 }),
    ])
    const collections = next.map((key) => parseDocumentKey(key).collection)
    const [first] = collections.toSorted(compareText)
    if (first === undefined) return names
    const segments = first.split('/')
    const child = segments.slice(0, document.length + 1)
    const isDirect = segments.length === child.length
    if (isDirect) names.push(...child.slice(-1))
    from = (isDirect ? collectionSpan(tenant.number, child) : nestedSpan(tenant.number, child)).to
  }
}
