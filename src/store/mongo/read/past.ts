import type { Filter } from 'mongodb'
import { historyExpired } from '../../../core/cursor.ts'
import { mayTouch, type FieldPath } from '../../../core/json/field.ts'
import { pathText, type Path } from '../../../core/path.ts'
import type { Millis, Revision, Version } from '../../../core/version.ts'
import { erasedCommit, isErased, type Purges } from '../../erasure.ts'
import {
  SKIPS,
  type HistoryPage,
  type HistoryRange,
  type Limit,
  type ListPage,
  type Page,
  type Range,
  type VersionNumber,
} from '../../store.ts'
import { logKey, logRowBytes, rowBytes, toLogEntry, versionRowKey, versionOf, type LogRow } from '../rows.ts'
import type { MongoRange } from './head-rows.ts'
import {
  latestOf,
  purgesOf,
  toRowPage,
  readChunk,
  type RowCandidate,
  type HeadSnapshot,
  type MongoReader,
} from './latest.ts'
import { scanRows } from './scan.ts'
import { byKey, readUpTo } from '../tables.ts'

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

type RowOp = LogRow['ops'][number]

/** Versions in a log row; of purged ones the marks, by the whole commit, which may have lost its key. */
function versionsIn(reader: MongoReader, row: LogRow, isWanted: (op: RowOp) => boolean): readonly Version[] {
  const purges = purgesOf(reader)
  const wanted = row.ops.filter(isWanted)
  const isMarked = wanted.some(({ p }) => isErased(purges, p.split('/'), Number(row.n)))
  if (!isMarked) return wanted.map((op) => versionOf(row, op))
  const { versions } = erasedCommit(toLogEntry(row).commit, purges)
  return row.ops.flatMap((op, i) => (isWanted(op) ? (versions[i] ?? []) : []))
}

/** The version of a document at a revision, given its latest version. */
async function versionAt(
  reader: MongoReader,
  latest: Version | null,
  { at, pathsOnly = false }: { readonly at: Revision; readonly pathsOnly?: boolean | undefined },
): Promise<Version | null> {
  if (latest === null || latest.revision <= at) return latest
  const { tables, overlay } = reader
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
  return versionsIn(reader, whole, ({ p }) => p === text)[0] ?? null
}

/**
 * Whether a document without a version at a revision may have had one, which `thin` removed; false for a purged one, of
 * which it would be a mark.
 */
async function isLost(reader: MongoReader, path: Path, at: Revision): Promise<boolean> {
  const { tables, overlay } = reader
  if (at >= overlay.floor) return false
  const text = pathText(path)
  const projection = { n: 1, 'ops.p': 1, 'ops.v': 1, 'ops.pu': 1 } as const
  const options = { sort: { n: 1 }, projection, maxTimeMS: tables.readMs } as const
  const row = await tables.call(tables.log.findOne({ t: overlay.scope, 'ops.p': text }, options))
  const oldest = row?.ops.find(({ p }) => p === text)
  return row !== null && oldest !== undefined && oldest.v > 1 && !isMarkAt(purgesOf(reader), oldest, Number(row.n))
}

function isMarkAt(purges: Purges, { p, pu }: Pick<RowOp, 'p' | 'pu'>, n: Revision): boolean {
  return pu === true || isErased(purges, p.split('/'), n)
}

/** The versions of documents as of a revision; the latest when `at` is not below the last revision. */
export async function headsAt(reader: MongoReader, paths: readonly Path[], at: Revision): Promise<HeadSnapshot> {
  const latest = await latestOf(reader, paths)
  if (latest.revision <= at) return latest
  const rows = await mapConcurrent(latest.rows, async (newest) => {
    const version = await versionAt(reader, newest, { at })
    if (version === null && newest !== null && (await isLost(reader, newest.path, at))) {
      throw historyExpired(reader.overlay)
    }
    return version
  })
  return { revision: at, rows }
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
    const shown = chunk.rows.filter(({ version }) => isListed(version, range))
    const page = toRowPage(shown, limit, reverse)
    // Recent tombstones may leave too few rows: then twice as many are read, all anew, as a page is of one revision.
    if (page.more || chunk.complete) return { ...page, revision: chunk.revision }
  }
}

function isListed({ type, purged }: Version, { deleted }: Range): boolean {
  return purged !== true && (type !== 'DELETE' || deleted === true)
}

/**
 * A page as of a past revision: of all documents with a head, the version at `at`. Ends early when too many had none
 * (L10).
 */
async function listPast(reader: MongoReader, range: MongoRange, at: Revision): Promise<ListPage> {
  const { limit, reverse = false, skips = SKIPS, pathsOnly } = range
  const shown: RowCandidate[] = []
  /** Documents of which the version is gone: a page with one of them cannot be given. */
  const lost = new Set<Version>()
  let skipped = 0
  let remaining: MongoRange = { ...range, deleted: true }
  for (;;) {
    const chunk = await readChunk(reader, remaining)
    const versions = await mapConcurrent(chunk.rows, async ({ version: newest }) => {
      const version = await versionAt(reader, newest, { at, pathsOnly })
      if (version !== null || !(await isLost(reader, newest.path, at))) return version
      lost.add(newest)
      return newest
    })
    for (const [i, version] of versions.entries()) {
      if (version === null || (!lost.has(version) && !isListed(version, range))) {
        skipped++
        continue
      }
      shown.push({ key: chunk.rows[i]?.key ?? '', version, bytes: rowBytes(JSON.stringify(version.value)) })
    }
    const page = toRowPage(shown, limit, reverse)
    if (page.rows.some((version) => lost.has(version))) throw historyExpired(reader.overlay)
    if (page.more || chunk.complete) return { ...page, revision: at }
    const last = chunk.rows.at(-1)?.version.path
    if (skipped >= skips) return { rows: page.rows, more: true, next: last, revision: at }
    remaining = reverse ? { ...remaining, before: last } : { ...remaining, after: last }
  }
}

/** Versions of one document. */
export async function findHistory(reader: MongoReader, path: Path, range: HistoryRange): Promise<HistoryPage> {
  const { after = 0, before = Number.MAX_SAFE_INTEGER, touching, actor, reverse, limit } = range
  const text = pathText(path)
  const filter: Filter<LogRow> = { t: reader.overlay.scope, 'ops.p': text, n: { $gt: after, $lt: before } }
  const query: VersionQuery = { filter, sort: { n: reverse === true ? -1 : 1 }, text, limit }
  if (touching === undefined && actor === undefined) return versionsOfRows(reader, query)
  return scanVersions(reader, { ...query, touching, actor, skips: range.skips })
}

interface VersionQuery {
  readonly filter: Filter<LogRow>
  readonly sort: { readonly n: 1 | -1 }
  /** The document's path. */
  readonly text: string
  readonly limit: Limit
}

async function versionsOfRows(reader: MongoReader, { filter, sort, text, limit }: VersionQuery): Promise<HistoryPage> {
  const { tables } = reader
  const cursor = tables.log.find(filter, { sort, maxTimeMS: tables.readMs })
  const bytesOf = (row: LogRow): number =>
    row.ops.reduce((sum, { p, val }) => (p === text ? sum + rowBytes(val) : sum), 0)
  const { rows, more } = await tables.call(readUpTo(cursor, limit, bytesOf))
  const versions = rows.flatMap((row) => versionsIn(reader, row, ({ p }) => p === text))
  return {
    rows: sort.n === -1 ? versions.toReversed() : versions,
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
    reverse: sort.n === -1,
    limit: { rows: limit.rows, bytes: Infinity },
    skips,
    projection: { n: 1, by: 1, 'ops.p': 1, 'ops.f': 1 },
    isSelected: ({ n, by, ops }) =>
      (actor === undefined || by === actor) &&
      (touching === undefined ||
        isErased(purgesOf(reader), text.split('/'), Number(n)) ||
        ops.some(({ p, f }) => p === text && mayTouch(f, touching))),
    bytesOf: () => 0,
  })
  const keys = scanned.rows.map(({ n }) => logKey(overlay.scope, Number(n)))
  const filter = byKey(tables, overlay.scope, keys)
  const page = keys.length === 0 ? NO_VERSIONS : await versionsOfRows(reader, { ...query, filter })
  if (page.more) return page
  return { rows: page.rows, more: scanned.next !== undefined, next: scanned.next }
}

const NO_VERSIONS: HistoryPage = { rows: [], more: false }

/**
 * Versions by their numbers, in one query. Limited by the bytes of the commits, but all that one reply of the server
 * has is used: at most 16 MiB.
 */
export async function findVersions(
  reader: MongoReader,
  numbers: readonly VersionNumber[],
  bytes: number,
): Promise<Page> {
  const { tables, overlay } = reader
  const keys = numbers.map(({ path, version }) => versionRowKey(path, version))
  const wanted = new Set(keys)
  const found = new Map<string, Version>()
  const filter: Filter<LogRow> = { t: overlay.scope, 'ops.k': { $in: [...wanted] } }
  const cursor = tables.log.find(filter, { maxTimeMS: tables.readMs }).batchSize(keys.length + 1)
  const read = async (): Promise<boolean> => {
    let taken = 0
    for await (const row of cursor) {
      for (const version of versionsIn(reader, row, ({ k }) => wanted.has(k))) {
        found.set(versionRowKey(version.path, version.version), version)
      }
      taken += logRowBytes(row)
      if (taken > bytes && found.size < wanted.size && cursor.bufferedCount() === 0) return true
    }
    return false
  }
  const more = keys.length > 0 && (await tables.call(read()))
  return { rows: keys.flatMap((key) => found.get(key) ?? []), more }
}

/**
 * Reads versions beside a refresh, which may bring a purge that came before they were read: then they are read again,
 * for from a purge on all reads give marks.
 */
export async function readMarked<P extends Page>(reader: MongoReader, read: () => Promise<P>): Promise<P> {
  const { tenants, overlay } = reader
  const [page] = await Promise.all([read(), tenants.refresh(overlay)])
  const purges = purgesOf(reader)
  const hasContent = ({ purged, path, revision }: Version): boolean =>
    purged !== true && isErased(purges, path, revision)
  return page.rows.some(hasContent) ? read() : page
}

/** The last revision at or before a time. */
export async function findRevisionAt({ tables, overlay }: MongoReader, time: Millis): Promise<Revision> {
  const filter: Filter<LogRow> = { t: overlay.scope, ts: { $lte: new Date(Math.min(time, 8.64e15)) } }
  const row = await tables.call(
    tables.log.findOne(filter, { sort: { ts: -1, n: -1 }, projection: { n: 1 }, maxTimeMS: tables.readMs }),
  )
  return row === null ? 0 : Number(row.n)
}
