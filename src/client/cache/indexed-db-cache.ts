import { CacheStorage } from './cache-storage.ts'
import type { CachedDocuments, CachedShape, ClientCache, OpenedCache } from './client-cache.ts'
import { ShapeLock } from './shape-lock.ts'

/** How a cache in IndexedDB is kept. */
export interface IndexedDbCacheOptions {
  /** Of the database, behind `tidemark-`. With a token: another one for each user. */
  readonly name: string
  /** Characters of JSON; beyond, the shapes that were used longest ago are removed. Default 50,000,000. */
  readonly maxBytes?: number | undefined
  /** Called once, when the cache fails and the client goes on without. Default: `console.warn`. */
  readonly warn?: ((sentence: string, cause: unknown) => void) | undefined
}

const MAX_BYTES = 50_000_000
/** Reads that take longer have failed, ms: a tab that stands still may hold the database. */
const READ_MS = 2_000
/** As READ_MS, of writes. */
const WRITE_MS = 10_000

/**
 * A cache in IndexedDB, a row for each document. Of several tabs, the one that holds the Web Lock of a shape writes it.
 * After the first failure, of whatever kind, nothing is stored or loaded any more.
 */
export function indexedDbCache({
  name,
  maxBytes = MAX_BYTES,
  warn = warnInConsole,
}: IndexedDbCacheOptions): ClientCache {
  const attempts = new Attempts(warn)
  const storage = new CacheStorage(`tidemark-${name}`, maxBytes)
  return {
    open: async (scope) => {
      const generation = await attempts.make(() => storage.enter(scope), { otherwise: null, ms: READ_MS })
      return openScope(storage, attempts, { scope, generation })
    },
    forget: () => attempts.make(() => storage.forget(), { otherwise: undefined, ms: WRITE_MS }),
  }
}

/** A scope as it was when it was opened; null: nothing can be stored. */
interface ScopeVisit {
  readonly scope: string
  readonly generation: number | null
}

function openScope(storage: CacheStorage, attempts: Attempts, { scope, generation }: ScopeVisit): OpenedCache {
  const users = new Set<CachedShape>()
  const shape = (name: string): CachedShape => {
    const lock = new ShapeLock(`${storage.name} ${scope} ${name}`)
    let sizes = new Map<string, number>()
    const load = async (): Promise<CachedDocuments | null> => {
      await lock.claim()
      const found = await storage.load([scope, name])
      sizes = found.sizes
      return found.cached
    }
    const user: CachedShape = {
      load: async () => (users.has(user) ? attempts.make(load, { otherwise: null, ms: READ_MS }) : null),
      owns: () => users.has(user) && lock.isHeld,
      save: async (batch) => {
        if (generation === null || !user.owns()) return false
        if (batch.whole) sizes = new Map()
        const save = (): Promise<boolean> => storage.save([scope, name], batch, { sizes, generation })
        return attempts.make(save, { otherwise: false, ms: WRITE_MS })
      },
      release: () => {
        users.delete(user)
        lock.release()
      },
    }
    if (generation !== null) users.add(user)
    return user
  }
  return {
    shape,
    clear: () => attempts.make(() => storage.remove(scope), { otherwise: undefined, ms: WRITE_MS }),
    close: () => users.forEach((user) => user.release()),
  }
}

/** Makes attempts until one fails. */
class Attempts {
  readonly #warn: (sentence: string, cause: unknown) => void
  #hasFailed = false

  constructor(warn: (sentence: string, cause: unknown) => void) {
    this.#warn = warn
  }

  /** The result of an action; `otherwise` when it fails or takes longer than `ms`, and always after that. */
  async make<T>(
    action: () => Promise<T>,
    { otherwise, ms }: { readonly otherwise: T; readonly ms: number },
  ): Promise<T> {
    if (this.#hasFailed) return otherwise
    try {
      return await within(action(), ms)
    } catch (error) {
      if (!this.#hasFailed) this.#warn('The cache of Tidemark failed; it is not used any more.', error)
      this.#hasFailed = true
      return otherwise
    }
  }
}

async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`IndexedDB did not answer within ${ms} ms.`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

function warnInConsole(sentence: string, cause: unknown): void {
  // oxlint-disable-next-line no-console -- a page has no other log
  console.warn(sentence, cause)
}
