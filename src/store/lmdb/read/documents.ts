import type { Key } from 'lmdb'
import type { Path } from '../../../core/path.ts'
import type { Revision, Version } from '../../../core/version.ts'
import type { Snapshot } from '../../store.ts'
import { collectionSpan, documentKey, nestedSpan, parseDocumentKey, toDocumentKey, versionKey, type DocumentKey } from '../keys.ts'
import { readStoredVersion, type FoundCommit } from './log.ts'
import { decodeHead } from '../rows.ts'
import type { LmdbTables, TenantRow, VersionRow } from '../tables.ts'

/** Versions of documents, now or as of `at`. Now: a point read; then: one seek and one slice of the log. */
export function readLmdbHeads(tables: LmdbTables, tenant: TenantRow, paths: readonly Path[], at: Revision): Snapshot<readonly (Version | null)[]> {
  const read = at >= tenant.last ? headNow : (of: LmdbTables, row: TenantRow, path: Path) => headAt(of, row, path, at)
  return { revision: Math.min(at, tenant.last), rows: paths.map((path) => read(tables, tenant, path)) }
}

function headNow(tables: LmdbTables, tenant: TenantRow, path: Path): Version | null {
  const key = documentKey(toDocumentKey(tenant.number, path))
  const row = tables.heads.get(key) ?? tables.tombs.get(key)
  return row === undefined ? null : decodeHead(path, row)
}

function headAt(tables: LmdbTables, tenant: TenantRow, path: Path, at: Revision): Version | null {
  const place = toDocumentKey(tenant.number, path)
  const found = findVersion(tables, place, at)
  return found === null ? null : readStoredVersion(tables, tenant, place, found)
}

/** The newest version of a document that `at` has seen. */
export function findVersion(tables: LmdbTables, place: DocumentKey, at: Revision): FoundCommit | null {
  const [entry] = tables.versions.getRange({ start: versionKey(place, at), end: documentKey(place), reverse: true, limit: 1 })
  return entry === undefined ? null : foundIn(entry)
}

/** What an entry of `versions` says. */
export function foundIn({ key, value }: { readonly key: Key; readonly value: VersionRow }): FoundCommit {
  return { revision: (key as [number, string, string, number])[3], row: value }
}

/** Names of the collections right below a document in which something ever had a version. */
export function readCollections(tables: LmdbTables, tenant: TenantRow, document: Path): readonly string[] {
  const names: string[] = []
  const { to } = nestedSpan(tenant.number, document)
  let { from } = nestedSpan(tenant.number, document)
  for (;;) {
    const [key] = tables.versions.getKeys({ start: from, end: to, limit: 1 })
    if (key === undefined) return names
    const segments = parseDocumentKey(key).collection.split('/')
    const child = segments.slice(0, document.length + 1)
    const isDirect = segments.length === child.length
    if (isDirect) names.push(...child.slice(-1))
    from = (isDirect ? collectionSpan(tenant.number, child) : nestedSpan(tenant.number, child)).to
  }
}
