import { runAtOnce } from '../json/value-steps.ts'
import jsonPatch from 'fast-json-patch'
import { isObject, type Json, type JsonObject } from '../json/json.ts'
import { isArray } from '../json/value.ts'

/** An operation of a JSON Patch (RFC 6902), as a diff has it. `path` is a JSON Pointer (RFC 6901). */
export type Difference =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string }

/** Nodes of two values that are compared in one step: about a millisecond when all of them differ. */
const STEP_NODES = 1_000

interface DiffBounds {
  readonly operations: number
  /** UTF-16 units of the paths of all operations: a path may be as long as 64 keys. */
  readonly pathUnits: number
}

/** Bounds of one diff: beyond them, one `replace` of the root says the same in less. */
export const DIFF_BOUNDS: DiffBounds = { operations: 10_000, pathUnits: 4_194_304 }

/**
 * The differences of two values, in steps of about a millisecond: applied in order, they turn `from` into `to`.
 * Undefined: nothing is there. Beyond the bounds the result is one `replace` of the root. Values are shared with `to`.
 */
export function* diffSteps(
  from: Json | undefined,
  to: Json | undefined,
  bounds: DiffBounds = DIFF_BOUNDS,
): Generator<undefined, readonly Difference[]> {
  if (from === undefined) return to === undefined ? [] : [{ op: 'add', path: '', value: to }]
  if (to === undefined) return [{ op: 'remove', path: '' }]
  const differences: Difference[] = []
  let pathUnits = 0
  for (const step of compareSteps(from, to, '')) {
    differences.push(...step)
    pathUnits += step.reduce((sum, { path }) => sum + path.length, 0)
    if (differences.length > bounds.operations || pathUnits > bounds.pathUnits) {
      return [{ op: 'replace', path: '', value: to }]
    }
    yield
  }
  return differences
}

/** As `diffSteps`, at once. */
export function diffJson(from: Json | undefined, to: Json | undefined, bounds?: DiffBounds): readonly Difference[] {
  return runAtOnce(diffSteps(from, to, bounds))
}

/** The differences at and below a path, in order; a step takes bounded time, and may be empty. */
function* compareSteps(from: Json, to: Json, path: string): Generator<readonly Difference[]> {
  if (from === to) return
  const isSmall = countNodes(to, countNodes(from, STEP_NODES)) > 0
  if (isArray(from) && isArray(to)) {
    yield* isSmall ? [comparedAt(path, from, to)] : arraySteps(from, to, path)
  } else if (isObject(from) && isObject(to)) {
    yield* isSmall ? [comparedAt(path, from, to)] : objectSteps(from, to, path)
  } else yield [{ op: 'replace', path, value: to }]
}

function* arraySteps(from: readonly Json[], to: readonly Json[], path: string): Generator<readonly Difference[]> {
  // A step of its own, as children that are equal make none.
  yield []
  const common = Math.min(from.length, to.length)
  for (let i = 0; i < common; i++) {
    const [before, after] = [from[i] ?? null, to[i] ?? null]
    if (before !== after) yield* compareSteps(before, after, `${path}/${i}`)
  }
  // From the end, so that no removal moves an element that another one names.
  for (let i = from.length - 1; i >= common; i--) yield [{ op: 'remove', path: `${path}/${i}` }]
  for (let i = common; i < to.length; i++) yield [{ op: 'add', path: `${path}/${i}`, value: to[i] ?? null }]
}

function* objectSteps(from: JsonObject, to: JsonObject, path: string): Generator<readonly Difference[]> {
  yield []
  const at = (key: string): string => `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
  for (const [key, value] of Object.entries(from)) {
    if (!Object.hasOwn(to, key)) yield [{ op: 'remove', path: at(key) }]
    else yield* compareSteps(value, to[key] ?? null, at(key))
  }
  for (const [key, value] of Object.entries(to)) {
    if (!Object.hasOwn(from, key)) yield [{ op: 'add', path: at(key), value }]
  }
}

/** `budget` less the number of nodes of a value; counts no further than to zero. */
function countNodes(value: Json, budget: number): number {
  let left = budget - 1
  if (typeof value !== 'object' || value === null) return left
  const children: readonly Json[] = isArray(value) ? value : Object.values(value)
  for (const child of children) {
    if (left <= 0) return left
    left = countNodes(child, left)
  }
  return left
}

/** The result of `compare` of fast-json-patch, which takes two objects or two arrays. */
function comparedAt(path: string, from: object, to: object): readonly Difference[] {
  const found = jsonPatch.compare(from, to) as readonly Difference[]
  return path === '' ? found : found.map((difference) => ({ ...difference, path: path + difference.path }))
}
