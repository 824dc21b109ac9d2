import fc from 'fast-check'
import type { Json, JsonObject } from '../../../src/core/json/json.ts'
import { equalJson } from '../../../src/core/json/value.ts'
import { Violations, type Verdict } from './verdict.ts'

export const ACTORS = ['ann', 'bob', 'eve'] as const
export type Actor = (typeof ACTORS)[number]

/** A write of a document; undefined as `value` removes the field, or the document where there is no field. */
export interface Step {
  readonly actor: Actor
  readonly field: readonly string[]
  readonly value: Json | undefined
}

/** One version of a document; `value` is undefined when it was deleted. */
export interface RecordedVersion {
  readonly version: number
  readonly actor: Actor
  readonly value: Json | undefined
}

/** A conflict, in the terms of one document. */
export interface FoundConflict {
  readonly field: readonly string[]
  readonly now: Json | undefined
  readonly wanted: Json | undefined
}

/** What became of a document when everything that `actor` did was reverted. */
export interface RecordedRevert {
  readonly history: readonly RecordedVersion[]
  readonly actor: Actor
  readonly after: Json | undefined
  readonly conflicts: readonly FoundConflict[]
}

const small: fc.Arbitrary<Json> = fc.constantFrom<Json>(0, 1, 2, 'x', null)
const leaf: fc.Arbitrary<Json> = fc.oneof(
  { weight: 6, arbitrary: small },
  { weight: 1, arbitrary: fc.constantFrom<Json>([], [1], {}, { x: 1 }, { x: 2, y: 1 }) },
)
const whole: fc.Arbitrary<Json> = fc.oneof(
  { weight: 5, arbitrary: fc.dictionary(fc.constantFrom('a', 'b', 'o'), leaf, { maxKeys: 3, noNullPrototype: true }) },
  { weight: 1, arbitrary: small },
)
const field = fc.constantFrom(['a'], ['b'], ['c'], ['o'], ['o', 'x'], ['o', 'y'], ['o', 'x', 'z'], ['p', 'q'])

/** Steps of three actors on one document; most of them write single fields. */
export const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof<fc.Arbitrary<Step>[]>(
    fc.record({ actor: fc.constantFrom(...ACTORS), field, value: fc.option(leaf, { freq: 5, nil: undefined }) }),
    fc.record({ actor: fc.constantFrom(...ACTORS), field, value: small }),
    fc.record({ actor: fc.constantFrom(...ACTORS), field, value: small }),
    fc.record({
      actor: fc.constantFrom(...ACTORS),
      field: fc.constant<readonly string[]>([]),
      value: fc.option(whole, { freq: 3, nil: undefined }),
    }),
  ),
  { minLength: 1, maxLength: 10 },
)

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The value after a step; null when the step is not possible. */
function afterStep(value: Json | undefined, { field: path, value: given }: Step): { value: Json | undefined } | null {
  const [key, ...rest] = path
  if (key === undefined) return { value: given }
  if (value !== undefined && !isObject(value)) return null
  const inner = value !== undefined && Object.hasOwn(value, key) ? value[key] : undefined
  const next = afterStep(inner, { actor: 'ann', field: rest, value: given })
  if (next === null || (next.value === undefined && inner === undefined)) return null
  const { [key]: _, ...others } = value ?? {}
  return { value: next.value === undefined ? others : { ...others, [key]: next.value } }
}

/** The versions that the possible ones of these steps make. */
export function historyOf(taken: readonly Step[]): readonly RecordedVersion[] {
  const versions: RecordedVersion[] = []
  for (const step of taken) {
    const before = versions.at(-1)?.value
    const next = afterStep(before, step)
    if (next === null || isSame(next.value, before)) continue
    versions.push({ version: versions.length + 1, actor: step.actor, value: next.value })
  }
  return versions
}

/** Leaves by path: what is no object, or an empty one; the whole value has the path ''. */
type Leaves = ReadonlyMap<string, Json>

function leavesOf(value: Json | undefined, path = ''): Leaves {
  if (value === undefined) return new Map()
  if (!isObject(value) || Object.keys(value).length === 0) return new Map([[path, value]])
  return new Map(
    Object.entries(value).flatMap(([key, part]) => [...leavesOf(part, path === '' ? key : `${path}/${key}`)]),
  )
}

const isSame = (a: Json | undefined, b: Json | undefined): boolean =>
  a === undefined || b === undefined ? a === b : equalJson(a, b)

/** One above the other, or both the same. */
const overlap = (a: string, b: string): boolean =>
  a === '' || b === '' || a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`)

/** A leaf that a version changed; '' when it made or deleted the document. */
interface Touch {
  readonly version: number
  readonly actor: Actor
  readonly path: string
}

function touchesOf(history: readonly RecordedVersion[]): readonly Touch[] {
  return history.flatMap(({ version, actor, value }, i) => {
    const before = history[i - 1]?.value
    if (before === undefined || value === undefined) return [{ version, actor, path: '' }]
    const [old, now] = [leavesOf(before), leavesOf(value)]
    const paths = [...new Set([...old.keys(), ...now.keys()])].filter((path) => !isSame(old.get(path), now.get(path)))
    return paths.map((path) => ({ version, actor, path }))
  })
}

/** The leaves after the edits of all but one actor, as if that one had never been; null: the document is not there. */
function replayWithout(history: readonly RecordedVersion[], actor: Actor): Map<string, Json> | null {
  let leaves: Map<string, Json> | null = null
  history.forEach(({ actor: writer, value }, i) => {
    if (writer === actor) return
    const before = leavesOf(history[i - 1]?.value)
    const after = leavesOf(value)
    if (value === undefined) return void (leaves = null)
    leaves ??= new Map()
    for (const path of new Set([...before.keys(), ...after.keys()])) {
      if (isSame(before.get(path), after.get(path))) continue
      for (const other of leaves.keys()) if (overlap(other, path)) leaves.delete(other)
      const leafAfter = after.get(path)
      if (leafAfter !== undefined) leaves.set(path, leafAfter)
    }
  })
  return leaves
}

/** Without empty objects, which come and go with the fields in them. */
function filled(leaves: Leaves): Leaves {
  return new Map([...leaves].filter(([, value]) => !isObject(value)))
}

/** Whether a later touch of another meets one of the actor's. */
function isTouchedSince(touches: readonly Touch[], actor: Actor, path: string): boolean {
  return touches.some(
    (mine) =>
      mine.actor === actor &&
      overlap(mine.path, path) &&
      touches.some(
        (other) =>
          other.actor !== actor &&
          other.version > mine.version &&
          overlap(mine.path, other.path) &&
          overlap(other.path, path),
      ),
  )
}

/** Judges the revert of everything that an actor did to one document. */
export function judgeRevert({ history, actor, after, conflicts }: RecordedRevert): Verdict {
  const violations = new Violations()
  const touches = touchesOf(history)
  const now = history.at(-1)?.value
  for (const conflict of conflicts) {
    const path = conflict.field.join('/')
    violations.unless(isTouchedSince(touches, actor, path), () => `conflict: nobody touched "${path}" after ${actor}`)
    violations.unless(!isSame(conflict.now, conflict.wanted), () => `conflict: "${path}" is what it should be`)
  }
  judgeOthers(violations, { touches, now, after, actor })
  const isMixed = touches.some(
    (mine) =>
      mine.actor === actor &&
      touches.some((other) => other.actor !== actor && other.version > mine.version && overlap(mine.path, other.path)),
  )
  if (isMixed) return violations.verdict()
  violations.unless(conflicts.length === 0, () => `unmixed: there are conflicts`)
  const expected = replayWithout(history, actor)
  violations.unless((expected === null) === (after === undefined), () => 'unmixed: the document is there, or is not')
  const [mine, theirs] = [filled(leavesOf(after)), filled(expected ?? new Map())]
  for (const path of new Set([...mine.keys(), ...theirs.keys()])) {
    violations.unless(
      isSame(mine.get(path), theirs.get(path)),
      () => `unmixed: "${path}" is not what the others made of it`,
    )
  }
  return violations.verdict()
}

interface OthersRun {
  readonly touches: readonly Touch[]
  readonly now: Json | undefined
  readonly after: Json | undefined
  readonly actor: Actor
}

/** What the actor never touched is as it was, and so is a leaf of which the last writer is another. */
function judgeOthers(violations: Violations, { touches, now, after, actor }: OthersRun): void {
  if (now === undefined || after === undefined) return
  const [old, left] = [leavesOf(now), leavesOf(after)]
  for (const [path, value] of filled(old)) {
    const isMine = touches.some((touch) => touch.actor === actor && overlap(touch.path, path))
    if (!isMine) violations.unless(isSame(left.get(path), value), () => `others: "${path}" was changed`)
  }
}
