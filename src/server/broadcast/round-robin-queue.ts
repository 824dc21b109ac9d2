interface Lane<T> {
  readonly key: unknown
  readonly items: T[]
  next: number
}

/** Items in lines, each behind others of its kind. */
export class RoundRobinQueue<T> {
  readonly #lanes = new Map<unknown, Lane<T>>()
  #newest: Lane<T> | null = null

  get isEmpty(): boolean {
    return this.#lanes.size === 0
  }

  push(kind: unknown, item: T): void {
    if (this.#newest === null || this.#newest.key !== kind) this.#newest = this.#laneOf(kind)
    this.#newest.items.push(item)
  }

  /** The first `most` of the oldest line, or fewer. */
  take(most: number): readonly T[] {
    const [line] = this.#lanes.values()
    return line === undefined ? [] : this.#takeOf(line, most)
  }

  /** The same of a line that then waits until all others had their turn: one item alone waits for no crowd. */
  takeRoundRobin(most: number): readonly T[] {
    const [line] = this.#lanes.values()
    const items = this.take(most)
    if (line !== undefined && this.#lanes.delete(line.key)) this.#lanes.set(line.key, line)
    return items
  }

  #laneOf(kind: unknown): Lane<T> {
    const line = this.#lanes.get(kind) ?? { key: kind, items: [], next: 0 }
    this.#lanes.set(kind, line)
    return line
  }

  #takeOf(line: Lane<T>, most: number): readonly T[] {
    const items = line.items.slice(line.next, line.next + most)
    line.next += items.length
    if (line.next < line.items.length) return items
    this.#lanes.delete(line.key)
    if (this.#newest === line) this.#newest = null
    return items
  }
}
