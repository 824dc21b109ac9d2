import { setTimeout as after } from 'node:timers/promises'
import { DatabaseError } from '../../core/error.ts'
import type { CommitListener, Store, TenantId } from '../../store/store.ts'

interface ReconnectingStoreOptions {
  /** Opens the underlying store; called again until it succeeds. */
  readonly open: () => Promise<Store>
  /** The tenant whose log is read to probe the store. */
  readonly tenant: TenantId
  /** Interval of the probes, ms. */
  readonly probeIntervalMs: number
  /** How long `start` waits for the first probe, which goes on then, ms. */
  readonly firstProbeMs: number
  /** Called on each change: why the store does not answer, or null when it does again. */
  readonly onChange: (reason: string | null) => void
}

const NOT_OPEN_YET = 'The store is not open yet: try again in a moment.'

/** The calls of a store that are only forwarded. */
type StoreCall = Exclude<keyof Store, 'shared' | 'listen' | 'close'>

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
    const probed = store.#probe()
    const isProbed = await Promise.race([probed.then(() => true), after(options.firstProbeMs, false)])
    if (!isProbed) store.#report(new DatabaseError('UNAVAILABLE', NOT_OPEN_YET))
    if (store.#unavailableReason?.code === 'BAD_REQUEST') throw store.#unavailableReason
    store.#watching = probed.then(() => store.#watch())
    return store
  }

  /** Why the store does not answer; null when it does. */
  get unavailableReason(): string | null {
    return this.#unavailableReason?.message ?? null
  }

  readonly append: Store['append'] = this.#forward('append')
  readonly erase: Store['erase'] = this.#forward('erase')
  readonly raiseFloor: Store['raiseFloor'] = this.#forward('raiseFloor')
  readonly thin: Store['thin'] = this.#forward('thin')
  readonly find: Store['find'] = this.#forward('find')
  readonly heads: Store['heads'] = this.#forward('heads')
  readonly list: Store['list'] = this.#forward('list')
  readonly paths: Store['paths'] = this.#forward('paths')
  readonly collections: Store['collections'] = this.#forward('collections')
  readonly history: Store['history'] = this.#forward('history')
  readonly versions: Store['versions'] = this.#forward('versions')
  readonly log: Store['log'] = this.#forward('log')
  readonly confirm: Store['confirm'] = this.#forward('confirm')
  readonly revisionAt: Store['revisionAt'] = this.#forward('revisionAt')
  readonly drop: Store['drop'] = this.#forward('drop')

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

  #forward<Call extends StoreCall>(call: Call): Store[Call] {
    const forwarded = async (...args: unknown[]): Promise<unknown> => {
      if (this.#store !== null) return Reflect.apply(this.#store[call], this.#store, args) as Promise<unknown>
      const message = this.#unavailableReason?.message ?? NOT_OPEN_YET
      throw new DatabaseError('UNAVAILABLE', message, { retryAfterMs: this.#options.probeIntervalMs })
    }
    // The arguments and the result are those of the same method.
    return forwarded as Store[Call]
  }

  async #watch(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await after(this.#options.probeIntervalMs, undefined, { signal: this.#stop.signal }).catch(() => undefined)
      if (!this.#stop.signal.aborted) await this.#probe()
    }
  }

  async #probe(): Promise<void> {
    try {
      if (this.#store === null) await this.#open()
      await this.#store?.log(this.#options.tenant, { after: 0, reverse: true, limit: { rows: 1, bytes: 1 } })
      this.#report(null)
    } catch (error) {
      this.#report(
        error instanceof DatabaseError
          ? error
          : new DatabaseError('UNAVAILABLE', 'The store cannot be opened.', { cause: error }),
      )
    }
  }

  #report(reason: DatabaseError | null): void {
    const previous = this.unavailableReason
    this.#unavailableReason = reason
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
