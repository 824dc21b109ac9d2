import type { Collection, Filter, FindCursor, MongoClient, Sort, UpdateFilter } from 'mongodb'
import type { Revision } from '../../core/version.ts'
import { PageCounter, takeWithin, type TakenRows } from '../page.ts'
import type { Limit, TenantId } from '../store.ts'
import { isDuplicate } from './failure.ts'
import type { HeadOverlay } from './read/head-overlay.ts'
import { toLogEntry, logKey, type LogEntry, type HeadRow, type LogRow, type MetaRow } from './rows.ts'

/** The collections of a database, each with the concerns that the laws need, which override the connection string. */
export interface MongoCollections {
  /** Immutable rows; reads and acknowledged writes are on a majority. */
  readonly log: Collection<LogRow>
  /** A projection of the log: local reads and writes; the janitor repairs it. */
  readonly heads: Collection<HeadRow>
  readonly meta: Collection<MetaRow>
}

/**
 * The collections and how to use them. Read the properties anew for each command: the client behind them may be
 * replaced.
 */
export interface MongoTables extends MongoCollections {
  /** Timeout of one read on the server, ms. */
  readonly readMs: number
  /**
   * Whether point reads need the scope too, to find the shard. Otherwise they use `_id` alone, as FerretDB requires.
   */
  readonly sharded: boolean
  /**
   * Awaits a command; every command must go through it. Rejects with UNAVAILABLE when the driver has lost the command.
   */
  call<T>(command: Promise<T>): Promise<T>
  /** Names the primary: another one after each election that the driver reports. */
  readonly primary: string
  /**
   * Resolves when majority reads on the primary show all that was acknowledged before: at once, but for one round trip
   * after an election. Rejects as `call`.
   */
  confirmPrimary(): Promise<void>
  /**
   * Updates the row of a tenant, after the earlier updates of this process: FerretDB 1 may lose one of two concurrent
   * updates of a document.
   */
  updateMeta(tenant: TenantSelector, update: UpdateFilter<MetaRow>): Promise<void>
}

/** Selects the row of a tenant, only while it is in the epoch, if one is given. */
export interface TenantSelector {
  readonly _id: TenantId
  readonly epoch?: string
}

/** The collections of a database. A write that reaches no majority within `waitMs` fails. */
export function mongoCollections(client: MongoClient, database: string | undefined, waitMs: number): MongoCollections {
  const db = client.db(database)
  const writeConcern = { w: 'majority', wtimeoutMS: waitMs } as const
  const majority = { readConcern: { level: 'majority' }, writeConcern, readPreference: 'primary' } as const
  return {
    log: db.collection<LogRow>('log', majority),
    heads: db.collection<HeadRow>('heads', {
      readConcern: { level: 'local' },
      writeConcern: { w: 1 },
      readPreference: 'primary',
    }),
    meta: db.collection<MetaRow>('meta', majority),
  }
}

/**
 * The index of live heads in key order: a page of a collection scans only the rows it returns, however many were
 * deleted.
 */
export const LIVE_HEADS = { t: 1, live: 1, _id: 1 } as const

/** Creates missing indexes, one command each: FerretDB 1 fails on several that exist. */
export async function createIndexes({ log, heads }: MongoCollections): Promise<void> {
  await log.createIndex({ t: 1, cid: 1 }, { unique: true })
  await log.createIndex({ t: 1, 'ops.p': 1, n: -1 })
  await log.createIndex({ t: 1, 'ops.k': 1 })
  await log.createIndex({ t: 1, ts: 1, n: 1 })
  await log.createIndex({ t: 1, by: 1, n: 1 })
  await log.createIndex({ t: 1, c: 1, n: 1 })
  await heads.createIndex(LIVE_HEADS)
}

/** The `meta` row of a tenant; created with a fresh epoch when there is none. */
export async function metaOf(tables: MongoTables, tenant: TenantId, freshEpoch: () => string): Promise<MetaRow> {
  const known = await tables.call(tables.meta.findOne({ _id: tenant }, { maxTimeMS: tables.readMs }))
  if (known !== null) return known
  const fresh: MetaRow = { _id: tenant, epoch: freshEpoch(), applied: 0, floor: 0, dead: [] }
  try {
    await tables.call(tables.meta.insertOne(fresh))
    return fresh
  } catch (error) {
    if (isDuplicate(error)) return metaOf(tables, tenant, freshEpoch)
    throw error
  }
}

/** Reads a cursor, in one round trip, until a bound is reached: at least one row if there is one. */
export async function readUpTo<Row>(
  cursor: FindCursor<Row>,
  limit: Limit,
  bytesOf: (row: Row) => number,
): Promise<TakenRows<Row>> {
  const rows: Row[] = []
  const counter = new PageCounter(limit)
  for await (const row of cursor.limit(limit.rows + 1).batchSize(limit.rows + 1)) {
    if (!counter.take(bytesOf(row))) return { rows, more: true }
    rows.push(row)
  }
  return { rows, more: false }
}

/** A query of the log. */
interface LogQuery {
  readonly filter: Filter<LogRow>
  readonly sort: Sort
  readonly limit: Limit
}

/** Commits that match a query. */
export async function findCommits(
  tables: MongoTables,
  { filter, sort, limit }: LogQuery,
): Promise<TakenRows<LogEntry>> {
  const cursor = tables.log.find(filter, { sort, maxTimeMS: tables.readMs }).map(toLogEntry)
  return tables.call(readUpTo(cursor, limit, ({ bytes }) => bytes))
}

/** Commits by their ids; those that do not exist are missing in the map. */
export async function findByIds(
  tables: MongoTables,
  scope: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, LogEntry>> {
  if (ids.length === 0) return new Map()
  const filter = { t: scope, cid: oneOf(ids) }
  const { rows } = await findCommits(tables, { filter, sort: {}, limit: { rows: ids.length, bytes: Infinity } })
  return new Map(rows.map((entry) => [entry.commit.id, entry]))
}

/** The commits of a scope in (after, before), from the oldest, or in `reverse` from the newest. */
export interface LogSection {
  readonly after: Revision
  readonly before: Revision
  readonly reverse?: boolean | undefined
  readonly limit: Limit
}

/** Commits of a section of the log, newest first in `reverse`. */
export function readSection(
  tables: MongoTables,
  scope: string,
  { after, before, reverse, limit }: LogSection,
): Promise<TakenRows<LogEntry>> {
  const filter: Filter<LogRow> = { t: scope, _id: { $gt: logKey(scope, after), $lt: logKey(scope, before) } }
  return findCommits(tables, { filter, sort: { _id: reverse === true ? -1 : 1 }, limit })
}

/** As `readSection`, from memory; null when the section begins before the overlay. */
export function readOverlay(
  overlay: HeadOverlay,
  { after, before, reverse, limit }: LogSection,
): TakenRows<LogEntry> | null {
  if (after < overlay.base) return null
  const entries = overlay.after(after).filter(({ commit }) => commit.revision < before)
  return takeWithin(reverse === true ? entries.toReversed() : entries, limit, ({ bytes }) => bytes)
}

/** The filter of point reads by `_id`. */
export function byKey({ sharded }: MongoTables, scope: string | readonly string[], keys: readonly string[]): KeyFilter {
  return sharded ? { _id: oneOf(keys), t: oneOf([scope].flat()) } : { _id: oneOf(keys) }
}

type OneOf = string | { readonly $in: string[] }

interface KeyFilter {
  readonly _id: OneOf
  readonly t?: OneOf
}

function oneOf(keys: readonly string[]): OneOf {
  return keys.length === 1 ? (keys[0] ?? '') : { $in: [...keys] }
}

/** One commit, by a point read. */
export async function findCommit(tables: MongoTables, scope: string, revision: Revision): Promise<LogEntry | null> {
  const filter = byKey(tables, scope, [logKey(scope, revision)])
  const row = await tables.call(tables.log.findOne(filter, { maxTimeMS: tables.readMs }))
  return row === null ? null : toLogEntry(row)
}
