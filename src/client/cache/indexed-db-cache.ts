import type { Document } from '../../core/database.ts'
import type { CacheBatch, CachedDocuments, ClientCache, OpenedCache } from './client-cache.ts'
import {
  requested,
  stored,
  type CacheGlobals,
  type IdbDatabase,
  type IdbStore,
  type IdbTransaction,
} from './indexed-db.ts'
import { ShapeLocks } from './shape-locks.ts'

/** How a cache in IndexedDB is kept. */
export interface IndexedDbCacheOptions {
  /** Of the database, behind `tidemark-`. With a token: another one for each user. */
  readonly name: string
  /** Characters of JSON; beyond, the shapes that were used longest ago are removed. Default 50,000,000. */
  readonly maxBytes?: number | undefined
  /** Called once, when the cache fails and the client goes on without. Default: `console.warn`. */
  readonly warn?: ((sentence: string, cause: unknown) => void) | undefined
}

interface StoredShape {
  readonly cursor: string
  readonly bytes: number
  /** ms since 1970. */
  readonly usedAt: number
}

interface StoredDocument {
  readonly document: Document
  readonly bytes: number
}

const MAX_BYTES = 50_000_000
const FORMAT = 1
const SHAPES = 'shapes'
const DOCUMENTS = 'documents'
/** Documents that are read at once. */
const PAGE = 500
/** Characters that are written before the page may do something else. */
const SLICE = 200_000
/** An operation that takes longer has failed, ms: the database may be held by a tab that stands still. */
const MAX_MS = 5_000

/**
 * A cache in IndexedDB, a row for each document. Of several tabs, the one that holds the Web Lock of a shape writes it.
 * After the first failure, of whatever kind, nothing is stored or loaded any more.
 */
export function indexedDbCache({
  name,
  maxBytes = MAX_BYTES,
  warn = warnInConsole,
}: IndexedDbCacheOptions): ClientCache {
  const storage = new CacheStorage(`tidemark-${name}`, { maxBytes, warn })
  return {
    open: async (scope) => {
      await storage.attempt(() => storage.removeOthers(scope), undefined)
      return openScope(storage, scope)
    },
    forget: (scope) => storage.attempt(() => storage.remove(scope), undefined),
  }
}

function openScope(storage: CacheStorage, scope: string): OpenedCache {
  const locks = new ShapeLocks(`${storage.name} ${scope}`)
  const sizes = new Map<string, Map<string, number>>()
  let isClosed = false
  return {
    load: async (shape) => {
      if (isClosed) return null
      const load = async (): Promise<CachedDocuments | null> => {
        await locks.claim(shape)
        const found = await storage.load([scope, shape])
        sizes.set(shape, found.sizes)
        return found.cached
      }
      return storage.attempt(load, null)
    },
    owns: (shape) => !isClosed && locks.owns(shape),
    save: async (shape, batch) => {
      if (isClosed) return false
      const known = (batch.whole ? undefined : sizes.get(shape)) ?? new Map<string, number>()
      sizes.set(shape, known)
      return storage.attempt(() => storage.save([scope, shape], batch, known), false)
    },
    clear: () => storage.attempt(() => storage.remove(scope), undefined),
    release: (shape) => {
      locks.release(shape)
      sizes.delete(shape)
    },
    close: async () => {
      isClosed = true
      locks.close()
    },
  }
}

type ShapeKey = readonly [scope: string, shape: string]

interface StorageOptions {
  readonly maxBytes: number
  readonly warn: (sentence: string, cause: unknown) => void
}

/** The rows of a cache. Methods reject with what the browser says. */
class CacheStorage {
  readonly name: string
  readonly #options: StorageOptions
  #database: Promise<IdbDatabase> | null = null
  #isBroken = false

  constructor(name: string, options: StorageOptions) {
    this.name = name
    this.#options = options
  }

  /** The result of an action; `otherwise` when it fails, and always after the first failure. */
  async attempt<T>(action: () => Promise<T>, otherwise: T): Promise<T> {
    if (this.#isBroken) return otherwise
    try {
      return await within(action(), MAX_MS)
    } catch (error) {
      if (!this.#isBroken) this.#options.warn('The cache of Tidemark failed; it is not used any more.', error)
      this.#isBroken = true
      return otherwise
    }
  }

  async load(key: ShapeKey): Promise<{ readonly cached: CachedDocuments | null; readonly sizes: Map<string, number> }> {
    const transaction = await this.#begin('readonly')
    const shape = (await requested(transaction.objectStore(SHAPES).get(key))) as StoredShape | undefined
    const sizes = new Map<string, number>()
    if (shape === undefined) return { cached: null, sizes }
    const documents: Document[] = []
    for (let after = ''; ;) {
      const range = ranges().bound([...key, after], [...key, []], true)
      const rows = (await requested(
        transaction.objectStore(DOCUMENTS).getAll(range, PAGE),
      )) as readonly StoredDocument[]
      for (const { document, bytes } of rows) {
        documents.push(document)
        sizes.set(document.path, bytes)
        after = document.path
      }
      if (rows.length < PAGE) return { cached: { cursor: shape.cursor, documents }, sizes }
    }
  }

  /** False when nothing is stored of the shape that the batch would go on from, or when it is too large. */
  async save(key: ShapeKey, batch: CacheBatch, sizes: Map<string, number>): Promise<boolean> {
    const transaction = await this.#begin('readwrite')
    const done = stored(transaction)
    const [shapes, documents] = [transaction.objectStore(SHAPES), transaction.objectStore(DOCUMENTS)]
    const isThere = batch.whole || (await requested(shapes.get(key))) !== undefined
    if (batch.whole) documents.delete(below(key))
    if (isThere) await putDocuments(documents, key, { batch, sizes })
    const bytes = [...sizes.values()].reduce((sum, each) => sum + each, 0)
    const isKept = isThere && bytes <= this.#options.maxBytes
    if (isKept) shapes.put({ cursor: batch.cursor, bytes, usedAt: Date.now() } satisfies StoredShape, key)
    else removeShape(transaction, key)
    transaction.commit()
    await done
    if (isKept) await this.#evict(key)
    return isKept
  }

  /** Removes a scope, or all. */
  async remove(scope: string | undefined): Promise<void> {
    await this.#removed((store) => (scope === undefined ? store.clear() : store.delete(below([scope]))))
  }

  async removeOthers(scope: string): Promise<void> {
    await this.#removed((store) => {
      store.delete(ranges().upperBound([scope], true))
      store.delete(ranges().lowerBound([scope, []], true))
    })
  }

  async #removed(remove: (store: IdbStore) => void): Promise<void> {
    const transaction = await this.#begin('readwrite')
    const done = stored(transaction)
    for (const name of [SHAPES, DOCUMENTS]) remove(transaction.objectStore(name))
    transaction.commit()
    await done
  }

  /** Removes the shapes that were used longest ago, until the others fit. */
  async #evict(kept: ShapeKey): Promise<void> {
    const transaction = await this.#begin('readwrite')
    const done = stored(transaction)
    const shapes = transaction.objectStore(SHAPES)
    const [keys, rows] = await Promise.all([requested(shapes.getAllKeys()), requested(shapes.getAll())])
    const oldest = (rows as StoredShape[])
      .map((row, i) => ({ ...row, key: keys[i] as ShapeKey }))
      .toSorted((a, b) => a.usedAt - b.usedAt)
    let total = oldest.reduce((sum, { bytes }) => sum + bytes, 0)
    for (const { key, bytes } of oldest) {
      if (total <= this.#options.maxBytes) break
      if (key[0] === kept[0] && key[1] === kept[1]) continue
      removeShape(transaction, key)
      total -= bytes
    }
    transaction.commit()
    await done
  }

  async #begin(mode: 'readonly' | 'readwrite'): Promise<IdbTransaction> {
    this.#database ??= openDatabase(this.name)
    return (await this.#database).transaction([SHAPES, DOCUMENTS], mode)
  }
}

/** Puts and removes documents, in slices. */
async function putDocuments(
  store: IdbStore,
  key: ShapeKey,
  { batch, sizes }: { readonly batch: CacheBatch; readonly sizes: Map<string, number> },
): Promise<void> {
  for (const path of batch.remove) {
    store.delete([...key, path])
    sizes.delete(path)
  }
  let slice = 0
  for (const document of batch.put) {
    const bytes = JSON.stringify(document).length
    const request = store.put({ document, bytes } satisfies StoredDocument, [...key, document.path])
    sizes.set(document.path, bytes)
    slice += bytes
    if (slice < SLICE) continue
    slice = 0
    await requested(request)
  }
}

function removeShape(transaction: IdbTransaction, key: ShapeKey): void {
  transaction.objectStore(SHAPES).delete(key)
  transaction.objectStore(DOCUMENTS).delete(below(key))
}

/** The keys that begin with a key: in IndexedDB, an array sorts behind all texts. */
function below(key: readonly string[]): unknown {
  return ranges().bound(key, [...key, []])
}

function ranges(): CacheGlobals['IDBKeyRange'] {
  return (globalThis as unknown as CacheGlobals).IDBKeyRange
}

async function openDatabase(name: string): Promise<IdbDatabase> {
  const request = (globalThis as unknown as CacheGlobals).indexedDB.open(name, FORMAT)
  request.onupgradeneeded = () => {
    for (const store of [SHAPES, DOCUMENTS]) request.result.createObjectStore(store)
  }
  const database = await requested(request)
  // Another tab removes the database, or needs another format of it.
  database.onversionchange = () => database.close()
  return database
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
