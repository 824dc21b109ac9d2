/** A set of page numbers below `size`, one bit each. */
export class PageSet {
  readonly #bits: Uint32Array
  count = 0

  constructor(size: number) {
    this.#bits = new Uint32Array(Math.ceil(size / 32))
  }

  has(page: number): boolean {
    return ((this.#bits[page >>> 5] ?? 0) & (1 << (page & 31))) !== 0
  }

  /** Adds a page; false when the set has it already. */
  add(page: number): boolean {
    if (this.has(page)) return false
    this.#bits[page >>> 5]! |= 1 << (page & 31)
    this.count++
    return true
  }

  clear(): void {
    this.#bits.fill(0)
    this.count = 0
  }

  /** The first page at or after `from`; -1 when there is none. */
  next(from: number): number {
    let word = from >>> 5
    let bits = (this.#bits[word] ?? 0) & (-1 << (from & 31))
    while (bits === 0) {
      if (++word >= this.#bits.length) return -1
      bits = this.#bits[word] ?? 0
    }
    return word * 32 + (31 - Math.clz32(bits & -bits))
  }
}
