const DONE = { done: true, value: undefined } as const

/** Items between a feed and its reader. Each `next` takes one; those that came too early wait. */
export class ItemBuffer<T> {
  readonly #readers: { resolve(result: IteratorResult<T>): void; reject(error: unknown): void }[] = []
  readonly #merge: (waiting: T, item: T) => T | null
  #items: T[] = []
  #end: { readonly error: Error | null } | null = null

  /** `merge`: one item for two that wait one after another, or null where both are needed. */
  constructor(merge: (waiting: T, item: T) => T | null) {
    this.#merge = merge
  }

  /** Number of items that wait. */
  get size(): number {
    return this.#items.length
  }

  push(item: T): void {
    if (this.#end !== null) return
    const reader = this.#readers.shift()
    if (reader !== undefined) return reader.resolve({ done: false, value: item })
    const last = this.#items.at(-1)
    const merged = last === undefined ? null : this.#merge(last, item)
    if (merged === null) this.#items.push(item)
    else this.#items[this.#items.length - 1] = merged
  }

  next(): Promise<IteratorResult<T>> {
    const [item] = this.#items.splice(0, 1)
    if (item !== undefined) return Promise.resolve({ done: false, value: item })
    if (this.#end === null) return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }))
    const { error } = this.#end
    this.#end = { error: null }
    return error === null ? Promise.resolve(DONE) : Promise.reject(error)
  }

  /** The feed has ended: what waits is still read, then the error is thrown once. */
  end(error: Error | null): void {
    if (this.#end !== null) return
    const [first, ...others] = this.#readers.splice(0)
    this.#end = { error: first === undefined ? error : null }
    if (error !== null) first?.reject(error)
    else first?.resolve(DONE)
    for (const reader of others) reader.resolve(DONE)
  }

  /** The reader wants no more: what waits is dropped. */
  drop(): void {
    this.#items = []
    this.end(null)
    this.#end = { error: null }
  }
}
