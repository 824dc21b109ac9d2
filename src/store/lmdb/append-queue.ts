import type { Appended, Draft, TenantId } from '../store.ts'

/** The arguments of one `append` call. */
export interface AppendBatch {
  readonly tenant: TenantId
  readonly drafts: readonly Draft[]
}

interface QueuedAppend extends AppendBatch {
  readonly resolve: (results: readonly Appended[]) => void
  readonly reject: (error: unknown) => void
}

/** One batch alone cannot be written; `cause` is the error, `index` the batch. */
export class BatchFault extends Error {
  readonly index: number

  constructor(index: number, cause: unknown) {
    super(`Batch ${index} cannot be written`, { cause })
    this.index = index
  }
}

/**
 * Writes batches in one transaction and returns the results of each, in order. When it throws, nothing was written: a
 * BatchFault concerns one batch, any other error all of them.
 */
type BatchWriter = (batches: readonly AppendBatch[]) => readonly (readonly Appended[])[]

/**
 * Group commit: the appends of all tenants in one turn of the event loop share one transaction and one flush.
 * (A microtask would run between the callbacks of one turn, and so batch a single tenant.) A tenant that was alone the
 * last time does not wait for others.
 */
export class AppendQueue {
  readonly #write: BatchWriter
  #queued: QueuedAppend[] = []
  /** The tenant of the last transaction; null: it had several. */
  #alone: TenantId | null = null

  constructor(write: BatchWriter) {
    this.#write = write
  }

  append(tenant: TenantId, drafts: readonly Draft[]): Promise<readonly Appended[]> {
    return new Promise((resolve, reject) => {
      this.#queued.push({ tenant, drafts, resolve, reject })
      if (this.#queued.length > 1) return
      if (tenant === this.#alone) this.#writeQueued()
      else this.#scheduleWrite()
    })
  }

  /** Writes all queued batches synchronously; each caller gets its result or the error. */
  flush(): void {
    while (this.#queued.length > 0) this.#writeQueued()
  }

  #scheduleWrite(): void {
    setImmediate(() => this.#writeQueued())
  }

  #writeQueued(): void {
    const batches = this.#queued
    this.#queued = []
    const [first] = batches
    if (first === undefined) return
    this.#alone = batches.every(({ tenant }) => tenant === first.tenant) ? first.tenant : null
    try {
      const results = this.#write(batches)
      batches.forEach(({ resolve }, i) => resolve(results[i] ?? []))
    } catch (error) {
      if (error instanceof BatchFault) this.#writeWithout(batches, error)
      else for (const { reject } of batches) reject(error)
    }
  }

  /**
   * Rejects one batch. The others stay first in the queue for the next turn: no turn takes longer than one transaction.
   */
  #writeWithout(batches: readonly QueuedAppend[], { index, cause }: BatchFault): void {
    batches[index]?.reject(cause)
    this.#queued = batches.filter((_, i) => i !== index)
    if (this.#queued.length > 0) this.#scheduleWrite()
  }
}
