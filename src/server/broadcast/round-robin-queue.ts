interface Lane<T> {
  readonly key: unknown
  readonly items: T[]
  next: number
}

/** Items in lines, each behind others of its kind. */
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

  /** The first `most` of the oldest line, or fewer. */
  take(max: number): readonly T[] {
    const [lane] = this.#lanes.values()
    return lane === undefined ? [] : this.#takeFrom(lane, max)
  }

  /** The same of a line that then waits until all others had their turn: one item alone waits for no crowd. */
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
