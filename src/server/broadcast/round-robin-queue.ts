interface Lane<T> {
  readonly key: unknown
  readonly items: T[]
  next: number
}

/** A queue with one FIFO lane per key. */
export class RoundRobinQueue<T> {
  readonly #lanes = new Map<unknown, Lane<T>>()
  #lastLane: Lane<T> | null = null

  get isEmpty(): boolean {
    return this.#lanes.size === 0
  }

  push(key: unknown, item: T): void {
    if (this.#lastLane === null || this.#lastLane.key !== key) this.#lastLane = this.#lane(key)
    this.#lastLane.items.push(item)
  }

  /** Removes up to `max` items from the first lane. */
  take(max: number): readonly T[] {
    const [lane] = this.#lanes.values()
    return lane === undefined ? [] : this.#takeFrom(lane, max)
  }

  /** As `take`, then rotates: the lane goes to the back, so a short lane is never stuck behind a long one. */
  takeRoundRobin(max: number): readonly T[] {
    const [lane] = this.#lanes.values()
    const items = this.take(max)
    if (lane !== undefined && this.#lanes.delete(lane.key)) this.#lanes.set(lane.key, lane)
    return items
  }

  #lane(key: unknown): Lane<T> {
    const lane = this.#lanes.get(key) ?? { key, items: [], next: 0 }
    this.#lanes.set(key, lane)
    return lane
  }

  #takeFrom(lane: Lane<T>, max: number): readonly T[] {
    const items = lane.items.slice(lane.next, lane.next + max)
    lane.next += items.length
    if (lane.next < lane.items.length) return items
    this.#lanes.delete(lane.key)
    if (this.#lastLane === lane) this.#lastLane = null
    return items
  }
}
