import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Collection } from 'mongodb'
import type { Millis, Revision } from '../../../core/version.ts'
import type { TenantId } from '../../store.ts'
import { unavailable } from '../failure.ts'
import { parsePurgeNote, scopeKeys, scopeOf, type MetaRow } from '../rows.ts'
import { metaOf, findByIds, findCommit, readSection, type MongoTables } from '../tables.ts'
import { HeadOverlay } from './head-overlay.ts'

/** Limit of one read of the log when an overlay catches up. */
const PAGE = { rows: 500, bytes: 8_388_608 } as const
/** Most tenants in memory; the least recently used are evicted first. */
const MAX_KNOWN_TENANTS = 10_000
/** Most restarts of a call because its tenant was dropped meanwhile. */
const MAX_RESTARTS = 5
/** Longest pause between two looks at a log that is behind, ms. */
const MAX_PAUSE_MS = 256
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
   * Refreshes the overlay until it has a revision of which a head was read: until then a majority does not show it,
   * though it was acknowledged. Throws EpochEnded, and UNAVAILABLE at the deadline (monotonic clock).
   */
  async reach(overlay: HeadOverlay, revision: Revision, deadline: Millis): Promise<void> {
    for (let pauseMs = 2; revision > overlay.last; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
      await this.refresh(overlay)
      if (revision <= overlay.last) return
      const leftMs = deadline - performance.now()
      if (leftMs <= 0) throw unavailable('a majority does not show yet what was acknowledged')
      await pause(Math.min(pauseMs, leftMs))
    }
  }

  /** Reads the tenant's row. Throws EpochEnded if the tenant was dropped, so that the call restarts. */
  async confirm(overlay: HeadOverlay): Promise<MetaRow> {
    const tables = this.#tables
    const meta = await tables.call(tables.meta.findOne({ _id: overlay.tenant }, { maxTimeMS: tables.readMs }))
    if (meta?.epoch !== overlay.epoch) throw new EpochEnded()
    return meta
  }

  /** Evicts a tenant; the next call reads it again. */
  evict(overlay: HeadOverlay): void {
    if (this.#open.get(overlay.tenant)?.overlay !== overlay) return
    this.#open.delete(overlay.tenant)
    this.#cached.delete(overlay.tenant)
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
    const meta = await metaOf(this.#tables, tenant, freshEpoch)
    const applied = await findCommit(this.#tables, scopeOf(tenant, meta.epoch), Number(meta.applied))
    const overlay = new HeadOverlay(meta, applied?.commit.at ?? 0)
    const purging = overlay.purging.map((note) => parsePurgeNote(note).id)
    for (const { commit } of (await findByIds(this.#tables, overlay.scope, purging)).values()) overlay.addPurges(commit)
    await this.#pull(overlay)
    const cached = { overlay, refresh: singleFlight(() => this.#catchUp(overlay)) }
    this.#open.set(tenant, cached)
    this.#options.onRead(overlay)
    return cached
  }

  async #catchUp(overlay: HeadOverlay): Promise<void> {
    const { purges } = overlay
    // Revisions have no gaps (L1), so one point read shows whether there are newer commits.
    const [meta, next] = await Promise.all([
      this.confirm(overlay),
      findCommit(this.#tables, overlay.scope, overlay.last + 1),
    ])
    if (next !== null) {
      overlay.push(next)
      await this.#pull(overlay)
    }
    // Else this read would have taken the commits from the poll, and listeners would not hear of them.
    if (overlay.last > overlay.lastNotified) this.#options.onRead(overlay)
    overlay.applied = Number(meta.applied)
    overlay.floor = Math.max(overlay.floor, Number(meta.floor))
    overlay.purging = meta.purging ?? []
    // Notes are written before their commits: all purges that were known before the row was read are done.
    if (overlay.purging.length === 0) overlay.dropPurges(purges)
    overlay.trim()
  }

  /** Pushes all commits after the overlay's last one. */
  async #pull(overlay: HeadOverlay): Promise<void> {
    for (let more = true; more;) {
      const page = await readSection(this.#tables, overlay.scope, { after: overlay.last, before: LOG_END, limit: PAGE })
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
