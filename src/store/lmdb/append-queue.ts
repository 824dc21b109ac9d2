import type { Appended, Draft, TenantId } from '../store.ts'

/** What one caller wants to append. */
export interface Batch {
  readonly tenant: TenantId
  readonly drafts: readonly Draft[]
}

interface QueuedAppend extends Batch {
  readonly resolve: (results: readonly Appended[]) => void
  readonly reject: (error: unknown) => void
}

/** The error by which one batch alone cannot be written, as its `cause`. */
export class BatchFault extends Error {
  readonly index: number

  constructor(index: number, cause: unknown) {
    super(`Batch ${index} cannot be written`, { cause })
    this.index = index
  }
}

/**
 * Writes batches in one go: of each batch its results, in order. When it throws, nothing was written of any: a BatchFault
 * concerns one of them, anything else them all.
 */
export type Writer = (batches: readonly Batch[]) => readonly (readonly Appended[])[]

/**
 * Gathers what all tenants append during one turn of the event loop, so that it shares one transaction and one flush.
 * (A microtask would run between the callbacks of one turn and so gather a single tenant.)
 */
export class AppendQueue {
  readonly #write: Writer
  #waiting: QueuedAppend[] = []

  constructor(write: Writer) {
    this.#write = write
  }

  append(tenant: TenantId, drafts: readonly Draft[]): Promise<readonly Appended[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ tenant, drafts, resolve, reject })
      if (this.#waiting.length === 1) this.#writeSoon()
    })
  }

  /** Writes all that waits; each caller gets its result or the error. */
  flush(): void {
    while (this.#waiting.length > 0) this.#writeWaiting()
  }

  #writeSoon(): void {
    setImmediate(() => this.#writeWaiting())
  }

  #writeWaiting(): void {
    const batches = this.#waiting
    this.#waiting = []
    if (batches.length === 0) return
    try {
      const results = this.#write(batches)
      batches.forEach(({ resolve }, i) => resolve(results[i] ?? []))
    } catch (error) {
      if (error instanceof BatchFault) this.#writeWithout(batches, error)
      else for (const { reject } of batches) reject(error)
    }
  }

  /** The others wait for the next turn, before all that comes meanwhile: no turn takes longer than one transaction. */
  #writeWithout(batches: readonly QueuedAppend[], { index, cause }: BatchFault): void {
    batches[index]?.reject(cause)
    this.#waiting = batches.filter((_, i) => i !== index)
    if (this.#waiting.length > 0) this.#writeSoon()
  }
}
