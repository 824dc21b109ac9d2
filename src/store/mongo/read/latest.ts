import { compareText, isWithin, pathText, type Path } from '../../../core/path.ts'
import type { Millis, Revision, Version } from '../../../core/version.ts'
import type { Purges } from '../../erasure.ts'
import { takeWithin } from '../../page.ts'
import type { Limit, ListPage, Range, Snapshot } from '../../store.ts'
import { isWithinLevels } from '../../levels.ts'
import { isMissingIndex } from '../failure.ts'
import { headKey, pathOfHead, rowBytes, versionOfHead, type HeadRow } from '../rows.ts'
import { byKey, type MongoTables } from '../tables.ts'
import type { HeadOverlay } from './head-overlay.ts'
import { headKeysOf, readHeads, type CoveredRows, type MongoRange } from './head-rows.ts'
import type { Tenants } from './tenants.ts'

/** Dependencies of one call of the port about one tenant. */
export interface MongoReader {
  readonly tables: MongoTables
  readonly tenants: Tenants
  readonly overlay: HeadOverlay
  /** When a read that waits for the log is UNAVAILABLE (monotonic clock). */
  readonly deadline: Millis
  /** The purges that were not erased in the log when the call began. */
  readonly purgesAtStart: Purges
}

/**
 * The purges whose erased versions a row of the log may still contain that the call has read. The overlay forgets a
 * purge once it is erased in the log; the row may have been read before that.
 */
export function purgesOf({ overlay: { purges }, purgesAtStart }: MongoReader): Purges {
  return purges === purgesAtStart ? purges : new Map([...purgesAtStart, ...purges])
}

/** Versions in the order of the requested paths, all of one revision. */
export type HeadSnapshot = Snapshot<readonly (Version | null)[]>

/** Most heads in one query. */
const MAX_KEYS = 500

async function headRows({ tables, overlay }: MongoReader, keys: readonly string[]): Promise<readonly HeadRow[]> {
  const rows: HeadRow[] = []
  for (let i = 0; i < keys.length; i += MAX_KEYS) {
    const filter = byKey(tables, overlay.scope, keys.slice(i, i + MAX_KEYS))
    rows.push(...(await tables.call(tables.heads.find(filter, { maxTimeMS: tables.readMs }).toArray())))
  }
  return rows
}

/** The newest revision of rows of heads; 0 without rows. */
function newestRevision(rows: readonly Pick<HeadRow, 'n'>[]): Revision {
  return rows.reduce((newest, { n }) => Math.max(newest, Number(n)), 0)
}

/** The version of the later revision. */
function newer(a: Version | undefined, b: Version | undefined): Version | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return a.revision > b.revision ? a : b
}

/**
 * The newest versions of documents, at the overlay's last revision.
 *
 * Rows of heads may be behind the log, or ahead of the overlay. Behind: the overlay has the missing commits, unless it
 * evicted some since the rows were read; then all is read again. Ahead: the overlay is refreshed until it has their
 * commits, so that the result is of one revision (L0).
 */
export async function latestOf(reader: MongoReader, paths: readonly Path[]): Promise<HeadSnapshot> {
  const { tenants, overlay, deadline } = reader
  const keys = paths.map((path) => headKey(overlay.scope, path))
  const applied = overlay.applied
  const [rows] = await Promise.all([headRows(reader, [...new Set(keys)]), tenants.refresh(overlay)])
  await tenants.reach(overlay, newestRevision(rows), deadline)
  if (overlay.base > applied) return latestOf(reader, paths)
  const heads = new Map(rows.map((row) => [row._id, versionOfHead(row)]))
  const newest = paths.map((path, i) => newer(heads.get(keys[i] ?? ''), overlay.newest(pathText(path))) ?? null)
  for (const [i, path] of paths.entries()) overlay.cacheVersion(pathText(path), newest[i]?.version ?? 0)
  return { revision: overlay.last, rows: newest }
}

/** A version with its key and size. */
export interface RowCandidate {
  readonly key: string
  readonly bytes: number
  readonly version: Version
}

/** The first documents of a range, in its order; with `complete`, all of them. */
interface RowChunk {
  readonly revision: Revision
  readonly rows: readonly RowCandidate[]
  readonly complete: boolean
}

const inKeyOrder =
  (reverse: boolean) =>
  (a: { readonly key: string }, b: { readonly key: string }): number =>
    reverse ? compareText(b.key, a.key) : compareText(a.key, b.key)

/** Versions in a range that were written after `after`. */
function overlayRows(overlay: HeadOverlay, range: Range, after: Revision): readonly RowCandidate[] {
  const ranges = headKeysOf(overlay.scope, range)
  const isIn = (key: string): boolean =>
    ranges.some(({ from, to }) => compareText(key, from) >= 0 && compareText(key, to) < 0)
  const rows: RowCandidate[] = []
  for (const version of overlay.newestAfter(after)) {
    if (!isWithin(version.path, range.path) || !isWithinLevels(version.path, range)) continue
    const key = headKey(overlay.scope, version.path)
    if (isIn(key)) rows.push({ key, version, bytes: rowBytes(JSON.stringify(version.value)) })
  }
  return rows
}

/** Reads heads by their index, which is made again where the database was emptied meanwhile. */
async function readIndexedHeads(reader: MongoReader, range: MongoRange): Promise<CoveredRows> {
  const { tables } = reader
  try {
    return await tables.call(readHeads(reader, range))
  } catch (error) {
    if (!isMissingIndex(error)) throw error
    await tables.makeIndexes()
    return tables.call(readHeads(reader, range))
  }
}

/** A delete or a purge of a tree is decided on the versions of its rows: its append then need not read them again. */
function cacheVersions(overlay: HeadOverlay, rows: readonly HeadRow[]): void {
  for (const { _id, v } of rows) {
    const text = pathText(pathOfHead(overlay.scope, _id))
    if ((overlay.versionOf(text) ?? 0) < v) overlay.cacheVersion(text, v)
  }
}

/**
 * The newest versions of documents of a range, in its order, at one revision: about as many as its limit. Without
 * `deleted`, documents that the heads mark as deleted are left out, as are purged ones in any case; later tombstones
 * and marks are included.
 */
export async function readChunk(reader: MongoReader, range: MongoRange): Promise<RowChunk> {
  const { tenants, overlay, deadline } = reader
  const applied = overlay.applied
  const { rows, complete } = await readIndexedHeads(reader, range)
  // After the heads were read: the overlay then has all commits that they contain, deletions too.
  await tenants.refresh(overlay)
  await tenants.reach(overlay, newestRevision(rows), deadline)
  if (overlay.base > applied) return readChunk(reader, range)
  if (range.kind === 'below') cacheVersions(overlay, rows)
  const order = inKeyOrder(range.reverse === true)
  const end = complete ? undefined : rows.at(-1)?._id
  // As far as the head rows reach.
  const covers = (key: string): boolean => end === undefined || order({ key }, { key: end }) <= 0
  const merged = new Map<string, RowCandidate>()
  for (const row of rows) merged.set(row._id, { key: row._id, version: versionOfHead(row), bytes: rowBytes(row.val) })
  for (const row of overlayRows(overlay, range, applied)) {
    if (covers(row.key) && row.version.revision > (merged.get(row.key)?.version.revision ?? 0)) merged.set(row.key, row)
  }
  return { revision: overlay.last, rows: [...merged.values()].toSorted(order), complete }
}

/** The page of the first rows that a limit allows, in key order. */
export function toRowPage(rows: readonly RowCandidate[], limit: Limit, reverse: boolean): Omit<ListPage, 'revision'> {
  const { rows: taken, more } = takeWithin(rows, limit, ({ bytes }) => bytes)
  const page = taken.map(({ version }) => version)
  return { rows: reverse ? page.toReversed() : page, more, next: more ? page.at(-1)?.path : undefined }
}
