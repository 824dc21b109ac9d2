import type { FieldPath } from '../../../core/json/field.ts'
import { isObject, type Json, type JsonObject } from '../../../core/json/json.ts'
import { equalJson } from '../../../core/json/value.ts'
import { equalJsonSteps } from '../../../core/json/value-steps.ts'

/** The change of one leaf by one version; a leaf is no object, or an empty one, or not there (undefined). */
export interface LeafEdit {
  readonly field: FieldPath
  readonly before: Json | undefined
  readonly after: Json | undefined
  /** How many objects above the field, below the root, were there before, and after. */
  readonly parents: { readonly before: number; readonly after: number }
}

/**
 * The leaves in which two values differ: objects are walked, arrays and scalars are leaves. An object with a key that
 * cannot be a segment of a path (empty, or with a slash) is a leaf, too. In steps: an object each, or some thousand
 * nodes.
 */
export function* leafEditSteps(before: Json, after: Json): Generator<undefined, readonly LeafEdit[]> {
  if (yield* isSameSteps(before, after)) return []
  const edits: LeafEdit[] = []
  yield* collect({ before, after, field: [], parents: { before: 0, after: 0 } }, edits)
  return edits
}

/** Collects the edits at and below a node whose values differ. */
function* collect(node: LeafEdit, edits: LeafEdit[]): Generator<undefined, void> {
  const { before, after, field } = node
  if (!isWalked(before, after)) return void edits.push(node)
  const parents = {
    before: isObject(before) ? field.length : node.parents.before,
    after: isObject(after) ? field.length : node.parents.after,
  }
  for (const key of keysOf(before, after)) {
    const [old, now] = [ownField(before, key), ownField(after, key)]
    if (yield* isSameSteps(old, now)) continue
    const child = { before: old, after: now, field: [...field, key], parents }
    if (isObject(old) || isObject(now)) yield* collect(child, edits)
    else edits.push(child)
  }
  yield
}

/** Whether both are objects, or one is an object with keys where nothing is in the other. */
function isWalked(before: Json | undefined, after: Json | undefined): boolean {
  const sides = [before, after].filter((side) => side !== undefined)
  if (!sides.every((side): side is JsonObject => isObject(side) && hasSegmentKeys(side))) return false
  return sides.length === 2 || sides.some((side) => Object.keys(side).length > 0)
}

function hasSegmentKeys(object: JsonObject): boolean {
  return Object.keys(object).every((key) => key !== '' && !key.includes('/'))
}

function keysOf(before: Json | undefined, after: Json | undefined): ReadonlySet<string> {
  return new Set([before, after].flatMap((side) => (isObject(side) ? Object.keys(side) : [])))
}

/** The field of an object; undefined when there is none, and of anything else. */
export function ownField(value: Json | undefined, key: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
}

/** Whether two fields are equal, or both are not there. */
export function isSame(a: Json | undefined, b: Json | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalJson(a, b)
}

/** As `isSame`, in steps. */
export function* isSameSteps(a: Json | undefined, b: Json | undefined): Generator<undefined, boolean> {
  return isScalar(a) || isScalar(b) ? a === b : yield* equalJsonSteps(a, b)
}

function isScalar(value: Json | undefined): value is undefined | null | boolean | number | string {
  return typeof value !== 'object' || value === null
}

/** Whether an edit only made or removed an empty object: with keys of others in it, the object stays. */
export function isExistence({ before, after }: Pick<LeafEdit, 'before' | 'after'>): boolean {
  const side = before ?? after
  return (before === undefined || after === undefined) && isObject(side) && Object.keys(side).length === 0
}
