import type { Json } from '../json/json.ts'
import { canonicalJson } from '../json/value.ts'

/** A set of JSON values: equal values are one member, whatever the order of their keys. */
export class JsonSet {
  readonly #scalars = new Set<Json>()
  /** Canonical texts of the arrays and objects. */
  readonly #texts = new Set<string>()

  constructor(values: readonly Json[] = []) {
    for (const value of values) this.add(value)
  }

  /** Whether a look-up of an array or an object costs its canonical text. */
  get hasStructures(): boolean {
    return this.#texts.size > 0
  }

  has(value: Json): boolean {
    if (isScalar(value)) return this.#scalars.has(value)
    return this.hasStructures && this.#texts.has(canonicalJson(value))
  }

  add(value: Json): void {
    if (isScalar(value)) this.#scalars.add(value)
    else this.#texts.add(canonicalJson(value))
  }
}

function isScalar(value: Json): boolean {
  return typeof value !== 'object' || value === null
}
