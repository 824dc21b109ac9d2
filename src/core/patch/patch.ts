import type { Copies } from '../json/copies.ts'
import type { Patch } from '../database.ts'
import { badArgument } from '../error.ts'
import { isObject, type Json } from '../json/json.ts'
import { mergedFields, mergePatch } from '../json/merge-patch.ts'
import { exactValue } from '../json/value.ts'
import { runAtOnce } from '../json/value-steps.ts'
import { boundedFields } from '../json/written-fields.ts'
import type { Limits } from '../limits.ts'
import type { FieldPath } from '../json/field.ts'
import { applyJsonPatch, parseJsonPatch, type JsonPatchOperation } from './json-patch.ts'
import { operatorFields, operatorSteps, parseOperators, usesTime, type FieldOperator } from './operators.ts'
import type { PatchBudget } from './patch-error.ts'

/** A patch that was parsed and checked against the limits. */
export type ParsedPatch =
  | { readonly kind: 'merge'; readonly merge: Json }
  | { readonly kind: 'json'; readonly operations: readonly JsonPatchOperation[] }
  | { readonly kind: 'operators'; readonly operators: readonly FieldOperator[] }

/** The kind of a patch, and its unchecked value. Throws BAD_REQUEST. */
export function patchEntry(patch: Patch): readonly [kind: string, value: unknown] {
  const [entry, ...others] = Object.entries(patch).filter(([, value]) => value !== undefined) as [string, Json][]
  if (entry === undefined || others.length > 0) {
    throw badArgument('patch', 'A patch is exactly one of: merge, json, operators.')
  }
  return entry
}

/** Parses a patch. Throws BAD_REQUEST, INVALID_VALUE or TOO_LARGE, with `at` a pointer into it. */
export function parsePatch(patch: Patch, limits: Limits): ParsedPatch {
  const [kind, value] = patchEntry(patch)
  return parsePatchEntry(kind, exactValue(value, limits), limits)
}

/** Parses a patch whose value is exact. Throws as `parsePatch`. */
export function parsePatchEntry(kind: string, value: Json, limits: Limits): ParsedPatch {
  switch (kind) {
    case 'merge':
      return { kind, merge: value }
    case 'json':
      return { kind, operations: parseJsonPatch(value, limits) }
    case 'operators':
      return { kind, operators: parseOperators(value, limits) }
    default:
      throw badArgument('patch', `A patch is merge, json or operators, not ${kind.slice(0, 40)}.`)
  }
}

/** Number of operations of a patch: those of a JSON Patch count singly. */
export function patchOperations(patch: ParsedPatch): number {
  return patch.kind === 'json' ? Math.max(1, patch.operations.length) : 1
}

interface PatchContext {
  /** The time of the commit, RFC 3339. */
  readonly time: string
  readonly limits: Limits
  readonly copies: Copies
  readonly budget: PatchBudget
  /** The path of the patched value inside its document: prefix of the fields. */
  readonly place: FieldPath
}

/** The effect of a patch on a value. */
export interface Patched {
  /** Paths inside the document's value, bounded as in `Change.fields`; empty: the whole value. */
  readonly fields: readonly string[]
  /** Keys of the patched object that may be new; null when the patched value is replaced as a whole. */
  readonly names: readonly string[] | null
  /** Whether the value depends on the time of the commit. */
  readonly isTimed: boolean
  /** Computes the patched value; parts in `copies` change in place. */
  readonly apply: () => Json
  /** As `apply`, in steps. */
  readonly steps: () => Generator<undefined, Json>
}

/** An effect without `apply`, which runs its steps. */
type Effect = Omit<Patched, 'apply'>

/** Applies a patch to a value. Throws as `parsePatch`, and CONFLICT with `at` for a failing `test`. */
export function patched(target: Json, patch: ParsedPatch, context: PatchContext): Patched {
  const effect = effectOf(target, patch, context)
  return { ...effect, apply: () => runAtOnce(effect.steps()) }
}

function effectOf(target: Json, patch: ParsedPatch, context: PatchContext): Effect {
  const { place, copies } = context
  switch (patch.kind) {
    case 'merge':
      return {
        fields: mergedFields(patch.merge, target, place.join('/')),
        names: isObject(target) && isObject(patch.merge) ? Object.keys(patch.merge) : null,
        isTimed: false,
        steps: () => inOneStep(() => mergePatch(target, patch.merge, copies)),
      }
    case 'json': {
      const { value, fields } = applyJsonPatch(target, patch.operations, context.budget)
      return {
        fields: fieldTexts(place, fields),
        names: keysOf(fields),
        isTimed: false,
        steps: () => inOneStep(() => value),
      }
    }
    case 'operators':
      return {
        fields: fieldTexts(place, operatorFields(patch.operators)),
        names: keysOf(operatorFields(patch.operators)),
        isTimed: usesTime(patch.operators),
        steps: () => operatorSteps(target, patch.operators, context),
      }
  }
}

/** Computes a value in one step. */
function* inOneStep(compute: () => Json): Generator<undefined, Json> {
  const value = compute()
  yield
  return value
}

/** The first keys of the written fields; null when the whole value is one of them, or none is. */
function keysOf(fields: readonly FieldPath[]): readonly string[] | null {
  const keys = fields.map(([key]) => key)
  return keys.length === 0 || keys.includes(undefined) ? null : [...new Set(keys.filter((key) => key !== undefined))]
}

/** The fields as texts. A key that cannot be a segment (empty, or with a slash) is listed by the path above it. */
function fieldTexts(place: FieldPath, fields: readonly FieldPath[]): readonly string[] {
  const written = fields.length === 0 ? [[]] : fields
  return boundedFields(written.map((field) => [...place, ...segmentsOf(field)].join('/')))
}

function segmentsOf(field: FieldPath): FieldPath {
  const end = field.findIndex((key) => key === '' || key.includes('/'))
  return end < 0 ? field : field.slice(0, end)
}
