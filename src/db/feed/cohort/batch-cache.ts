/** The parts of a step that the cache looks at. */
interface SizedStep {
  readonly batch: unknown
  readonly bytes: number
}

interface BatchEntry {
  readonly owner: object
  readonly key: string
  readonly step: Promise<SizedStep>
  bytes: number
}

/** Estimated memory of an entry without its batch. */
const ENTRY_BYTES = 200

/**
 * FIFO cache of the steps that a tenant's cohorts read, with one byte bound for all, so that later readers need no
 * read.
 */
export class BatchCache {
  readonly #maxBytes: number
  readonly #byOwner = new WeakMap<object, Map<string, BatchEntry>>()
  /** In insertion order, the oldest first. */
  readonly #entries = new Set<BatchEntry>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get<Step extends SizedStep>(owner: object, key: string): Promise<Step> | undefined {
    return this.#byOwner.get(owner)?.get(key)?.step as Promise<Step> | undefined
  }

  /**
   * Caches a read that has just begun, so that readers share it; dropped when it settles without a batch or rejects.
   */
  set(owner: object, key: string, step: Promise<SizedStep>): void {
    const entry: BatchEntry = { owner, key, step, bytes: ENTRY_BYTES }
    const ownEntries = this.#byOwner.get(owner) ?? new Map<string, BatchEntry>()
    const replaced = ownEntries.get(key)
    if (replaced !== undefined) this.#drop(replaced)
    this.#byOwner.set(owner, ownEntries)
    ownEntries.set(key, entry)
    this.#entries.add(entry)
    this.#bytes += entry.bytes
    step.then(
      ({ batch, bytes }) => (batch === null ? this.#drop(entry) : this.#grow(entry, bytes)),
      () => this.#drop(entry),
    )
  }

  /** Drops all entries of an owner. */
  forget(owner: object): void {
    for (const entry of this.#byOwner.get(owner)?.values() ?? []) this.#drop(entry)
  }

  /** Drops all entries, also of reads that have not settled. */
  clear(): void {
    for (const entry of this.#entries) this.#drop(entry)
  }

  #grow(entry: BatchEntry, bytes: number): void {
    if (!this.#entries.has(entry)) return
    entry.bytes += bytes
    this.#bytes += bytes
    for (const oldest of this.#entries) {
      if (this.#bytes <= this.#maxBytes) return
      this.#drop(oldest)
    }
  }

  #drop(entry: BatchEntry): void {
    if (!this.#entries.delete(entry)) return
    this.#bytes -= entry.bytes
    const ownEntries = this.#byOwner.get(entry.owner)
    if (ownEntries?.get(entry.key) === entry) ownEntries.delete(entry.key)
  }
}
