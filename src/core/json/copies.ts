import type { Json, JsonObject } from './json.ts'

/**
 * Copy-on-write: the objects and arrays that one caller has copied and may change in place, as nothing else refers to
 * them yet. So hundreds of changes of one value copy each of its objects once.
 */
export class Copies {
  readonly #own = new WeakSet<object>()

  /** A copy of the object, or the object itself when it is such a copy; a new empty object for undefined. */
  object(object: JsonObject | undefined): Record<string, Json> {
    if (object !== undefined && this.#own.has(object)) return object as Record<string, Json> // made below, so mutable
    const copy = { ...object }
    this.#own.add(copy)
    return copy
  }

  /** As `object`, for an array. */
  array(array: readonly Json[]): Json[] {
    if (this.#own.has(array)) return array as Json[] // made below, so mutable
    const copy = [...array]
    this.#own.add(copy)
    return copy
  }
}

/** Sets an own property: plain assignment of `__proto__` would change the prototype. */
export function setKey(object: Record<string, Json>, key: string, value: Json): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true })
  } else object[key] = value
}
