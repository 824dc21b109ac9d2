import type { Json } from '../json/json.ts'
import { canonicalJson, equalJson } from '../json/value.ts'
import { jsonHash } from './json-hash.ts'

/** Up to so many values are compared one by one, which mostly ends at their first difference. */
const COMPARED_VALUES = 8

/** The arrays and objects of one hash. */
interface HashBucket {
  readonly values: Json[]
  /** Canonical texts of the values, once they are more than are compared: as if made to have one hash. */
  texts: Set<string> | null
}

/**
 * A set of JSON values: equal values are one member, whatever the order of their keys. Adding a value, and looking for
 * one, costs a walk along it, however many there are.
 */
export class JsonSet {
  readonly #scalars = new Set<Json>()
  /** The arrays and objects, while they are few. */
  readonly #few: Json[] = []
  /** The arrays and objects by their hashes, once they are many. */
  #buckets: Map<number, HashBucket> | null = null

  has(value: Json): boolean {
    if (!isStructure(value)) return this.#scalars.has(value)
    if (this.#buckets === null) return this.#few.some((other) => equalJson(other, value))
    const bucket = this.#buckets.get(jsonHash(value))
    return bucket !== undefined && isIn(bucket, value)
  }

  /** Adds a value; false when it is there already. */
  add(value: Json): boolean {
    if (isStructure(value) && this.#buckets !== null) return addTo(this.#buckets, value)
    if (this.has(value)) return false
    if (!isStructure(value)) {
      this.#scalars.add(value)
      return true
    }
    this.#few.push(value)
    if (this.#few.length > COMPARED_VALUES) {
      this.#buckets = new Map()
      for (const each of this.#few) addTo(this.#buckets, each)
    }
    return true
  }
}

function addTo(buckets: Map<number, HashBucket>, value: Json): boolean {
  const hash = jsonHash(value)
  const bucket = buckets.get(hash)
  if (bucket === undefined) {
    buckets.set(hash, { values: [value], texts: null })
    return true
  }
  if (isIn(bucket, value)) return false
  bucket.values.push(value)
  if (bucket.values.length > COMPARED_VALUES) {
    bucket.texts ??= new Set(bucket.values.map(canonicalJson))
    bucket.texts.add(canonicalJson(value))
  }
  return true
}

function isIn({ values, texts }: HashBucket, value: Json): boolean {
  return texts === null ? values.some((other) => equalJson(other, value)) : texts.has(canonicalJson(value))
}

/** Whether a value is an array or an object. */
export function isStructure(value: Json): boolean {
  return typeof value === 'object' && value !== null
}
