/** How long a cell is lit after a change, ms. */
export const LIT_MS = 1_200
const MOST_LIT = 500

interface Light {
  readonly keys: ReadonlySet<string> | null
  readonly at: number
  /** Differs from change to change, so that a second one begins anew. */
  readonly count: number
}

/** Which cells changed a moment ago. */
export class Lights {
  readonly #byId = new Map<string, Light>()
  #count = 0

  /** Lights the cells of some keys, or a whole row that is new (null). `now`: ms. */
  light(id: string, keys: ReadonlySet<string> | null, now: number): void {
    this.#byId.delete(id)
    this.#byId.set(id, { keys, at: now, count: ++this.#count })
    for (const [first] of this.#byId) {
      if (this.#byId.size <= MOST_LIT) break
      this.#byId.delete(first)
    }
  }

  /** A number that is new for each change of the cell; 0 when it is not lit. */
  of(id: string, key: string, now: number): number {
    const light = this.#byId.get(id)
    if (light === undefined || now - light.at >= LIT_MS) return 0
    return light.keys === null || light.keys.has(key) ? light.count : 0
  }

  /** Whether the row itself is new. */
  isNew(id: string, now: number): boolean {
    const light = this.#byId.get(id)
    return light !== undefined && light.keys === null && now - light.at < LIT_MS
  }
}
