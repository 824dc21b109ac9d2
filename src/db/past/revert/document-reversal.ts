import { isFree, type FieldPath } from '../../../core/json/field.ts'
import { isObject, type Json } from '../../../core/json/json.ts'
import {
  insideReversal,
  takeBack,
  takeBackInside,
  wantedOf,
  type Reversal,
  type TakenBack,
  type WholeReversal,
} from './field-reversal.ts'
import { isExistence, isSameSteps, leafEditSteps, ownField, type LeafEdit } from './leaf-edits.ts'

/** A version that is taken back, with what it changed. */
export type RevertedVersion =
  | { readonly kind: 'NEW'; readonly version: number }
  | { readonly kind: 'UPDATE'; readonly version: number; readonly edits: readonly LeafEdit[] }
  | { readonly kind: 'DELETE'; readonly version: number; readonly before: Json }

/** How the reverted versions of a document are taken back, whatever it is now. */
export interface DocumentReversal extends Reversal {
  /** The version of `whole`, when it made or deleted the document. */
  readonly life: { readonly kind: 'NEW' | 'DELETE'; readonly version: number } | null
  /** How many of the reverted versions are newer than `whole`. */
  readonly newer: number
}

/** A document as it is now. */
interface PresentDocument {
  /** Number of its newest version; 0: it has none. */
  readonly version: number
  /** Undefined when it is deleted or never was. */
  readonly value: Json | undefined
  /** Whether a nested collection has the name of a field, which so does not come back; default: none has. */
  readonly isTaken?: (name: string) => boolean
}

/** A field that was written since, so that it stays; no segment: the whole document. */
export interface KeptValue {
  readonly field: FieldPath
  /** The value that stays there; undefined: nothing. */
  readonly now: Json | undefined
  /** The value before the reverted versions. */
  readonly wanted: Json | undefined
}

/** A document after its versions were taken back. */
export interface RevertedState {
  /** Undefined: it is not there. */
  readonly value: Json | undefined
  /** The fields that went back. */
  readonly fields: readonly FieldPath[]
  readonly kept: readonly KeptValue[]
}

/** Fields that are looked at in one step. */
const STEP_FIELDS = 512

/** The reversal of versions of one document, given newest first, in steps. Pure. */
export function* documentReversal(versions: readonly RevertedVersion[]): Generator<undefined, DocumentReversal> {
  const compiling = new DocumentCompiling()
  for (const version of versions.toReversed()) yield* compiling.add(version)
  return yield* compiling.reversal()
}

/**
 * Takes the versions of a document back on its present state, in steps. A document that they made goes, unless another
 * version was written since; one that they deleted comes back, unless something is there. Pure.
 */
export function* takeBackDocument(
  reversal: DocumentReversal,
  present: PresentDocument,
): Generator<undefined, RevertedState> {
  const { value, fields, kept } = yield* takenBack(reversal, present)
  const different: KeptValue[] = []
  for (const [i, { field, wanted }] of kept.entries()) {
    const now = fieldAt(value, field)
    if (yield* isDifferent(now, wanted)) different.push({ field, wanted, now })
    if ((i + 1) % STEP_FIELDS === 0) yield
  }
  return { value, fields, kept: different }
}

function* takenBack(reversal: DocumentReversal, present: PresentDocument): Generator<undefined, TakenBack> {
  const { version, value } = present
  const { whole, inside, life, newer } = reversal
  const isGone = value === undefined
  if (whole === null || life === null) return yield* takeBack(reversal, value, isGone)
  if (yield* isResult(whole.result, present)) return { value: whole.result, fields: [], kept: whole.kept }
  const within = yield* takeBackInside(inside, value, isGone)
  const isBack = life.kind === 'NEW' ? version <= life.version + newer : yield* isSameSteps(within.value, whole.before)
  if (isGone || isBack) return { value: whole.result, fields: [[]], kept: whole.kept }
  const kept = [{ field: [], wanted: whole.wanted }]
  return life.kind === 'NEW' ? { ...within, kept } : { value, fields: [], kept }
}

/** Whether a document is what its reverted versions leave, but for fields whose names are taken. */
function* isResult(result: Json | undefined, { value, isTaken }: PresentDocument): Generator<undefined, boolean> {
  if (!isObject(value) || !isObject(result) || isTaken === undefined) return yield* isSameSteps(value, result)
  const left = Object.entries(result).flatMap(([name, field]): (readonly [string, Json])[] => {
    if (isFree(result, name) || !isTaken(name) || !isFree(value, name)) return [[name, field]]
    // The field does not come back; an empty array of the collection's name stays.
    const present = ownField(value, name)
    return present === undefined ? [] : [[name, present]]
  })
  return yield* isSameSteps(value, Object.fromEntries(left))
}

/** Puts the reversal of a document's versions together, given oldest first. */
class DocumentCompiling {
  #whole: WholeReversal | null = null
  #life: DocumentReversal['life'] = null
  #edits: LeafEdit[] = []
  #newer = 0;

  *reversal(): Generator<undefined, DocumentReversal> {
    const inside = yield* insideReversal(this.#edits)
    return { whole: this.#whole, life: this.#life, newer: this.#newer, inside }
  }

  *add(version: RevertedVersion): Generator<undefined, void> {
    switch (version.kind) {
      case 'NEW':
        return yield* this.#addWhole(version, undefined, undefined)
      case 'DELETE':
        return yield* this.#addWhole(version, version.before, undefined)
      case 'UPDATE': {
        const [edit] = version.edits
        if (edit?.field.length === 0) return yield* this.#addWhole(version, edit.before, edit.after)
        this.#newer++
        for (const [i, each] of version.edits.entries()) {
          this.#edits.push(each)
          if ((i + 1) % STEP_FIELDS === 0) yield
        }
      }
    }
  }

  *#addWhole(
    { kind, version }: RevertedVersion,
    before: Json | undefined,
    after: Json | undefined,
  ): Generator<undefined, void> {
    const older = yield* this.reversal()
    const { value, kept } = yield* takenBack(older, { version: version - 1, value: before })
    this.#whole = { before, after, result: value, kept, wanted: yield* wantedOf(older, before) }
    this.#life = kind === 'UPDATE' ? null : { kind, version }
    this.#edits = []
    this.#newer = 0
    yield
  }
}

/** Whether what stays differs from what is wanted, in more than empty objects. */
function* isDifferent(now: Json | undefined, wanted: Json | undefined): Generator<undefined, boolean> {
  if (now === undefined || wanted === undefined) return now !== wanted
  return !(yield* leafEditSteps(now, wanted)).every(isExistence)
}

function fieldAt(value: Json | undefined, field: FieldPath): Json | undefined {
  return field.reduce<Json | undefined>((part, key) => ownField(part, key), value)
}
