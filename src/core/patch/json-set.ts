import type { Json } from '../json/json.ts'
import { canonicalJson, equalJson, isArray } from '../json/value.ts'

/** Up to so many values of one shape are compared one by one, which mostly ends at their first difference. */
const COMPARED_VALUES = 8

/** The arrays of one length, or the objects with one number of keys. */
interface ShapeBucket {
  readonly values: Json[]
  /** Canonical texts of the values. */
  readonly texts: Set<string>
}

/** A set of JSON values: equal values are one member, whatever the order of their keys. */
export class JsonSet {
  readonly #scalars = new Set<Json>()
  /** Arrays and objects by `shapeOf`. */
  readonly #buckets = new Map<string, ShapeBucket>()

  constructor(values: readonly Json[] = []) {
    for (const value of values) this.add(value)
  }

  /** Whether there are arrays or objects in it, with which a look-up of one is compared. */
  get hasStructures(): boolean {
    return this.#buckets.size > 0
  }

  has(value: Json): boolean {
    const shape = shapeOf(value)
    if (shape === null) return this.#scalars.has(value)
    const bucket = this.#buckets.get(shape)
    if (bucket === undefined) return false
    if (bucket.values.length > COMPARED_VALUES) return bucket.texts.has(canonicalJson(value))
    return bucket.values.some((other) => equalJson(other, value))
  }

  add(value: Json): void {
    const shape = shapeOf(value)
    if (shape === null) return void this.#scalars.add(value)
    const bucket = this.#buckets.get(shape) ?? { values: [], texts: new Set() }
    bucket.values.push(value)
    bucket.texts.add(canonicalJson(value))
    this.#buckets.set(shape, bucket)
  }
}

/** A text that equal arrays or objects have in common; null for a scalar. */
function shapeOf(value: Json): string | null {
  if (typeof value !== 'object' || value === null) return null
  return isArray(value) ? `[${value.length}` : `{${Object.keys(value).length}`
}
