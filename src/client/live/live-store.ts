import { onAbort } from '../abort.ts'
import type { ChangeBatch } from '../../core/database.ts'
import type { Cursor, FeedOptions } from '../../core/database/options.ts'
import { DatabaseError } from '../../core/error.ts'
import type { OpenedCache } from '../cache/client-cache.ts'
import type { ConnectionStatus } from '../connection/connection-status.ts'
import { WritableStore, type ReadableStore } from '../readable.ts'
import type { WriteObserver } from '../writes/outbox.ts'
import { toDatabaseError } from '../operations/remote-errors.ts'
import { echoFilter } from './echo-filter.ts'
import { KeptShape } from './kept-shape.ts'
import { LINGER_MS, LIVE_LOADING, shapeKey, type LiveShape, type LiveState } from './live-state.ts'
import { Overlay } from './overlay.ts'
import type { PatchedValue } from './patches.ts'

/** The parts of a client that live stores need. */
export interface LiveStoreDeps {
  live(paths: readonly string[], options: FeedOptions): AsyncIterableIterator<ChangeBatch>
  observe(observer: WriteObserver): () => void
  readonly connection: ReadableStore<ConnectionStatus>
  /** The actor of the client's writes, as far as the client knows it. */
  readonly actor: string | null
  readonly patches: ReadableStore<PatchedValue>
  /** The cache of the client; null: there is none. */
  openCache(): Promise<OpenedCache> | null
}

/** An acknowledged write that the shape does not show leaves at the next heartbeat. */
const HEARTBEAT_MS = 5_000

const DENIALS = ['FORBIDDEN', 'UNAUTHENTICATED']

/** The documents of one shape, for as long as somebody looks at them. */
export class LiveStore implements ReadableStore<LiveState> {
  readonly #deps: LiveStoreDeps
  readonly #shape: LiveShape
  readonly #paths: readonly string[]
  readonly #state: WritableStore<LiveState>
  readonly #reached = new Set<() => void>()
  #overlay: Overlay
  #abort: AbortController | null = null
  #linger: ReturnType<typeof setTimeout> | undefined
  #error: DatabaseError | null = null
  /** Whether the feed has brought what is shown; else it comes from the cache. */
  #isCurrent = false
  #now: LiveState = LIVE_LOADING
  /** Whether subscribers have got the last state; else they get it when this turn ends. */
  #isPublished = true

  constructor(deps: LiveStoreDeps, shape: LiveShape) {
    this.#deps = deps
    this.#shape = shape
    this.#paths = typeof shape.path === 'string' ? [shape.path] : [...shape.path]
    this.#overlay = this.#emptyOverlay()
    this.#state = new WritableStore<LiveState>(LIVE_LOADING, (isUsed) => this.#use(isUsed))
  }

  get(): LiveState {
    return (this.#now = this.#stateNow(this.#now))
  }

  subscribe(run: (value: LiveState) => void): () => void {
    this.#state.set(this.get())
    return this.#state.subscribe(run)
  }

  /** Whether the feed runs. */
  get isOpen(): boolean {
    return this.#abort !== null
  }

  /** Resolves when a place is shown, or the feed has ended. */
  reached(cursor: Cursor, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      let forget = (): void => {}
      const look = (): void => {
        if (this.isOpen && signal?.aborted !== true && this.#error === null && !this.#overlay.hasReached(cursor)) return
        this.#reached.delete(look)
        forget()
        resolve()
      }
      this.#reached.add(look)
      forget = onAbort(signal, look)
      look()
    })
  }

  close(): void {
    clearTimeout(this.#linger)
    this.#abort?.abort()
    this.#abort = null
    this.#look()
  }

  #use(isUsed: boolean): void {
    clearTimeout(this.#linger)
    if (isUsed && this.#abort === null) this.#open()
    if (!isUsed) this.#linger = setTimeout(() => this.close(), LINGER_MS)
  }

  #open(): void {
    const abort = new AbortController()
    this.#abort = abort
    this.#error = null
    this.#isCurrent = false
    this.#overlay = this.#emptyOverlay()
    const observer = this.#observer()
    const endings = [
      this.#deps.observe(observer),
      this.#deps.connection.subscribe(() => this.#publish()),
      this.#deps.patches.subscribe(() => this.#changed(() => this.#overlay.refold())),
    ]
    onAbort(abort.signal, () => endings.forEach((end) => end()))
    void this.#follow(abort.signal)
  }

  #emptyOverlay(): Overlay {
    const { order = 'asc' } = this.#shape
    return new Overlay({
      showsNew: echoFilter(this.#shape),
      actor: this.#deps.actor,
      order,
      patched: (...patch) => this.#deps.patches.get()(...patch),
    })
  }

  #observer(): WriteObserver {
    return {
      added: (key, ops) => this.#changed(() => this.#overlay.add(key, ops, new Date().toISOString())),
      acknowledged: (key, cursor) => this.#changed(() => this.#overlay.acknowledge(key, cursor)),
      removed: (key) => this.#changed(() => this.#overlay.remove(key)),
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const cache = this.#deps.openCache()
    const kept = cache && new KeptShape(cache, feedKey(this.#shape, this.#paths))
    onAbort(signal, () => kept?.close())
    try {
      const after = kept === null ? undefined : await this.#showCached(kept, signal)
      await this.#show(after, kept, signal)
    } catch (error) {
      if (signal.aborted) return
      await this.#fail(error, kept)
    }
    this.#look()
  }

  /** Shows what the cache holds; gives its place. */
  async #showCached(kept: KeptShape, signal: AbortSignal): Promise<Cursor | undefined> {
    const cached = await kept.load()
    if (cached === null || signal.aborted) return undefined
    this.#changed(() => this.#overlay.restore(cached.cursor, cached.documents))
    return cached.cursor
  }

  /** Follows the feed; one whose cached place is not of the data that is there now begins anew. */
  async #show(after: Cursor | undefined, kept: KeptShape | null, signal: AbortSignal): Promise<void> {
    const { where, params, columns, depth = 0 } = this.#shape
    const options = { where, params, columns, depth: depth === 'all' ? undefined : depth, heartbeatMs: HEARTBEAT_MS }
    try {
      for await (const batch of this.#deps.live(this.#paths, { ...options, after, signal })) {
        if (signal.aborted) return
        this.#apply(batch, kept)
      }
    } catch (error) {
      const isOther = error instanceof DatabaseError && error.code === 'CURSOR_UNKNOWN' && after !== undefined
      if (!isOther || signal.aborted) throw error
      await kept?.clear()
      this.#isCurrent = false
      this.#changed(() => this.#overlay.restart())
      await this.#show(undefined, kept, signal)
    }
  }

  #apply(batch: ChangeBatch, kept: KeptShape | null): void {
    this.#changed(() => {
      this.#overlay.apply(batch)
      // A snapshot that is not whole is not shown, nor is its place.
      this.#isCurrent ||= batch.upToDate
    })
    kept?.apply(batch, this.#overlay.cursor === batch.cursor, () => this.#overlay.base())
  }

  async #fail(error: unknown, kept: KeptShape | null): Promise<void> {
    this.#error = toDatabaseError(error)
    const isDenied = DENIALS.includes(this.#error.code)
    // Documents that may no longer be seen are no longer shown.
    if (isDenied) this.#overlay = this.#emptyOverlay()
    this.#publish()
    if (isDenied) await kept?.clear()
  }

  #changed(change: () => void): void {
    change()
    this.#publish()
    this.#look()
  }

  #look(): void {
    for (const look of this.#reached) look()
  }

  /** Subscribers learn of all changes of one turn at once; `get` shows each of them. */
  #publish(): void {
    if (!this.#isPublished) return
    this.#isPublished = false
    queueMicrotask(() => {
      this.#isPublished = true
      this.#state.set(this.get())
    })
  }

  /** The last state itself where nothing has changed. */
  #stateNow(last: LiveState): LiveState {
    const [status, error] = [this.#status(), this.#error]
    const { documents, byPath, pending } = this.#overlay.shown()
    const isSame =
      last.status === status && last.documents === documents && last.pending === pending && last.error === error
    return isSame ? last : { status, documents, byPath, pending, error }
  }

  #status(): LiveState['status'] {
    if (this.#error !== null) return 'error'
    if (this.#overlay.cursor === null) return 'loading'
    const isLive = this.#isCurrent && this.isOpen && this.#deps.connection.get().status === 'live'
    return isLive ? 'live' : 'stale'
  }
}

/** The name of a shape in a cache: all of it that decides about the documents of its feed. */
function feedKey({ where, params, columns, depth = 0 }: LiveShape, paths: readonly string[]): string {
  return shapeKey({ paths, where, params, columns, depth })
}
