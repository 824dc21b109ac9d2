/** What a cache counts of an entry. */
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

/** About what an entry takes beside its content. */
const ENTRY_BYTES = 200

/** The newest steps of all feeds of a tenant, bounded together: who comes a little later finds what others had read. */
export class BatchCache {
  readonly #maxBytes: number
  readonly #byOwner = new WeakMap<object, Map<string, BatchEntry>>()
  /** In the order in which they came. */
  readonly #entries = new Set<BatchEntry>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get<Step extends SizedStep>(owner: object, key: string): Promise<Step> | undefined {
    return this.#byOwner.get(owner)?.get(key)?.step as Promise<Step> | undefined
  }

  /** Keeps a step from when it is asked for; one that fails or says nothing is kept no longer than it takes. */
  set(owner: object, key: string, step: Promise<SizedStep>): void {
    const entry: BatchEntry = { owner, key, step, bytes: ENTRY_BYTES }
    const own = this.#byOwner.get(owner) ?? new Map<string, BatchEntry>()
    const former = own.get(key)
    if (former !== undefined) this.#drop(former)
    this.#byOwner.set(owner, own)
    own.set(key, entry)
    this.#entries.add(entry)
    this.#bytes += entry.bytes
    step.then(({ batch, bytes }) => (batch === null ? this.#drop(entry) : this.#grow(entry, bytes)), () => this.#drop(entry))
  }

  /** Drops all of an owner. */
  forget(owner: object): void {
    for (const entry of this.#byOwner.get(owner)?.values() ?? []) this.#drop(entry)
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
    const own = this.#byOwner.get(entry.owner)
    if (own?.get(entry.key) === entry) own.delete(entry.key)
  }
}
