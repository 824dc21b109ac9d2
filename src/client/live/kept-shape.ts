import type { ChangeBatch, Document } from '../../core/database.ts'
import type { Cursor } from '../../core/database/options.ts'
import type { CachedDocuments, CachedShape, OpenedCache } from '../cache/client-cache.ts'

/** A cursor that moved without changes is stored this often, ms. */
const KEEP_PLACE_MS = 30_000

/** Brings the documents of one live store into a cache, one save at a time. */
export class KeptShape {
  readonly #cache: Promise<OpenedCache>
  readonly #shape: Promise<CachedShape>
  #changed = new Map<string, Document | null>()
  /** The cursor of the documents, when it is to be stored. */
  #cursor: Cursor | null = null
  #isWhole = true
  #isSaving = false
  #isClosed = false
  #savedAt = 0

  constructor(cache: Promise<OpenedCache>, name: string) {
    this.#cache = cache
    this.#shape = cache.then((opened) => opened.shape(name))
  }

  /** The documents of an earlier visit. */
  async load(): Promise<CachedDocuments | null> {
    const shape = await this.#shape
    const cached = await shape.load()
    if (this.#isClosed) shape.release()
    this.#isWhole = cached === null || !shape.owns()
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
    void this.#shape.then((shape) => shape.release())
  }

  async #save(documents: () => readonly Document[]): Promise<void> {
    if (this.#isSaving) return
    this.#isSaving = true
    const shape = await this.#shape
    while (this.#cursor !== null && !this.#isClosed) {
      const isOwned = shape.owns()
      const batch = { cursor: this.#cursor, ...this.#takeChanges(isOwned ? documents : () => []) }
      this.#cursor = null
      this.#isWhole = !isOwned
      this.#savedAt = Date.now()
      if (isOwned && !(await shape.save(batch))) this.close()
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
