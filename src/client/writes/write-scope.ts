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

/** Whether one of the places lies in one of the others, or above it. */
export function scopesMeet(a: WriteScope, b: WriteScope): boolean {
  return a.some((place) => b.some((other) => placesMeet(place, other)))
}

function placesMeet(a: readonly string[], b: readonly string[]): boolean {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return false
  return true
}
