import type { Database, Key } from 'lmdb'
import { compareText, type Path } from '../../core/path.ts'
import type { Revision, Version } from '../../core/version.ts'
import type { Page, Range, Snapshot } from '../store.ts'
import {
  afterDocument, collectionSpan, documentKey, nestedSpan, pathOf, placeIn, placeOf, spansOf, versionKey, type Place, type Span,
} from './keys.ts'
import { readVersion, type Found } from './log.ts'
import { cut, type Sized } from './page.ts'
import { decodeHead } from './rows.ts'
import type { Tables, TenantRow, VersionRow } from './tables.ts'

/** Versions of documents, now or as of `at`. Now: a point read; then: one seek and one slice of the log. */
export function readHeads(tables: Tables, tenant: TenantRow, paths: readonly Path[], at: Revision): Snapshot<readonly (Version | null)[]> {
  const read = at >= tenant.last ? headNow : (of: Tables, row: TenantRow, path: Path) => headAt(of, row, path, at)
  return { revision: Math.min(at, tenant.last), rows: paths.map((path) => read(tables, tenant, path)) }
}

function headNow(tables: Tables, tenant: TenantRow, path: Path): Version | null {
  const key = documentKey(placeOf(tenant.number, path))
  const row = tables.heads.get(key) ?? tables.tombs.get(key)
  return row === undefined ? null : decodeHead(path, row)
}

function headAt(tables: Tables, tenant: TenantRow, path: Path, at: Revision): Version | null {
  const place = placeOf(tenant.number, path)
  const found = findVersion(tables, place, at)
  return found === null ? null : readVersion(tables, tenant, place, found)
}

/** The newest version of a document that `at` has seen. */
export function findVersion(tables: Tables, place: Place, at: Revision): Found | null {
  const [entry] = tables.versions.getRange({ start: versionKey(place, at), end: documentKey(place), reverse: true, limit: 1 })
  return entry === undefined ? null : foundIn(entry)
}

/** What an entry of `versions` says. */
export function foundIn({ key, value }: { readonly key: Key; readonly value: VersionRow }): Found {
  return { revision: (key as [number, string, string, number])[3], row: value }
}

export function readList(tables: Tables, tenant: TenantRow, range: Range, at: Revision): Page & { readonly revision: Revision } {
  const isNow = at >= tenant.last
  const spans = spansOf(tenant.number, range)
  const ordered = range.reverse === true ? spans.toReversed() : spans
  const rows = ordered.map((span) => (isNow ? listNow(tables, span, range) : listAt(tables, tenant, { span, range, at })))
  return { ...cut(chain(rows), range), revision: Math.min(at, tenant.last) }
}

function* chain<T>(parts: readonly Iterable<T>[]): Generator<T> {
  for (const part of parts) yield* part
}

function* listNow(tables: Tables, span: Span, { reverse = false, deleted = false }: Range): Generator<Sized<Version>> {
  const live = scan(tables.heads, span, reverse)
  const entries = deleted ? merge(live, scan(tables.tombs, span, reverse), reverse) : live
  for (const { place, row } of entries) yield [() => decodeHead(pathOf(place), row), row.length]
}

interface Entry {
  readonly place: Place
  readonly row: string
}

function* scan(table: Database<string, Key>, span: Span, reverse: boolean): Generator<Entry> {
  for (const { key, value } of table.getRange(bounds(span, reverse))) yield { place: placeIn(key), row: value }
}

function bounds({ from, to }: Span, reverse: boolean): { start: Key; end: Key; reverse: boolean; exclusiveStart: boolean } {
  return reverse ? { start: to, end: from, reverse, exclusiveStart: true } : { start: from, end: to, reverse, exclusiveStart: true }
}

/** Two ordered streams as one. They share no place: a document is either live or deleted. */
function* merge(left: Generator<Entry>, right: Generator<Entry>, reverse: boolean): Generator<Entry> {
  const sides = [left, right]
  try {
    const heads = sides.map((side) => side.next().value as Entry | undefined)
    for (;;) {
      const next = nextSide(heads, reverse)
      const entry = heads[next]
      if (entry === undefined) return
      yield entry
      heads[next] = sides[next]?.next().value as Entry | undefined
    }
  } finally {
    for (const side of sides) side.return(undefined)
  }
}

function nextSide([a, b]: readonly (Entry | undefined)[], reverse: boolean): 0 | 1 {
  if (a === undefined) return 1
  if (b === undefined) return 0
  return comparePlaces(a.place, b.place) < 0 === !reverse ? 0 : 1
}

function comparePlaces(a: Place, b: Place): number {
  return compareText(a.collection, b.collection) || compareText(a.id, b.id)
}

interface PastList {
  readonly span: Span
  readonly range: Range
  readonly at: Revision
}

function* listAt(tables: Tables, tenant: TenantRow, { span, range, at }: PastList): Generator<Sized<Version>> {
  for (const place of placesIn(tables, span, range.reverse ?? false)) {
    const found = findVersion(tables, place, at)
    if (found === null) continue
    const version = readVersion(tables, tenant, place, found)
    if (version.type !== 'DELETE' || range.deleted === true) yield [() => version, found.row[2]]
  }
}

/** The documents that ever had a version, by skipping from one to the next: a seek each, however long their histories. */
function* placesIn(tables: Tables, span: Span, reverse: boolean): Generator<Place> {
  let { from, to } = span
  for (;;) {
    const [key] = tables.versions.getKeys({ ...bounds({ from, to }, reverse), limit: 1 })
    if (key === undefined) return
    const place = placeIn(key)
    yield place
    if (reverse) to = documentKey(place)
    else from = afterDocument(place)
  }
}

/** Names of the collections right below a document in which something had a version at `at`. */
export function readCollections(tables: Tables, tenant: TenantRow, document: Path, at: Revision): readonly string[] {
  const names: string[] = []
  const { to } = nestedSpan(tenant.number, document)
  let { from } = nestedSpan(tenant.number, document)
  for (;;) {
    const [key] = tables.versions.getKeys({ start: from, end: to, limit: 1 })
    if (key === undefined) return names
    const segments = placeIn(key).collection.split('/')
    const child = segments.slice(0, document.length + 1)
    const isDirect = segments.length === child.length
    const span = isDirect ? collectionSpan(tenant.number, child) : nestedSpan(tenant.number, child)
    if (isDirect && hadDocument(tables, span, at, tenant)) names.push(...child.slice(-1))
    from = span.to
  }
}

function hadDocument(tables: Tables, span: Span, at: Revision, tenant: TenantRow): boolean {
  if (at >= tenant.last) return true
  for (const place of placesIn(tables, span, false)) if (findVersion(tables, place, at) !== null) return true
  return false
}
