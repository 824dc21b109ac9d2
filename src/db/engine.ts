import type { Database, Op, WriteResult } from '../core/database.ts'
import type { AtLeast, InterruptMatch } from '../core/database/options.ts'
import { badArgument, DatabaseError } from '../core/error.ts'
import { runAtOnce } from '../core/json/value-steps.ts'
import type { Revision } from '../core/version.ts'
import type { Store, TenantId } from '../store/store.ts'
import { publishEphemeral } from './write/ephemeral.ts'
import { openChanges, openLive, openWatch } from './feed/open.ts'
import { readDiff } from './past/diff.ts'
import { waitUntilKnown } from './read/at-least.ts'
import { readHistory } from './read/history/history.ts'
import { readCollectionPage } from './read/tree/collections.ts'
import { parseInterrupt } from './cluster/interrupt.ts'
import { readLogPage } from './read/log-page.ts'
import { readDocument, readDocuments, readValue } from './read/reader.ts'
import type { TenantContext } from './log/tenant-context.ts'
import type { RetentionCounts } from './retention/sweeper.ts'
import { toWriteResult } from './shape/render.ts'
import { retryIfPurged } from './past/purge-retry.ts'
import { parseRestore, restoreOperation } from './past/restore.ts'
import { revertWrites } from './past/revert/revert.ts'
import { parseSelection } from './past/revert/reverted-documents.ts'
import {
  checkKey,
  digestedRequestSteps,
  digestedSteps,
  digestSteps,
  parsePurge,
  parseRequest,
  type DigestedRequest,
  type RequestParts,
} from './write/request.ts'
import { Cluster, SYSTEM_TENANT } from './cluster/cluster.ts'
import { StampClock } from './time/stamp-clock.ts'
import type { SubscriptionGroup, SubscriptionList } from './feed/subscription-list.ts'
import { Tenant, type EngineOptions, type FeedCounts, type TenantOptions } from './tenant.ts'

export type { EngineOptions, FeedCounts, RetentionCounts, SubscriptionGroup, SubscriptionList }

/** The identity by which a database is used. */
interface Identity {
  readonly actor: string | null
  /**
   * Whether documents of the latest state may be views (`DocumentView`) for a caller that renders them. Default false:
   * plain objects.
   */
  readonly views?: boolean | undefined
  /**
   * Whether the caller changes a value that it has given to a write no more: a large one is then checked in several
   * turns of the event loop. Default false: values are copied when they are given.
   */
  readonly handsOver?: boolean | undefined
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
  /** The running feeds of a tenant, and the newest revision that this process knows of it. */
  subscriptions(tenant: TenantId): SubscriptionList & { readonly revision: Revision }
  /** Counts of removals by retention in this process, of all tenants. */
  retention(): RetentionCounts
  /** Ends all feeds and waits for the writes in flight. Does not close the store, which belongs to the caller. */
  close(): Promise<void>
}

/** The newest commits of a tenant are dropped from memory when none was added or read for this time, ms. */
const IDLE_MS = 60_000

/** Opens the databases over a store, and listens to its notifications; on a shared store, joins the other processes. */
export async function openEngine(store: Store, options: EngineOptions = {}): Promise<Engine> {
  const tenants = new Map<TenantId, Tenant>()
  const listener = await store.listen((id, last) => tenants.get(id)?.onNotify(last))
  const forgetting = setInterval(() => {
    for (const tenant of tenants.values()) tenant.forgetIdle(IDLE_MS)
  }, IDLE_MS).unref()
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
    subscriptions: (id) => {
      const tenant = tenantOf(id)
      return { ...tenant.subscriptions(), revision: tenant.revision }
    },
    retention: () => {
      const all = [...tenants.values()].map(({ retention }) => retention)
      return {
        removedVersions: all.reduce((sum, { removedVersions }) => sum + removedVersions, 0),
        expiredDocuments: all.reduce((sum, { expiredDocuments }) => sum + expiredDocuments, 0),
      }
    },
    close: async () => {
      clearInterval(forgetting)
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

  restore: Database['restore'] = async (path, to, { key, ...options } = {}) => {
    const { limits } = this.#tenant
    const target = parseRestore(path, { to, ...options }, limits)
    if (key !== undefined) checkKey(key, limits)
    const digest = key === undefined ? null : runAtOnce(digestSteps(['restore', target]))
    const context = await this.#tenant.running()
    const { committer, tail } = context
    // The past may be gone when a restore is repeated: its commit is looked for first.
    const earlier = key === undefined ? null : await committer.repeated(key, digest)
    if (earlier !== null) return toWriteResult(tail.epoch, earlier.commit, true)
    const { actor } = this.#identity
    return retryIfPurged(tail, async (guarded) => {
      const operations = [guarded(await restoreOperation(context, target))]
      const { commit, repeated } = await committer.commit({ operations, checks: [], key, actor }, digest)
      return toWriteResult(tail.epoch, commit, repeated)
    })
  }

  revert: Database['revert'] = async (what, { key, dryRun = false } = {}) => {
    const { limits } = this.#tenant
    const selection = parseSelection(what, limits)
    if (key !== undefined) checkKey(key, limits)
    const digest = key === undefined ? null : runAtOnce(digestSteps(['revert', selection]))
    const { actor } = this.#identity
    return revertWrites(await this.#tenant.running(), { selection, key, digest, dryRun, actor })
  }

  transact: Database['transact'] = (ops, options = {}) => this.#commit(ops, options)

  purge: Database['purge'] = async (path, { key } = {}) => {
    const { limits } = this.#tenant
    const request = parsePurge(path, { key, actor: this.#identity.actor }, limits)
    try {
      return await this.#write(runAtOnce(digestedSteps(request)))
    } finally {
      // Also after a refusal: NOT_FOUND says that nothing is left, also of a purge that a killed process began.
      const { eraser } = await this.#tenant.running()
      await eraser.finish()
    }
  }

  get: Database['get'] = async (path, options = {}) => readValue(await this.#known(options), path, options)

  document: Database['document'] = async (path, options = {}) =>
    readDocument(await this.#known(options), path, this.#viewed(options))

  documents: Database['documents'] = async (path, options = {}) =>
    readDocuments(await this.#known(options), path, this.#viewed(options))

  history: Database['history'] = async (path, options = {}) => readHistory(await this.#known(options), path, options)

  collections: Database['collections'] = async (path, options = {}) =>
    readCollectionPage(await this.#known(options), path, options)

  diff: Database['diff'] = async (path, options) => readDiff(await this.#known(options), path, options)

  log: Database['log'] = async (paths, options = {}) => readLogPage(await this.#known(options), paths, options)

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

  /** The tenant, once this server knows the place that a read asks for. */
  async #known({ atLeast }: AtLeast): Promise<TenantContext> {
    const context = await this.#tenant.running()
    if (atLeast !== undefined) await waitUntilKnown(context, atLeast)
    return context
  }

  #viewed<Options extends object>(options: Options): Options & Pick<Identity, 'views'> {
    return { ...options, views: this.#identity.views }
  }

  async #publishEphemeral(op: Op, key: string | undefined): Promise<WriteResult> {
    if (key !== undefined) {
      throw badArgument('key', 'An ephemeral post takes no key: nothing is kept by which a repetition could be known.')
    }
    const { limits, freshId } = this.#tenant
    const request = parseRequest({ ...this.#identity, ops: [op] }, limits, freshId)
    const context = await this.#tenant.running()
    return toWriteResult(context.tail.epoch, await publishEphemeral(context, request, freshId()), false)
  }

  async #commit(ops: readonly Op[], { checks, key }: Pick<RequestParts, 'checks' | 'key'>): Promise<WriteResult> {
    const { limits, freshId } = this.#tenant
    const steps = digestedRequestSteps({ ...this.#identity, ops, checks, key }, limits, freshId)
    return this.#write(this.#tenant.parsing.run(steps))
  }

  async #write(parsed: DigestedRequest | Promise<DigestedRequest>): Promise<WriteResult> {
    const { request, digest } = parsed instanceof Promise ? await parsed : parsed
    const { committer, tail } = await this.#tenant.running()
    const { commit, repeated } = await committer.commit(request, digest)
    return toWriteResult(tail.epoch, commit, repeated)
  }
}
