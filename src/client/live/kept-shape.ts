import type { ChangeBatch, Document } from '../../core/database.ts'
import type { Cursor } from '../../core/database/options.ts'
import type { CachedDocuments, OpenedCache } from '../cache/client-cache.ts'

/** A place that moved without changes is stored this often, ms. */
const KEEP_PLACE_MS = 30_000

/** Brings the documents of one live store into a cache, one save at a time. */
export class KeptShape {
  readonly #cache: Promise<OpenedCache>
  readonly #shape: string
  #changed = new Map<string, Document | null>()
  /** The place of the documents, when it is to be stored. */
  #cursor: Cursor | null = null
  #isWhole = true
  #isSaving = false
  #isClosed = false
  #savedAt = 0

  constructor(cache: Promise<OpenedCache>, shape: string) {
    this.#cache = cache
    this.#shape = shape
  }

  /** The documents of an earlier visit. */
  async load(): Promise<CachedDocuments | null> {
    const cache = await this.#cache
    const cached = this.#isClosed ? null : await cache.load(this.#shape)
    if (this.#isClosed) cache.release(this.#shape)
    this.#isWhole = cached === null || !cache.owns(this.#shape)
    return cached
  }

  /** A batch was shown; `isShown` false: it is part of a snapshot that is not whole. `documents`: all of the shape. */
  apply(batch: ChangeBatch, isShown: boolean, documents: () => readonly Document[]): void {
    if (batch.reset !== null) this.#isWhole = true
    for (const { type, path, document, cursor } of batch.changes) {
      if (cursor !== null) this.#changed.set(path, type === 'DELETE' ? null : document)
    }
    const isNew = this.#isWhole || batch.changes.length > 0 || Date.now() - this.#savedAt > KEEP_PLACE_MS
    if (!isShown || !isNew || this.#isClosed) return
    this.#cursor = batch.cursor
    void this.#save(documents)
  }

  /** Removes everything from the cache, for it must not be shown, or is of other data. */
  async clear(): Promise<void> {
    this.#isWhole = true
    this.#cursor = null
    this.#changed = new Map()
    await (await this.#cache).clear()
  }

  close(): void {
    this.#isClosed = true
    void this.#cache.then((cache) => cache.release(this.#shape))
  }

  async #save(documents: () => readonly Document[]): Promise<void> {
    if (this.#isSaving) return
    this.#isSaving = true
    const cache = await this.#cache
    while (this.#cursor !== null && !this.#isClosed) {
      const isOwned = cache.owns(this.#shape)
      const batch = { cursor: this.#cursor, ...this.#takeChanges(isOwned ? documents : () => []) }
      this.#cursor = null
      this.#isWhole = !isOwned
      this.#savedAt = Date.now()
      if (isOwned && !(await cache.save(this.#shape, batch))) this.close()
    }
    this.#isSaving = false
  }

  #takeChanges(documents: () => readonly Document[]): {
    readonly put: readonly Document[]
    readonly remove: readonly string[]
    readonly whole: boolean
  } {
    const changed = [...this.#changed]
    this.#changed = new Map()
    if (this.#isWhole) return { put: documents(), remove: [], whole: true }
    return {
      put: changed.flatMap(([, document]) => document ?? []),
      remove: changed.flatMap(([path, document]) => (document === null ? path : [])),
      whole: false,
    }
  }
}
