import { randomBytes } from 'node:crypto'
import type { Collection } from 'mongodb'
import type { Millis, Revision } from '../../../core/version.ts'
import type { TenantId } from '../../store.ts'
import { parsePurgeNote, scopeKeys, scopeOf, type MetaRow } from '../rows.ts'
import { findMeta, metaOf, findByIds, findCommit, readSection, type MongoTables } from '../tables.ts'
import { damagedLog, replacedLog, unavailable } from '../failure.ts'
import { HeadOverlay } from './head-overlay.ts'
import { backOff } from './settled-read.ts'
import { compareEnd, findEnd, findMark, findMarks, missingIn, type LogEnd, type LogMark } from '../log-end.ts'

/** Limit of one read of the log when an overlay catches up. */
const PAGE = { rows: 500, bytes: 8_388_608 } as const
/** Most tenants in memory; the least recently used are evicted first. */
const MAX_KNOWN_TENANTS = 10_000
/** Most tenants of which the last commit is remembered, some hundred bytes each. */
const MAX_LEFT_TENANTS = 100_000
/** Most restarts of a call because its tenant was dropped meanwhile. */
const MAX_RESTARTS = 5
/** Greater than every revision. */
const LOG_END = Number.MAX_SAFE_INTEGER

/** The tenant was dropped, so the epoch of an overlay has ended. Makes `with` restart its call. */
export class EpochEnded extends Error {}

/** A random epoch (80 bits). */
export function freshEpoch(): string {
  return BigInt(`0x${randomBytes(10).toString('hex')}`).toString(36)
}

/**
 * Coalesces concurrent calls: all calls made while `run` is running share one next run, which starts after it. So each
 * result is as fresh as that of a call of its own.
 */
function singleFlight<T>(run: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | null = null
  let next: Promise<T> | null = null
  const start = (): Promise<T> => {
    const current = run().finally(() => {
      if (running === current) running = null
    })
    running = current
    return current
  }
  const startNext = (): Promise<T> => {
    next = null
    return start()
  }
  return () => {
    if (running === null) return start()
    next ??= running.then(startNext, startNext)
    return next
  }
}

interface CachedTenant {
  readonly overlay: HeadOverlay
  readonly refresh: () => Promise<void>
}

/** A tenant that was in memory: its epoch and last commit, which must still be there when it is read again. */
interface LeftTenant {
  readonly epoch: string
  readonly end: LogEnd
}

interface TenantsOptions {
  /** Brings the heads up to date. Called when an overlay exceeds its bounds because they are behind. */
  readonly repair: (overlay: HeadOverlay) => Promise<void>
  /** Called when an overlay was opened, or has got commits by a read of which nothing has notified. */
  readonly onRead: (overlay: HeadOverlay) => void
}

/** Cache of the tenants that this process uses, each with its overlay. */
export class Tenants {
  readonly #tables: MongoTables
  readonly #options: TenantsOptions
  readonly #cached = new Map<TenantId, Promise<CachedTenant>>()
  readonly #open = new Map<TenantId, CachedTenant>()
  /** Tenants whose data was replaced while this process used them: refused until it ends. */
  readonly #replaced = new Set<TenantId>()
  /** Tenants that were in memory and are not any more, in the order in which they were evicted. */
  readonly #left = new Map<TenantId, LeftTenant>()

  constructor(tables: MongoTables, options: TenantsOptions) {
    this.#tables = tables
    this.#options = options
  }

  /** The overlays in memory. */
  overlays(): readonly HeadOverlay[] {
    return [...this.#open.values()].map(({ overlay }) => overlay)
  }

  /** The overlay of a tenant, if it is in memory. */
  peek(tenant: TenantId): HeadOverlay | undefined {
    return this.#open.get(tenant)?.overlay
  }

  /** Runs with the tenant's overlay; again with a new one if the tenant is dropped meanwhile. */
  async with<T>(tenant: TenantId, run: (overlay: HeadOverlay) => Promise<T>): Promise<T> {
    for (let restarts = 0; ; restarts++) {
      if (this.#replaced.has(tenant)) throw replacedLog()
      const { overlay } = await this.#cachedTenant(tenant)
      overlay.usedAt = performance.now()
      try {
        return await run(overlay)
      } catch (error) {
        if (!(error instanceof EpochEnded) || restarts === MAX_RESTARTS) throw error
        this.evict(overlay)
      }
    }
  }

  /** Adds every commit to the overlay that was visible when `refresh` was called. Throws EpochEnded. */
  async refresh(overlay: HeadOverlay): Promise<void> {
    const cached = this.#open.get(overlay.tenant)
    if (cached?.overlay !== overlay) throw new EpochEnded()
    await cached.refresh()
  }

  /**
   * As `refresh`, where others have written for certain, after a race for the next revision: one round trip for all
   * there is, so that the next attempt comes before a process that writes all the time has made its next commit.
   */
  async readOn(overlay: HeadOverlay): Promise<void> {
    if (this.#open.get(overlay.tenant)?.overlay !== overlay) throw new EpochEnded()
    await this.#catchUp(overlay, 'more')
  }

  /**
   * Refreshes the overlay until it has a revision of which a head was read: until then a majority does not show it,
   * though it was acknowledged. Throws EpochEnded, and UNAVAILABLE at the deadline (monotonic clock).
   */
  async reach(overlay: HeadOverlay, revision: Revision, deadline: Millis): Promise<void> {
    for (let attempt = 0; revision > overlay.last; attempt++) {
      await this.refresh(overlay)
      if (revision <= overlay.last) return
      if (performance.now() >= deadline) throw unavailable('a majority does not show yet what was acknowledged')
      await backOff(attempt, deadline)
    }
  }

  /** Reads the tenant's row. Throws EpochEnded if the tenant was dropped, so that the call restarts. */
  async confirm(overlay: HeadOverlay): Promise<MetaRow> {
    const meta = await this.#knownMeta(overlay.tenant)
    if (meta.epoch !== overlay.epoch) throw new EpochEnded()
    return meta
  }

  /**
   * The last revision, with all commits that were acknowledged before the call: a primary that was deposed answers
   * other reads, but no linearizable one. Both parts of it are asked for the tenant's row and the log's next, which may
   * lie on two shards. Throws EpochEnded, and UNAVAILABLE at the deadline (monotonic clock).
   */
  async confirmLast(overlay: HeadOverlay, deadline: Millis): Promise<Revision> {
    const { tenant, scope, last } = overlay
    const [meta, next] = await Promise.all([
      findMeta(this.#tables, tenant, 'anew'),
      findMark(this.#tables, { scope, revision: last + 1 }, 'anew'),
    ])
    if (meta === null) this.#refuse(tenant)
    if (meta.epoch !== overlay.epoch) throw new EpochEnded()
    if (next !== null) {
      await this.reach(overlay, next.revision, deadline)
      // This process may have had that one already; others were acknowledged after it.
      await this.refresh(overlay)
    }
    return overlay.last
  }

  /** The row of a tenant that this process had in memory; when it is missing, the data was replaced. */
  async #knownMeta(tenant: TenantId): Promise<MetaRow> {
    const meta = (await findMeta(this.#tables, tenant)) ?? (await findMeta(this.#tables, tenant, 'anew'))
    return meta ?? this.#refuse(tenant)
  }

  /** The data of a tenant was replaced: refuses this call and all later ones. */
  #refuse(tenant: TenantId): never {
    this.#replaced.add(tenant)
    const overlay = this.peek(tenant)
    if (overlay !== undefined) this.evict(overlay)
    throw replacedLog()
  }

  /**
   * Checks that the log still has a commit that this process has seen in it. Throws EpochEnded, or that the data was
   * replaced: then every later call of the tenant is refused, too.
   */
  async verify(overlay: HeadOverlay, end: LogEnd = overlay.end): Promise<void> {
    if (end.revision === 0) return
    const found = await findMark(this.#tables, { scope: overlay.scope, revision: end.revision })
    if (found?.writer !== end.writer) await this.#verifyAnew(overlay, end)
  }

  /**
   * As `verify`, beside an insert behind the overlay's last commit; resolves to the commit at the revision after the
   * inserted ones, or null.
   */
  async verifyInsert(overlay: HeadOverlay, after: Revision): Promise<LogMark | null> {
    const { end, scope } = overlay
    const marks = await findMarks(this.#tables, scope, [end.revision, after])
    const [last, next] = [end.revision, after].map((n) => marks.find(({ revision }) => revision === n))
    if (end.revision > 0 && last?.writer !== end.writer) await this.#verifyAnew(overlay, end)
    return next ?? null
  }

  /** As `verify`, where a read has not shown the commit: reads may be behind after a fail-over. */
  async #verifyAnew(overlay: HeadOverlay, end: LogEnd): Promise<void> {
    const found = await findMark(this.#tables, { scope: overlay.scope, revision: end.revision }, 'anew')
    if (found?.writer === end.writer) return
    // The rows of an ended epoch are removed.
    await this.confirm(overlay)
    this.#refuse(overlay.tenant)
  }

  /**
   * Rejects because a read has not shown a commit that has others behind it. Throws EpochEnded, that reads are behind
   * what was acknowledged, or that the log is damaged.
   */
  async refuseHole(overlay: HeadOverlay, missing: Revision): Promise<never> {
    const found = await findMark(this.#tables, { scope: overlay.scope, revision: missing }, 'anew')
    await this.confirm(overlay)
    if (found !== null) throw unavailable('its reads are behind its writes since another primary was elected')
    throw damagedLog(overlay.tenant, missing)
  }

  /** Evicts a tenant; the next call reads it again. */
  evict(overlay: HeadOverlay): void {
    if (this.#open.get(overlay.tenant)?.overlay !== overlay) return
    this.#open.delete(overlay.tenant)
    this.#cached.delete(overlay.tenant)
    this.#left.delete(overlay.tenant)
    this.#left.set(overlay.tenant, { epoch: overlay.epoch, end: overlay.end })
    const [oldest] = this.#left.keys()
    if (this.#left.size > MAX_LEFT_TENANTS && oldest !== undefined) this.#left.delete(oldest)
  }

  /**
   * Trims the overlays of tenants that were idle for `idleMs`, and evicts the least recently used tenants beyond the
   * bound.
   */
  evictIdle(idleMs: number): void {
    const limit = performance.now() - idleMs
    for (const overlay of this.overlays()) if (overlay.usedAt < limit) overlay.trim(true)
    const excess = this.#open.size - MAX_KNOWN_TENANTS
    if (excess <= 0) return
    const oldest = this.overlays()
      .toSorted((a, b) => a.usedAt - b.usedAt)
      .slice(0, excess)
    for (const overlay of oldest) this.evict(overlay)
  }

  #cachedTenant(tenant: TenantId): Promise<CachedTenant> {
    const cached = this.#cached.get(tenant)
    if (cached !== undefined) return cached
    const opening = this.#load(tenant)
    this.#cached.set(tenant, opening)
    opening.catch(() => {
      // The caller gets the error; the next call tries again.
      if (this.#cached.get(tenant) === opening) this.#cached.delete(tenant)
    })
    return opening
  }

  async #load(tenant: TenantId): Promise<CachedTenant> {
    const left = this.#left.get(tenant)
    const meta = left === undefined ? await metaOf(this.#tables, tenant, freshEpoch) : await this.#knownMeta(tenant)
    const revision = Number(meta.applied)
    const applied = await findCommit(this.#tables, scopeOf(tenant, meta.epoch), revision)
    const overlay = new HeadOverlay(meta, applied)
    if (applied === null && revision > 0) await this.refuseHole(overlay, revision)
    const purging = overlay.purging.map((note) => parsePurgeNote(note).id)
    for (const { commit } of (await findByIds(this.#tables, overlay.scope, purging)).values()) overlay.addPurges(commit)
    await this.#pull(overlay)
    if (left?.epoch === overlay.epoch) await this.verify(overlay, left.end)
    const cached = { overlay, refresh: singleFlight(() => this.#catchUp(overlay)) }
    this.#open.set(tenant, cached)
    this.#options.onRead(overlay)
    return cached
  }

  /** `expected`: there is more behind the last commit. */
  async #catchUp(overlay: HeadOverlay, expected?: 'more'): Promise<void> {
    const { purges, end } = overlay
    const read = expected === 'more' ? this.#pull(overlay, end) : this.#pullIfMore(overlay, end)
    const [meta] = await Promise.all([this.confirm(overlay), read])
    // Else this read would have taken the commits from the poll, and listeners would not hear of them.
    if (overlay.last > overlay.lastNotified) this.#options.onRead(overlay)
    overlay.applied = Number(meta.applied)
    overlay.floor = Math.max(overlay.floor, Number(meta.floor))
    overlay.purging = meta.purging ?? []
    // Notes are written before their commits: all purges that were known before the row was read are done.
    if (overlay.purging.length === 0) overlay.dropPurges(purges)
    overlay.trim()
  }

  async #pullIfMore(overlay: HeadOverlay, end: LogEnd): Promise<void> {
    const state = compareEnd(end, await findEnd(this.#tables, overlay.scope, end))
    if (state === 'replaced') await this.#verifyAnew(overlay, end)
    if (state === 'hole') await this.refuseHole(overlay, end.revision + 1)
    if (state === 'more') await this.#pull(overlay, end)
  }

  /** Pushes all commits after the last one of the overlay; with `end`, that one must be there, too. */
  async #pull(overlay: HeadOverlay, end?: LogEnd): Promise<void> {
    let after = end === undefined ? overlay.last : Math.max(0, end.revision - 1)
    for (let more = true; more; after = overlay.last) {
      const section = { after, before: LOG_END, limit: PAGE }
      const page = await readSection(this.#tables, overlay.scope, section)
      const [first] = page.rows
      const isReplaced =
        after + 1 === end?.revision && (first?.writer !== end.writer || missingIn(page, section) === end.revision)
      if (isReplaced) await this.#verifyAnew(overlay, end)
      const missing = missingIn(page, section)
      if (missing !== null) await this.refuseHole(overlay, missing)
      for (const entry of page.rows) overlay.push(entry)
      more = page.more
      if (overlay.isOverfull) await this.#options.repair(overlay)
    }
  }
}

interface TenantScopedRow {
  readonly _id: string
  readonly t: string
}

/** Rows that one command removes. */
const SWEPT_ROWS = 1_000

/** Removes the rows of an ended epoch, in commands of bounded size. */
export async function sweep(
  tables: MongoTables,
  { tenant, epoch }: { readonly tenant: TenantId; readonly epoch: string },
): Promise<void> {
  const scope = scopeOf(tenant, epoch)
  // Only the common fields are used; the driver's types are invariant.
  for (const table of [tables.heads, tables.log] as unknown as readonly Collection<TenantScopedRow>[]) {
    while (await sweepPart(tables, table, scope));
  }
  await tables.updateMeta({ _id: tenant }, { $pull: { dead: epoch } })
}

/** Removes some rows of a scope; true when there may be more. */
async function sweepPart(tables: MongoTables, table: Collection<TenantScopedRow>, scope: string): Promise<boolean> {
  const { from, to } = scopeKeys(scope)
  const options = { projection: { _id: 1 }, sort: { _id: 1 }, limit: SWEPT_ROWS, maxTimeMS: tables.readMs } as const
  const rows = await tables.call(table.find({ t: scope, _id: { $gte: from, $lt: to } }, options).toArray())
  const last = rows.at(-1)
  if (last === undefined) return false
  await tables.call(table.deleteMany({ t: scope, _id: { $gte: from, $lte: last._id } }))
  return rows.length === SWEPT_ROWS
}
