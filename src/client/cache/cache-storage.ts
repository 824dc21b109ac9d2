import type { Document } from '../../core/database.ts'
import type { CacheBatch, CachedDocuments } from './client-cache.ts'
import {
  requested,
  stored,
  type CacheGlobals,
  type IdbDatabase,
  type IdbStore,
  type IdbTransaction,
} from './indexed-db.ts'

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

type ShapeKey = readonly [scope: string, shape: string]

interface SaveContext {
  /** Characters of each document as JSON, by path; those of the batch are noted in it. */
  readonly sizes: Map<string, number>
  /** That of `enter`. */
  readonly generation: number
}

/** The rows of a shape. */
interface LoadedShape {
  readonly cached: CachedDocuments | null
  readonly sizes: Map<string, number>
}

const FORMAT = 1
const SHAPES = 'shapes'
const DOCUMENTS = 'documents'
/** The key of the generation, among the shapes: in IndexedDB, numbers sort before arrays. */
const GENERATION = 0
/** Documents that are read at once. */
const PAGE = 500
/** Characters that are written before the page may do something else. */
const SLICE = 200_000

/**
 * The rows of a cache in IndexedDB. All methods reject with the error of the browser. A generation ends when documents
 * are removed that nobody is to see again; batches of an earlier one are not stored.
 */
export class CacheStorage {
  readonly name: string
  readonly #maxBytes: number
  #database: Promise<IdbDatabase> | null = null

  constructor(name: string, maxBytes: number) {
    this.name = name
    this.#maxBytes = maxBytes
  }

  /** The generation; a new one when there were documents of other scopes, which are removed. */
  async enter(scope: string): Promise<number> {
    const transaction = await this.#begin('readwrite')
    const done = stored(transaction)
    const shapes = transaction.objectStore(SHAPES)
    const others = [ranges().bound([], [scope], false, true), ranges().lowerBound([scope, []], true)]
    const keys = await Promise.all(others.map((range) => requested(shapes.getAllKeys(range, 1))))
    let generation = (await requested(shapes.get(GENERATION))) as number | undefined
    if (keys.flat().length > 0) {
      for (const range of others) removeRange(transaction, range)
      generation = undefined
    }
    if (generation === undefined) shapes.put((generation = newGeneration()), GENERATION)
    transaction.commit()
    await done
    return generation
  }

  async load(key: ShapeKey): Promise<LoadedShape> {
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

  /** False when the generation has ended, when the rows are gone from which the batch goes on, or are too large. */
  async save(key: ShapeKey, batch: CacheBatch, { sizes, generation }: SaveContext): Promise<boolean> {
    const transaction = await this.#begin('readwrite')
    const done = stored(transaction)
    const [shapes, documents] = [transaction.objectStore(SHAPES), transaction.objectStore(DOCUMENTS)]
    const [current, found] = await Promise.all([requested(shapes.get(GENERATION)), requested(shapes.get(key))])
    const isThere = current === generation && (batch.whole || found !== undefined)
    if (!isThere) {
      transaction.commit()
      await done
      return false
    }
    if (batch.whole) documents.delete(below(key))
    await putDocuments(documents, key, { batch, sizes })
    const bytes = [...sizes.values()].reduce((sum, each) => sum + each, 0)
    const isKept = bytes <= this.#maxBytes
    if (isKept) shapes.put({ cursor: batch.cursor, bytes, usedAt: Date.now() } satisfies StoredShape, key)
    else removeShape(transaction, key)
    transaction.commit()
    await done
    if (isKept) await this.#evict(key)
    return isKept
  }

  async remove(scope: string): Promise<void> {
    const transaction = await this.#begin('readwrite')
    const done = stored(transaction)
    removeRange(transaction, below([scope]))
    transaction.commit()
    await done
  }

  /** Removes everything, and begins another generation. */
  async forget(): Promise<void> {
    const transaction = await this.#begin('readwrite')
    const done = stored(transaction)
    removeRange(transaction, ranges().lowerBound([], false))
    transaction.objectStore(SHAPES).put(newGeneration(), GENERATION)
    transaction.commit()
    await done
  }

  /** Removes the shapes that were used longest ago, until the others fit. */
  async #evict(kept: ShapeKey): Promise<void> {
    const transaction = await this.#begin('readwrite')
    const done = stored(transaction)
    const shapes = transaction.objectStore(SHAPES)
    const all = ranges().lowerBound([], false)
    const [keys, rows] = await Promise.all([requested(shapes.getAllKeys(all)), requested(shapes.getAll(all))])
    const oldest = (rows as StoredShape[])
      .map((row, i) => ({ ...row, key: keys[i] as ShapeKey }))
      .toSorted((a, b) => a.usedAt - b.usedAt)
    let total = oldest.reduce((sum, { bytes }) => sum + bytes, 0)
    for (const { key, bytes } of oldest) {
      if (total <= this.#maxBytes) break
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

function removeRange(transaction: IdbTransaction, range: unknown): void {
  for (const name of [SHAPES, DOCUMENTS]) transaction.objectStore(name).delete(range)
}

/** The keys that begin with a key: in IndexedDB, an array sorts behind all texts. */
function below(key: readonly string[]): unknown {
  return ranges().bound(key, [...key, []])
}

function ranges(): CacheGlobals['IDBKeyRange'] {
  return (globalThis as unknown as CacheGlobals).IDBKeyRange
}

function newGeneration(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0
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
