import type { Check, Op } from '../../core/database.ts'

/**
 * The places that a write may touch, as the beginnings of their paths; an empty one is everything. Writes whose scopes
 * meet go one after another.
 */
export type WriteScope = readonly (readonly string[])[]

/** The scope of operations and checks. */
export function writeScope(ops: readonly Op[], checks: readonly Check[] = []): WriteScope {
  return [...ops.map(placeOf), ...checks.map(({ path }) => documentOf(path))]
}

/** The scope of a write of what a path names. */
export function scopeOfPath(path: string): WriteScope {
  return [documentOf(path)]
}

/** A post names its document; without an id it cannot meet another one. */
function placeOf(op: Op): readonly string[] {
  if (op.kind !== 'post') return documentOf(op.path)
  return op.path.split('/').concat(op.id ?? [])
}

/** Below the top level, a path may name a document or a field of one above it: the topmost is the place. */
function documentOf(path: string): readonly string[] {
  return path.split('/').slice(0, 2)
}

/** Scopes of several writes; a look-up costs the same however many there are. */
export class ScopeSet {
  /** The places, and those above them. */
  readonly #places = new Set<string>()
  readonly #above = new Set<string>()

  add(scope: WriteScope): void {
    for (const place of scope) {
      this.#places.add(place.join('/'))
      for (let length = 0; length < place.length; length++) this.#above.add(place.slice(0, length).join('/'))
    }
  }

  /** Whether one of the places lies in one of these, or above it. */
  meets(scope: WriteScope): boolean {
    return scope.some((place) => {
      if (this.#above.has(place.join('/'))) return true
      for (let length = 0; length <= place.length; length++) {
        if (this.#places.has(place.slice(0, length).join('/'))) return true
      }
      return false
    })
  }
}
