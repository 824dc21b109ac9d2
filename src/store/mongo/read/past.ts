import type { Filter } from 'mongodb'
import { mayTouch, type FieldPath } from '../../../core/json/field.ts'
import { compareText, isWithin, lastOf, parentOf, pathText, type Path } from '../../../core/path.ts'
import type { Millis, Revision, Version } from '../../../core/version.ts'
import { SKIPS, type HistoryPage, type HistoryRange, type Limit, type ListPage } from '../../store.ts'
import {
  belowKeys,
  collectionInKey,
  collectionKeys,
  logKey,
  rowBytes,
  versionRowKey,
  versionOf,
  type LogRow,
} from '../rows.ts'
import type { MongoRange } from './head-rows.ts'
import { latestOf, toRowPage, readChunk, type RowCandidate, type HeadSnapshot, type MongoReader } from './latest.ts'
import { scanRows } from './scan.ts'
import { byKey, readUpTo, type MongoTables } from '../tables.ts'

/** Most concurrent queries for older versions. */
const PARALLEL = 16

/** Maps in order, PARALLEL items at a time. */
export async function mapConcurrent<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (let i = 0; i < items.length; i += PARALLEL) {
    results.push(...(await Promise.all(items.slice(i, i + PARALLEL).map(run))))
  }
  return results
}

function versionsIn(row: LogRow, text: string): readonly Version[] {
  return row.ops.filter(({ p }) => p === text).map((op) => versionOf(row, op))
}

/** The version of a document at a revision, given its latest version. */
async function versionAt(
  { tables, overlay }: MongoReader,
  latest: Version | null,
  { at, pathsOnly = false }: { readonly at: Revision; readonly pathsOnly?: boolean | undefined },
): Promise<Version | null> {
  if (latest === null || latest.revision <= at) return latest
  const text = pathText(latest.path)
  const filter = { t: overlay.scope, 'ops.p': text, n: { $lte: at } }
  const options = {
    sort: { n: -1 },
    maxTimeMS: tables.readMs,
    ...(pathsOnly && { projection: { 'ops.val': 0 } }),
  } as const
  const row = await tables.call(tables.log.findOne(filter, options))
  if (row === null) return null
  const whole = pathsOnly ? { ...row, ops: row.ops.map((op) => ({ ...op, val: 'null' })) } : row
  return versionsIn(whole, text)[0] ?? null
}

/** The versions of documents as of a revision; the latest when `at` is not below the last revision. */
export async function headsAt(reader: MongoReader, paths: readonly Path[], at: Revision): Promise<HeadSnapshot> {
  const latest = await latestOf(reader, paths)
  if (latest.revision <= at) return latest
  return { revision: at, rows: await mapConcurrent(latest.rows, (version) => versionAt(reader, version, { at })) }
}

/** A page as of a revision; of the latest state when `at` is not below the last revision. */
export async function listAt(reader: MongoReader, range: MongoRange, at: Revision): Promise<ListPage> {
  if (at >= reader.overlay.last) {
    const latest = await listLatest(reader, range)
    if (latest.revision <= at) return latest
  }
  return listPast(reader, range, at)
}

/** A page of the latest state. */
async function listLatest(reader: MongoReader, range: MongoRange): Promise<ListPage> {
  const { limit, reverse = false } = range
  for (let rows = limit.rows; ; rows *= 2) {
    const chunk = await readChunk(reader, {
      ...range,
      limit: { rows, bytes: limit.bytes * (rows / limit.rows) },
    })
    const shown = chunk.rows.filter(({ version }) => range.deleted === true || version.type !== 'DELETE')
    const page = toRowPage(shown, limit, reverse)
    // Recent tombstones may leave too few rows: then twice as many are read, all anew, as a page is of one revision.
    if (page.more || chunk.complete) return { ...page, revision: chunk.revision }
  }
}

/**
 * A page as of a past revision: of all documents with a head, the version at `at`. Ends early when too many had none
 * (L10).
 */
async function listPast(reader: MongoReader, range: MongoRange, at: Revision): Promise<ListPage> {
  const { limit, reverse = false, skips = SKIPS, pathsOnly } = range
  const shown: RowCandidate[] = []
  let skipped = 0
  let remaining: MongoRange = { ...range, deleted: true }
  for (;;) {
    const chunk = await readChunk(reader, remaining)
    const versions = await mapConcurrent(chunk.rows, ({ version }) => versionAt(reader, version, { at, pathsOnly }))
    for (const [i, version] of versions.entries()) {
      if (version === null || (version.type === 'DELETE' && range.deleted !== true)) {
        skipped++
        continue
      }
      shown.push({ key: chunk.rows[i]?.key ?? '', version, bytes: rowBytes(JSON.stringify(version.value)) })
    }
    const page = toRowPage(shown, limit, reverse)
    if (page.more || chunk.complete) return { ...page, revision: at }
    const last = chunk.rows.at(-1)?.version.path
    if (skipped >= skips) return { rows: page.rows, more: true, next: last, revision: at }
    remaining = reverse ? { ...remaining, before: last } : { ...remaining, after: last }
  }
}

/** Versions of one document. */
export async function findHistory(reader: MongoReader, path: Path, range: HistoryRange): Promise<HistoryPage> {
  const { after = 0, before = Number.MAX_SAFE_INTEGER, version, touching, actor, reverse, limit } = range
  const text = pathText(path)
  const { scope } = reader.overlay
  if (version !== undefined) {
    return versionsOfRows(reader, { filter: { t: scope, 'ops.k': versionRowKey(path, version) }, text, limit })
  }
  const filter: Filter<LogRow> = { t: scope, 'ops.p': text, n: { $gt: after, $lt: before } }
  const query: VersionQuery = { filter, sort: { n: reverse === true ? -1 : 1 }, text, limit }
  if (touching === undefined && actor === undefined) return versionsOfRows(reader, query)
  return scanVersions(reader, { ...query, touching, actor, skips: range.skips })
}

interface VersionQuery {
  readonly filter: Filter<LogRow>
  readonly sort?: { readonly n: 1 | -1 } | undefined
  /** The document's path. */
  readonly text: string
  readonly limit: Limit
}

async function versionsOfRows(
  { tables }: MongoReader,
  { filter, sort, text, limit }: VersionQuery,
): Promise<HistoryPage> {
  const cursor = tables.log.find(filter, { sort: sort ?? {}, maxTimeMS: tables.readMs })
  const bytesOf = (row: LogRow): number =>
    row.ops.reduce((sum, { p, val }) => (p === text ? sum + rowBytes(val) : sum), 0)
  const { rows, more } = await tables.call(readUpTo(cursor, limit, bytesOf))
  const versions = rows.flatMap((row) => versionsIn(row, text))
  return {
    rows: sort?.n === -1 ? versions.toReversed() : versions,
    more,
    next: more ? versions.at(-1)?.revision : undefined,
  }
}

interface SelectedVersions extends VersionQuery {
  readonly touching: FieldPath | undefined
  readonly actor: string | undefined
  readonly skips: number | undefined
}

/**
 * Versions that may have changed a field, or of one actor: first reads only the written fields, then the values of the
 * selected versions.
 */
async function scanVersions(
  reader: MongoReader,
  { touching, actor, skips, ...query }: SelectedVersions,
): Promise<HistoryPage> {
  const { tables, overlay } = reader
  const { limit, text, sort } = query
  const scanned = await scanRows(tables, {
    filter: query.filter,
    reverse: sort?.n === -1,
    limit: { rows: limit.rows, bytes: Infinity },
    skips,
    projection: { n: 1, by: 1, 'ops.p': 1, 'ops.f': 1 },
    isSelected: ({ by, ops }) =>
      (actor === undefined || by === actor) &&
      (touching === undefined || ops.some(({ p, f }) => p === text && mayTouch(f, touching))),
    bytesOf: () => 0,
  })
  const keys = scanned.rows.map(({ n }) => logKey(overlay.scope, Number(n)))
  const filter = byKey(tables, overlay.scope, keys)
  const page = keys.length === 0 ? NO_VERSIONS : await versionsOfRows(reader, { ...query, filter })
  if (page.more) return page
  return { rows: page.rows, more: scanned.next !== undefined, next: scanned.next }
}

const NO_VERSIONS: HistoryPage = { rows: [], more: false }

/** The last revision at or before a time. */
export async function findRevisionAt({ tables, overlay }: MongoReader, time: Millis): Promise<Revision> {
  const filter: Filter<LogRow> = { t: overlay.scope, ts: { $lte: new Date(Math.min(time, 8.64e15)) } }
  const row = await tables.call(
    tables.log.findOne(filter, { sort: { ts: -1, n: -1 }, projection: { n: 1 }, maxTimeMS: tables.readMs }),
  )
  return row === null ? 0 : Number(row.n)
}

/**
 * Whether a matching commit wrote a path for which `matches` holds: a filter alone may match too much, as in below.ts.
 */
async function anyRow(tables: MongoTables, filter: Filter<LogRow>, matches: (path: Path) => boolean): Promise<boolean> {
  const search = async (): Promise<boolean> => {
    for await (const row of tables.log.find(filter, { projection: { 'ops.p': 1 }, maxTimeMS: tables.readMs })) {
      if (row.ops.some(({ p }) => matches(p.split('/')))) return true
    }
    return false
  }
  return tables.call(search())
}

interface RevisionSpan {
  readonly since: Revision
  readonly upTo: Revision
}

/** Whether a commit in (since, upTo] wrote at or below a path. */
export async function wroteBelow(
  { tables, overlay }: MongoReader,
  below: Path,
  { since, upTo }: RevisionSpan,
): Promise<boolean> {
  const { from, to } = belowKeys(pathText(below))
  const paths = below.length === 0 ? {} : { $or: [{ 'ops.p': pathText(below) }, { 'ops.p': { $gte: from, $lt: to } }] }
  const filter: Filter<LogRow> = { t: overlay.scope, n: { $gt: since, $lte: upTo }, ...paths }
  return anyRow(tables, filter, (path) => isWithin(path, below))
}

/** Names of the collections directly below a document, from the heads: one seek per collection and per nested one. */
async function namesInHeads({ tables, overlay }: MongoReader, document: Path): Promise<readonly string[]> {
  const above = document.length === 0 ? overlay.scope : `${overlay.scope}/${pathText(document)}`
  const { from: prefix, to: end } = belowKeys(above)
  const names: string[] = []
  for (let from = prefix; ;) {
    const filter = { t: overlay.scope, _id: { $gte: from, $lt: end } }
    const row = await tables.call(
      tables.heads.findOne(filter, { sort: { _id: 1 }, projection: { _id: 1 }, maxTimeMS: tables.readMs }),
    )
    if (row === null) return names
    const { name, direct } = collectionInKey(prefix, row._id)
    if (direct) names.push(name)
    from = direct ? collectionKeys(overlay.scope, pathText([...document, name])).to : belowKeys(prefix + name).to
  }
}

/** Whether a document of a collection had a version at a revision. */
async function existedAt({ tables, overlay }: MongoReader, collection: Path, at: Revision): Promise<boolean> {
  const { from, to } = belowKeys(pathText(collection))
  const filter: Filter<LogRow> = { t: overlay.scope, 'ops.p': { $gte: from, $lt: to }, n: { $lte: at } }
  return anyRow(tables, filter, (path) => path.length === collection.length + 1 && isWithin(path, collection))
}

/** Names, in order, of the collections directly below a document in which a document had a version at a revision. */
export async function collectionNames(reader: MongoReader, document: Path, at: Revision): Promise<readonly string[]> {
  const { overlay } = reader
  const names = new Set<string>()
  for (const { path } of overlay.newestAfter(overlay.applied)) {
    if (path.length === document.length + 2 && isWithin(path, document)) names.add(lastOf(parentOf(path)))
  }
  for (const name of await namesInHeads(reader, document)) names.add(name)
  const sorted = [...names].toSorted(compareText)
  if (at >= overlay.last) return sorted
  const existed = await mapConcurrent(sorted, (name) => existedAt(reader, [...document, name], at))
  return sorted.filter((_, i) => existed[i])
}
