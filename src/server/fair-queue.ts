interface Line<T> {
  readonly kind: unknown
  readonly items: T[]
  next: number
}

/** Items in lines, each behind others of its kind. */
export class FairQueue<T> {
  readonly #lines = new Map<unknown, Line<T>>()
  #newest: Line<T> | null = null

  get isEmpty(): boolean {
    return this.#lines.size === 0
  }

  push(kind: unknown, item: T): void {
    if (this.#newest === null || this.#newest.kind !== kind) this.#newest = this.#lineOf(kind)
    this.#newest.items.push(item)
  }

  /** The first `most` of the oldest line, or fewer. */
  take(most: number): readonly T[] {
    const [line] = this.#lines.values()
    return line === undefined ? [] : this.#takeOf(line, most)
  }

  /** The same of a line that then waits until all others had their turn: one item alone waits for no crowd. */
  takeFairly(most: number): readonly T[] {
    const [line] = this.#lines.values()
    const items = this.take(most)
    if (line !== undefined && this.#lines.delete(line.kind)) this.#lines.set(line.kind, line)
    return items
  }

  #lineOf(kind: unknown): Line<T> {
    const line = this.#lines.get(kind) ?? { kind, items: [], next: 0 }
    this.#lines.set(kind, line)
    return line
  }

  #takeOf(line: Line<T>, most: number): readonly T[] {
    const items = line.items.slice(line.next, line.next + most)
    line.next += items.length
    if (line.next < line.items.length) return items
    this.#lines.delete(line.kind)
    if (this.#newest === line) this.#newest = null
    return items
  }
}
