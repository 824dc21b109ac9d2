import { setTimeout as after } from 'node:timers/promises'
import type { Commit } from '../../core/commit.ts'
import { DatabaseError } from '../../core/error.ts'
import type { Path } from '../../core/path.ts'
import type { Millis, Revision, Version } from '../../core/version.ts'
import type {
  Appended,
  Draft,
  HistoryPage,
  HistoryRange,
  ListPage,
  LogPage,
  LogRange,
  Range,
  CommitListener,
  Snapshot,
  Store,
  TenantId,
} from '../../store/store.ts'

interface ReconnectingStoreOptions {
  /** Opens the underlying store; called again until it succeeds. */
  readonly open: () => Promise<Store>
  /** The tenant whose log is read to probe the store. */
  readonly tenant: TenantId
  /** Interval of the probes, ms. */
  readonly probeIntervalMs: number
  /** Called on each change: why the store does not answer, or null when it does again. */
  readonly onChange: (reason: string | null) => void
}

/** A call of the underlying store. */
type StoreCall<T> = (store: Store) => Promise<T>

/**
 * A store on another machine, which may be unavailable at first, or for a while: until it was opened, every call
 * rejects with UNAVAILABLE and the reason. `unavailableReason` shows without a call whether the store answers.
 */
export class ReconnectingStore implements Store {
  /** The store is on another machine, where other servers reach it too. */
  readonly shared = true
  readonly #options: ReconnectingStoreOptions
  readonly #listeners = new Map<CommitListener, AsyncDisposable | null>()
  readonly #stop = new AbortController()
  #store: Store | null = null
  #unavailableReason: DatabaseError | null = null
  #watching: Promise<void> = Promise.resolve()

  private constructor(options: ReconnectingStoreOptions) {
    this.#options = options
  }

  /** Probes once, then at intervals until `close`. Throws BAD_REQUEST when the address can never work. */
  static async start(options: ReconnectingStoreOptions): Promise<ReconnectingStore> {
    const store = new ReconnectingStore(options)
    await store.#probe()
    if (store.#unavailableReason?.code === 'BAD_REQUEST') throw store.#unavailableReason
    store.#watching = store.#watch()
    return store
  }

  /** Why the store does not answer; null when it does. */
  get unavailableReason(): string | null {
    return this.#unavailableReason?.message ?? null
  }

  append = (tenant: TenantId, drafts: readonly Draft[]): Promise<readonly Appended[]> =>
    this.#call((store) => store.append(tenant, drafts))

  find = (tenant: TenantId, ids: readonly string[]): Promise<readonly (Commit | null)[]> =>
    this.#call((store) => store.find(tenant, ids))

  heads = (tenant: TenantId, paths: readonly Path[], at?: Revision): Promise<Snapshot<readonly (Version | null)[]>> =>
    this.#call((store) => store.heads(tenant, paths, at))

  list = (tenant: TenantId, range: Range, at?: Revision): Promise<ListPage> =>
    this.#call((store) => store.list(tenant, range, at))

  collections = (
    tenant: TenantId,
    documents: readonly Path[],
    at?: Revision,
  ): Promise<readonly (readonly string[])[]> => this.#call((store) => store.collections(tenant, documents, at))

  history = (tenant: TenantId, path: Path, range: HistoryRange): Promise<HistoryPage> =>
    this.#call((store) => store.history(tenant, path, range))

  log = (tenant: TenantId, range: LogRange): Promise<LogPage> => this.#call((store) => store.log(tenant, range))

  revisionAt = (tenant: TenantId, time: Millis): Promise<Revision> =>
    this.#call((store) => store.revisionAt(tenant, time))

  drop = (tenant: TenantId): Promise<void> => this.#call((store) => store.drop(tenant))

  /** Registers the listener with the underlying store as soon as that is open. */
  async listen(listener: CommitListener): Promise<AsyncDisposable> {
    this.#listeners.set(listener, this.#store === null ? null : await this.#store.listen(listener))
    return {
      [Symbol.asyncDispose]: async () => {
        const subscription = this.#listeners.get(listener)
        this.#listeners.delete(listener)
        await subscription?.[Symbol.asyncDispose]()
      },
    }
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#watching
    await this.#store?.close()
  }

  async #call<T>(call: StoreCall<T>): Promise<T> {
    if (this.#store !== null) return call(this.#store)
    const message = this.#unavailableReason?.message ?? 'The store is not open yet: try again in a moment.'
    throw new DatabaseError('UNAVAILABLE', message, { retryAfterMs: this.#options.probeIntervalMs })
  }

  async #watch(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await after(this.#options.probeIntervalMs, undefined, { signal: this.#stop.signal }).catch(() => undefined)
      if (!this.#stop.signal.aborted) await this.#probe()
    }
  }

  async #probe(): Promise<void> {
    const previous = this.unavailableReason
    try {
      if (this.#store === null) await this.#open()
      await this.#store?.log(this.#options.tenant, { after: 0, reverse: true, limit: { rows: 1, bytes: 1 } })
      this.#unavailableReason = null
    } catch (error) {
      this.#unavailableReason =
        error instanceof DatabaseError
          ? error
          : new DatabaseError('UNAVAILABLE', 'The store cannot be opened.', { cause: error })
    }
    // An address that can never work is no change to report: `start` throws.
    if (this.unavailableReason !== previous && this.#unavailableReason?.code !== 'BAD_REQUEST') {
      this.#options.onChange(this.unavailableReason)
    }
  }

  async #open(): Promise<void> {
    const store = await this.#options.open()
    for (const listener of this.#listeners.keys()) this.#listeners.set(listener, await store.listen(listener))
    this.#store = store
  }
}
