import type { FieldPath } from '../../../core/json/field.ts'
import { isObject, type Json, type JsonObject } from '../../../core/json/json.ts'
import { isExistence, isSame, isSameSteps, ownField, type LeafEdit } from './leaf-edits.ts'

/** How the reverted edits of a field are taken back, whatever the field is now. */
export interface Reversal {
  /** The newest edit of the field as a whole, with all that are older; null: there is none. */
  readonly whole: WholeReversal | null
  /** The edits of fields in it that are newer than `whole`; null: there are none. */
  readonly inside: InsideReversal | null
}

/** An edit of a field as a whole. Values are undefined where nothing is. */
export interface WholeReversal {
  readonly before: Json | undefined
  readonly after: Json | undefined
  /** `before`, with the older reverted edits taken back. */
  readonly result: Json | undefined
  /** The fields in `result` that stay as others wrote them. */
  readonly kept: readonly KeptField[]
  /** The field before all reverted edits. */
  readonly wanted: Json | undefined
}

/** The edits of fields in an object. */
interface InsideReversal {
  readonly fields: ReadonlyMap<string, Reversal>
  /** Whether the object was there before the oldest of them. */
  readonly wasThere: boolean
  /** Whether one of them made or removed the object. */
  readonly isExistence: boolean
  /** Whether one of them made or removed it empty. */
  readonly isEmptiness: boolean
}

/** A field that was written since, so that it stays. */
interface KeptField {
  /** No segment: the whole value. */
  readonly field: FieldPath
  /** The value before the reverted edits. */
  readonly wanted: Json | undefined
}

/** A value of which edits were taken back. */
export interface TakenBack {
  readonly value: Json | undefined
  /** The fields that went back. */
  readonly fields: readonly FieldPath[]
  /** None of them lies in another. */
  readonly kept: readonly KeptField[]
}

/** Edits, or fields, that are looked at in one step. */
const STEP_EDITS = 512

/** The reversal of edits, oldest first, that lie at or below one field; `depth`: its number of segments. In steps. */
function* reversalOf(edits: readonly LeafEdit[], depth: number): Generator<undefined, Reversal> {
  let whole: WholeReversal | null = null
  let inside: LeafEdit[] = []
  let count = 0
  for (const edit of edits) {
    if (edit.field.length > depth || isExistence(edit)) {
      inside.push(edit)
      continue
    }
    const older: Reversal = { whole, inside: yield* insideReversal(inside, depth) }
    const { value, kept } = yield* takeBack(older, edit.before)
    const wanted = yield* wantedOf(older, edit.before)
    whole = { before: edit.before, after: edit.after, result: value, kept, wanted }
    inside = []
    if (++count % STEP_EDITS === 0) yield
  }
  return { whole, inside: yield* insideReversal(inside, depth) }
}

/** As `reversalOf`, of edits inside an object, and of those that made or removed it empty; null: there are none. */
export function* insideReversal(edits: readonly LeafEdit[], depth = 0): Generator<undefined, InsideReversal | null> {
  const [oldest] = edits
  if (oldest === undefined) return null
  const byKey = new Map<string, LeafEdit[]>()
  let [isExistence, isEmptiness] = [false, false]
  for (const [i, edit] of edits.entries()) {
    const { field, parents } = edit
    const key = field[depth]
    if (key === undefined) isEmptiness = true
    else byKey.set(key, appended(byKey.get(key), edit))
    isExistence ||= key === undefined || Math.min(parents.before, parents.after) < depth
    if ((i + 1) % STEP_EDITS === 0) yield
  }
  const fields = new Map<string, Reversal>()
  for (const [key, group] of byKey) {
    fields.set(key, yield* reversalOf(group, depth + 1))
    if (fields.size % STEP_EDITS === 0) yield
  }
  const wasThere = oldest.field.length === depth ? oldest.before !== undefined : depth <= oldest.parents.before
  return { fields, wasThere, isExistence, isEmptiness }
}

function appended<T>(list: T[] | undefined, item: T): T[] {
  if (list === undefined) return [item]
  list.push(item)
  return list
}

/**
 * Takes edits back, in steps. A field that is as the newest edit left it becomes what it was before all of them, except
 * for what others wrote between them. One that is back already stays: there is nothing to do. Any other stays too, as a
 * conflict. Hence reverting twice equals reverting once: each field ends as `whole.result`, or as it was. `isBlocked`:
 * something else than an object stands above the field.
 */
export function* takeBack(
  { whole, inside }: Reversal,
  value: Json | undefined,
  isBlocked = false,
): Generator<undefined, TakenBack> {
  if (whole !== null && (yield* isSameSteps(value, whole.result))) return { value, fields: [], kept: whole.kept }
  const within = inside === null ? untouched(value) : yield* takeBackInside(inside, value, isBlocked)
  if (whole === null) return within
  if (!isBlocked && within.kept.length === 0 && (yield* isBack(whole, within.value))) {
    return { value: whole.result, fields: [[]], kept: whole.kept }
  }
  return { value, fields: [], kept: [{ field: [], wanted: whole.wanted }] }
}

/** Whether a value is as the newest edit left it, or as it was before that. */
function* isBack({ after, before }: WholeReversal, value: Json | undefined): Generator<undefined, boolean> {
  return (yield* isSameSteps(value, after)) || (yield* isSameSteps(value, before))
}

function untouched(value: Json | undefined): TakenBack {
  return { value, fields: [], kept: [] }
}

/** Takes back the edits in an object, in steps; one that they made goes, where nothing is left in it. */
export function* takeBackInside(
  inside: InsideReversal | null,
  value: Json | undefined,
  isBlocked = false,
): Generator<undefined, TakenBack> {
  if (inside === null) return untouched(value)
  const isOther = value !== undefined && !isObject(value)
  if (inside.isEmptiness && (isOther || (isBlocked && inside.wasThere))) {
    return { value, fields: [], kept: [{ field: [], wanted: yield* wantedInside(inside, undefined) }] }
  }
  const { parts, fields, kept } = yield* takeBackFields(inside, value, isBlocked || isOther)
  if (isBlocked || isOther || (fields.length === 0 && !inside.isExistence)) return { value, fields, kept }
  const object = withFields(value, parts)
  if (Object.keys(object).length > 0) return { value: parts.length === 0 ? value : object, fields, kept }
  const left = inside.wasThere ? {} : undefined
  return {
    value: left,
    fields: isSame(left, value) ? [] : left === undefined || fields.length === 0 ? [[]] : fields,
    kept,
  }
}

/** The fields of an object after their edits were taken back. */
interface TakenBackFields extends Pick<TakenBack, 'fields' | 'kept'> {
  /** The fields that changed. */
  readonly parts: readonly (readonly [string, Json | undefined])[]
}

function* takeBackFields(
  inside: InsideReversal,
  value: Json | undefined,
  isBlocked: boolean,
): Generator<undefined, TakenBackFields> {
  const [parts, fields, kept] = [[], [], []] as [[string, Json | undefined][], FieldPath[], KeptField[]]
  let count = 0
  for (const [key, field] of inside.fields) {
    const part = yield* takeBack(field, ownField(value, key), isBlocked)
    if (part.fields.length > 0) parts.push([key, part.value])
    for (const each of part.fields) {
      fields.push([key, ...each])
      if (++count % STEP_EDITS === 0) yield
    }
    for (const each of part.kept) {
      kept.push({ ...each, field: [key, ...each.field] })
      if (++count % STEP_EDITS === 0) yield
    }
    if (++count % STEP_EDITS === 0) yield
  }
  return { parts, fields, kept }
}

/** A value before all edits of a reversal, whatever others wrote between them; in steps. */
export function* wantedOf(
  { whole, inside }: Reversal,
  value: Json | undefined,
): Generator<undefined, Json | undefined> {
  return whole === null ? yield* wantedInside(inside, value) : whole.wanted
}

function* wantedInside(inside: InsideReversal | null, value: Json | undefined): Generator<undefined, Json | undefined> {
  if (inside === null || (value !== undefined && !isObject(value))) return value
  const fields: [string, Json | undefined][] = []
  for (const [key, field] of inside.fields) {
    fields.push([key, yield* wantedOf(field, ownField(value, key))])
    if (fields.length % STEP_EDITS === 0) yield
  }
  const object = withFields(value, fields)
  return Object.keys(object).length > 0 || inside.wasThere ? object : undefined
}

/** An object with other fields; undefined removes one. */
function withFields(
  value: JsonObject | undefined,
  fields: readonly (readonly [string, Json | undefined])[],
): JsonObject {
  const entries = new Map<string, Json>(Object.entries(value ?? {}))
  for (const [key, field] of fields) {
    if (field === undefined) entries.delete(key)
    else entries.set(key, field)
  }
  return Object.fromEntries(entries)
}
