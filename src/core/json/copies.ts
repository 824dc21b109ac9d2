import type { Json, JsonObject } from './json.ts'

/**
 * The objects and arrays that one caller copied and that nobody else holds yet: it changes them in place. So hundreds of
 * changes of one value copy each object of it once, and not once for each change.
 */
export class Copies {
  readonly #own = new WeakSet<object>()

  /** A copy of the object, or the object itself where it is one already; undefined: an empty one. */
  object(object: JsonObject | undefined): Record<string, Json> {
    if (object !== undefined && this.#own.has(object)) return object as Record<string, Json> // it was made below
    const copy = { ...object }
    this.#own.add(copy)
    return copy
  }

  /** The same of an array. */
  array(array: readonly Json[]): Json[] {
    if (this.#own.has(array)) return array as Json[] // it was made below
    const copy = [...array]
    this.#own.add(copy)
    return copy
  }
}

/** Sets a key like any other: assigning would treat `__proto__` as special. */
export function setKey(object: Record<string, Json>, key: string, value: Json): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true })
  else object[key] = value
}
