interface Lane<T> {
  readonly key: unknown
  readonly items: T[]
  next: number
}

/** A queue with one FIFO lane per key. */
export class LaneQueue<T> {
  readonly #lanes = new Map<unknown, Lane<T>>()
  /** The lane that items are taken from, and the one that was pushed to last. */
  #first: Lane<T> | undefined
  #last: Lane<T> | undefined

  get isEmpty(): boolean {
    return this.#lanes.size === 0
  }

  push(key: unknown, item: T): void {
    if (this.#last === undefined || this.#last.key !== key) {
      this.#last = this.#lanes.get(key) ?? { key, items: [], next: 0 }
      this.#lanes.set(key, this.#last)
    }
    this.#last.items.push(item)
  }

  /** Removes the first item of the first lane. */
  shift(): T | undefined {
    this.#first ??= this.#lanes.values().next().value
    const lane = this.#first
    if (lane === undefined) return undefined
    const item = lane.items[lane.next++]
    if (lane.next < lane.items.length) return item
    this.#lanes.delete(lane.key)
    this.#first = undefined
    if (this.#last === lane) this.#last = undefined
    return item
  }

  /** Puts the first lane behind the others, so that a short lane is never stuck behind a long one. */
  rotate(): void {
    const lane = this.#first
    this.#first = undefined
    if (lane !== undefined && this.#lanes.delete(lane.key)) this.#lanes.set(lane.key, lane)
  }
}
