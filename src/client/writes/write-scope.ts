import type { Check, Op } from '../../core/database.ts'

/**
 * The paths at and below which a write may change documents; an empty one is everything. Writes whose scopes overlap go
 * one after another.
 */
export type WriteScope = readonly (readonly string[])[]

/** The scope of operations and checks. */
export function writeScope(ops: readonly Op[], checks: readonly Check[] = []): WriteScope {
  return [...ops.map(scopeOfOp), ...checks.map(({ path }) => documentOf(path))]
}

/** The scope of a write of what a path names. */
export function scopeOfPath(path: string): WriteScope {
  return [documentOf(path)]
}

/** A post names its document; without an id it cannot overlap another one. */
function scopeOfOp(op: Op): readonly string[] {
  if (op.kind !== 'post') return documentOf(op.path)
  return op.path.split('/').concat(op.id ?? [])
}

/** Below the top level, a path may name a document or a field of one above it: the topmost counts. */
function documentOf(path: string): readonly string[] {
  return path.split('/').slice(0, 2)
}

/** Scopes of several writes; a look-up costs the same however many there are. */
export class ScopeSet {
  /** The paths of the scopes, and those above them. */
  readonly #paths = new Set<string>()
  readonly #above = new Set<string>()

  add(scope: WriteScope): void {
    for (const path of scope) {
      this.#paths.add(path.join('/'))
      for (let length = 0; length < path.length; length++) this.#above.add(path.slice(0, length).join('/'))
    }
  }

  /** Whether a path of the scope lies in one of these, or above it. */
  meets(scope: WriteScope): boolean {
    return scope.some((path) => {
      if (this.#above.has(path.join('/'))) return true
      for (let length = 0; length <= path.length; length++) {
        if (this.#paths.has(path.slice(0, length).join('/'))) return true
      }
      return false
    })
  }
}
