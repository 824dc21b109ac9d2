import type { Cursor } from '../../core/database/options.ts'
import type { ReadableStore } from '../readable.ts'
import { shapeKey, type LiveShape, type LiveState } from './live-state.ts'
import { LiveStore, type LiveStoreDeps } from './live-store.ts'

/** Stores that nobody looks at, of which a client remembers which is whose shape. */
const MAX_STORES = 1_000

/** The live stores of a client: one for each shape. */
export class LiveStores {
  readonly #deps: LiveStoreDeps
  readonly #stores = new Map<string, LiveStore>()
  readonly #matchers = new WeakMap<object, number>()
  #lastMatcher = 0

  constructor(deps: LiveStoreDeps) {
    this.#deps = deps
  }

  open(shape: LiveShape): ReadableStore<LiveState> {
    const key = this.#keyOf(shape)
    const store = this.#stores.get(key) ?? new LiveStore(this.#deps, shape)
    this.#stores.delete(key)
    this.#stores.set(key, store)
    this.#evict()
    return store
  }

  /** Resolves when every store in use shows a place. Rejects with the reason of `signal`. */
  async synced(cursor: Cursor, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const open = [...this.#stores.values()].filter(({ isOpen }) => isOpen)
    await Promise.all(open.map((store) => store.reached(cursor, signal)))
    signal?.throwIfAborted()
  }

  close(): void {
    for (const store of this.#stores.values()) store.close()
  }

  #keyOf({ match, ...shape }: LiveShape): string {
    const path = typeof shape.path === 'string' ? [shape.path] : shape.path
    const matcher = match === undefined ? 0 : (this.#matchers.get(match) ?? ++this.#lastMatcher)
    if (match !== undefined) this.#matchers.set(match, matcher)
    return shapeKey({ ...shape, path, matcher })
  }

  #evict(): void {
    for (const [key, store] of this.#stores) {
      if (this.#stores.size <= MAX_STORES) return
      if (!store.isOpen) this.#stores.delete(key)
    }
  }
}
