import { createHash } from 'node:crypto'
import type { WriteResult, Database, InterruptMatch, Op } from '../core/database.ts'
import { badArgument, DatabaseError } from '../core/error.ts'
import type { Store, TenantId } from '../store/store.ts'
import { publishEphemeral } from './write/ephemeral.ts'
import { openChanges, openLive, openWatch } from './feed/open.ts'
import { readHistory } from './read/history.ts'
import { parseInterrupt } from './cluster/interrupt.ts'
import { readLogPage } from './read/log-page.ts'
import { readDocument, readDocuments, readValue } from './read/reader.ts'
import type { RetentionCounts } from './retention/sweeper.ts'
import { toWriteResult } from './shape/render.ts'
import { fingerprint, parsePurge, parseRequest, type Request, type RequestParts } from './write/request.ts'
import { Cluster, SYSTEM_TENANT } from './cluster/cluster.ts'
import { StampClock } from './time/stamp-clock.ts'
import { Tenant, type EngineOptions, type FeedCounts, type TenantOptions } from './tenant.ts'

export type { EngineOptions, FeedCounts, RetentionCounts }

/** The identity by which a database is used. */
interface Identity {
  readonly actor: string | null
}

/** The databases of all tenants over one store. */
export interface Engine {
  /** The database of a tenant for one identity. Throws FORBIDDEN for the system tenant. */
  database(tenant: TenantId, identity: Identity): Database
  /**
   * Opens a tenant before its first use, so that its work in the background begins: erasing and retention. Never
   * rejects: where it fails, the first use opens the tenant.
   */
  begin(tenant: TenantId): Promise<void>
  /** Running feeds of all tenants but the system tenant. */
  counts(): FeedCounts
  /** Counts of removals by retention in this process, of all tenants. */
  retention(): RetentionCounts
  /** Ends all feeds and waits for the writes in flight. Does not close the store, which belongs to the caller. */
  close(): Promise<void>
}

/** Opens the databases over a store, and listens to its notifications; on a shared store, joins the other processes. */
export async function openEngine(store: Store, options: EngineOptions = {}): Promise<Engine> {
  const tenants = new Map<TenantId, Tenant>()
  const listener = await store.listen((id, last) => tenants.get(id)?.onNotify(last))
  const clock = new StampClock(options)
  const tenantOptions: TenantOptions = { ...options, clock }
  const cluster = store.shared ? joinCluster(store, tenants, tenantOptions) : null
  const tenantOf = (id: TenantId): Tenant => {
    const tenant = tenants.get(id) ?? new Tenant(store, id, tenantOptions)
    tenants.set(id, tenant)
    return tenant
  }
  return {
    database: (id, identity) => {
      if (id === SYSTEM_TENANT) throw new DatabaseError('FORBIDDEN', `The tenant ${id} belongs to the system.`)
      const tenant = tenantOf(id)
      const elsewhere = async (match: InterruptMatch): Promise<number> =>
        cluster === null ? 0 : cluster.interrupt(id, match)
      return new TenantDatabase(tenant, identity, elsewhere)
    },
    begin: async (id) => {
      await tenantOf(id)
        .running()
        .catch(() => {})
    },
    counts: () =>
      [...tenants].reduce((sum, [id, tenant]) => (id === SYSTEM_TENANT ? sum : added(sum, tenant.counts())), NONE),
    retention: () => {
      const all = [...tenants.values()].map(({ retention }) => retention)
      return {
        removedVersions: all.reduce((sum, { removedVersions }) => sum + removedVersions, 0),
        expiredDocuments: all.reduce((sum, { expiredDocuments }) => sum + expiredDocuments, 0),
      }
    },
    close: async () => {
      await cluster?.stop()
      await listener[Symbol.asyncDispose]()
      await Promise.all([...tenants.values()].map((tenant) => tenant.stop()))
      clock[Symbol.dispose]()
    },
  }
}

const NONE: FeedCounts = { feeds: 0, shapes: 0, unindexedShapes: 0 }

function added(a: FeedCounts, b: FeedCounts): FeedCounts {
  return {
    feeds: a.feeds + b.feeds,
    shapes: a.shapes + b.shapes,
    unindexedShapes: a.unindexedShapes + b.unindexedShapes,
  }
}

function joinCluster(store: Store, tenants: Map<TenantId, Tenant>, { clock }: TenantOptions): Cluster {
  const system = new Tenant(store, SYSTEM_TENANT, { clock })
  tenants.set(SYSTEM_TENANT, system)
  return new Cluster({
    db: new TenantDatabase(system, { actor: null }, () => Promise.resolve(0)),
    freshId: system.freshId,
    interrupt: async (id, match) => {
      const tenant = tenants.get(id)
      return tenant === undefined ? 0 : tenant.interrupt(parseInterrupt(match, tenant.limits))
    },
    interruptAll: () => Promise.all([...tenants.values()].map((tenant) => tenant.interrupt(null))),
  })
}

class TenantDatabase implements Database {
  readonly #tenant: Tenant
  readonly #identity: Identity
  /** Interrupts subscriptions in the other processes; returns their number. */
  readonly #elsewhere: (match: InterruptMatch) => Promise<number>

  constructor(tenant: Tenant, identity: Identity, elsewhere: (match: InterruptMatch) => Promise<number>) {
    this.#tenant = tenant
    this.#identity = identity
    this.#elsewhere = elsewhere
  }

  post: Database['post'] = (path, value, options = {}) => {
    const op: Op = { kind: 'post', path, value, id: options.id }
    return options.ephemeral === true ? this.#publishEphemeral(op, options.key) : this.#commit([op], options)
  }

  put: Database['put'] = (path, value, options = {}) =>
    this.#commit([{ kind: 'put', path, value, expect: options.expect }], options)

  patch: Database['patch'] = (path, patch, options = {}) =>
    this.#commit([{ kind: 'patch', path, patch, expect: options.expect }], options)

  delete: Database['delete'] = (path, options = {}) =>
    this.#commit([{ kind: 'delete', path, expect: options.expect }], options)

  transact: Database['transact'] = (ops, options = {}) => this.#commit(ops, options)

  purge: Database['purge'] = async (path, { key } = {}) => {
    const { limits } = this.#tenant
    const request = parsePurge(path, { key, actor: this.#identity.actor }, limits)
    try {
      return await this.#write(request)
    } finally {
      // Also after a refusal: NOT_FOUND says that nothing is left, also of a purge that a killed process began.
      const { eraser } = await this.#tenant.running()
      await eraser.finish()
    }
  }

  get: Database['get'] = async (path, options = {}) => readValue(await this.#tenant.running(), path, options)

  document: Database['document'] = async (path, options = {}) =>
    readDocument(await this.#tenant.running(), path, options)

  documents: Database['documents'] = async (path, options = {}) =>
    readDocuments(await this.#tenant.running(), path, options)

  history: Database['history'] = async (path, options = {}) => readHistory(await this.#tenant.running(), path, options)

  log: Database['log'] = async (paths, options = {}) => readLogPage(await this.#tenant.running(), paths, options)

  changes: Database['changes'] = (paths, options = {}) =>
    this.#tenant.follow(this.#identity.actor, (deps) => openChanges(deps, paths, options))

  live: Database['live'] = (paths, options = {}) =>
    this.#tenant.follow(this.#identity.actor, (deps) => openLive(deps, paths, options))

  watch: Database['watch'] = (path, options = {}) =>
    this.#tenant.follow(this.#identity.actor, (deps) => openWatch(deps, path, options))

  interrupt: Database['interrupt'] = async (match) => {
    const interrupt = parseInterrupt(match, this.#tenant.limits)
    const [here, elsewhere] = await Promise.all([this.#tenant.interrupt(interrupt), this.#elsewhere(match)])
    return here + elsewhere
  }

  async #publishEphemeral(op: Op, key: string | undefined): Promise<WriteResult> {
    if (key !== undefined) {
      throw badArgument('key', 'An ephemeral post takes no key: nothing is kept by which a repetition could be known.')
    }
    const { limits, freshId } = this.#tenant
    const request = parseRequest({ ops: [op], actor: this.#identity.actor }, limits, freshId)
    const context = await this.#tenant.running()
    return toWriteResult(context.tail.epoch, await publishEphemeral(context, request, freshId()), false)
  }

  async #commit(ops: readonly Op[], { checks, key }: Pick<RequestParts, 'checks' | 'key'>): Promise<WriteResult> {
    const { limits, freshId } = this.#tenant
    return this.#write(parseRequest({ ops, checks, key, actor: this.#identity.actor }, limits, freshId))
  }

  async #write(request: Request): Promise<WriteResult> {
    const isKeyed = request.key !== undefined
    const digest = isKeyed ? createHash('sha256').update(fingerprint(request)).digest('base64url') : null
    const { committer, tail } = await this.#tenant.running()
    const { commit, repeated } = await committer.commit(request, digest)
    return toWriteResult(tail.epoch, commit, repeated)
  }
}
