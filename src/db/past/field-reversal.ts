import type { FieldPath } from '../../core/json/field.ts'
import { isObject, type Json, type JsonObject } from '../../core/json/json.ts'
import { isExistence, isSame, ownField, type LeafEdit } from './leaf-edits.ts'

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

/** Edits that are looked at in one step. */
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
    const { value, kept } = takeBack(older, edit.before)
    whole = { before: edit.before, after: edit.after, result: value, kept, wanted: wantedOf(older, edit.before) }
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
 * Takes edits back. A field that is as the newest edit left it becomes what it was before all of them, except for what
 * others wrote between them; one that is so already is done; any other stays, whole. So twice is once: each field ends
 * as `whole.result`, which is done, or as it was. `isBlocked`: something else than an object stands above the field.
 */
export function takeBack({ whole, inside }: Reversal, value: Json | undefined, isBlocked = false): TakenBack {
  if (whole !== null && isSame(value, whole.result)) return { value, fields: [], kept: whole.kept }
  const within = takeBackInside(inside, value, isBlocked)
  if (whole === null) return within
  const isBack = isSame(within.value, whole.after) || isSame(within.value, whole.before)
  if (isBack && !isBlocked && within.kept.length === 0) {
    return { value: whole.result, fields: [[]], kept: whole.kept }
  }
  return { value, fields: [], kept: [{ field: [], wanted: whole.wanted }] }
}

/** Takes back the edits in an object; one that they made goes, where nothing is left in it. */
export function takeBackInside(inside: InsideReversal | null, value: Json | undefined, isBlocked = false): TakenBack {
  if (inside === null) return { value, fields: [], kept: [] }
  const isOther = value !== undefined && !isObject(value)
  if (inside.isEmptiness && (isOther || (isBlocked && inside.wasThere))) {
    return { value, fields: [], kept: [{ field: [], wanted: wantedInside(inside, undefined) }] }
  }
  const parts = [...inside.fields].map(
    ([key, field]) => [key, takeBack(field, ownField(value, key), isBlocked || isOther)] as const,
  )
  const kept = parts.flatMap(([key, part]) => part.kept.map((each) => ({ ...each, field: [key, ...each.field] })))
  const fields = parts.flatMap(([key, part]) => part.fields.map((field) => [key, ...field]))
  if (isBlocked || isOther || (fields.length === 0 && !inside.isExistence)) return { value, fields, kept }
  const changed = parts.filter(([, part]) => part.fields.length > 0).map(([key, part]) => [key, part.value] as const)
  const object = withFields(value, changed)
  if (Object.keys(object).length > 0) return { value: changed.length === 0 ? value : object, fields, kept }
  const left = inside.wasThere ? {} : undefined
  return {
    value: left,
    fields: isSame(left, value) ? [] : left === undefined || fields.length === 0 ? [[]] : fields,
    kept,
  }
}

/** A value before all edits of a reversal, whatever others wrote between them. */
export function wantedOf({ whole, inside }: Reversal, value: Json | undefined): Json | undefined {
  return whole === null ? wantedInside(inside, value) : whole.wanted
}

function wantedInside(inside: InsideReversal | null, value: Json | undefined): Json | undefined {
  if (inside === null || (value !== undefined && !isObject(value))) return value
  const object = withFields(
    value,
    [...inside.fields].map(([key, field]) => [key, wantedOf(field, ownField(value, key))] as const),
  )
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
