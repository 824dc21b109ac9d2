import type { Copies } from '../json/copies.ts'
import { DatabaseError } from '../error.ts'
import { deleteField, fieldSetter, getField, type FieldPath } from '../json/field.ts'
import { isObject, type Json } from '../json/json.ts'
import { INEXACT } from '../json/number.ts'
import { isArray, jsonBytes } from '../json/value.ts'
import type { Limits } from '../limits.ts'
import { exactSum } from './exact-sum.ts'
import { isStructure, JsonSet } from './json-set.ts'
import { jsonPointer, kindOf, malformedPatch, misfit, type PatchBudget } from './patch-error.ts'
import { parseFieldKey } from './patch-field.ts'

/** Up to so many elements of a `$union` are looked for in the array, rather than the array be taken into a set. */
const FEW_ELEMENTS = 64

/** Elements that are looked at in one step. */
const STEP_ELEMENTS = 256

/** One operator with its argument. */
type Operator =
  | { readonly kind: '$inc' | '$min' | '$max'; readonly number: number }
  | { readonly kind: '$append' | '$union' | '$remove'; readonly elements: readonly Json[] }
  | { readonly kind: '$serverTime' }
  | { readonly kind: '$unset' }

/** An operator and the field of the patched value that it changes. */
export interface FieldOperator {
  readonly field: FieldPath
  /** JSON Pointer of the operator in the patch, for errors. */
  readonly at: string
  readonly operator: Operator
}

interface OperatorContext {
  /** The time of the commit, RFC 3339. */
  readonly time: string
  readonly copies: Copies
  readonly budget: PatchBudget
}

/**
 * Reads operators by field: `{ "stats/likes": { "$inc": 1 } }`; the key `""` is the patched value itself. Throws
 * BAD_REQUEST or INVALID_VALUE with `at`, a pointer into the patch.
 */
export function parseOperators(patch: Json, limits: Limits): readonly FieldOperator[] {
  if (!isObject(patch)) {
    throw malformedPatch('', `operators are an object such as {"likes": {"$inc": 1}}, not ${kindOf(patch)}`)
  }
  const operators = Object.entries(patch).map(([key, operation]) => parseFieldOperator(key, operation, limits))
  checkApart(operators)
  return operators
}

function parseFieldOperator(key: string, operation: Json, limits: Limits): FieldOperator {
  const field = parseFieldKey(key, limits)
  const [entry, ...others] = isObject(operation) ? Object.entries(operation) : []
  if (entry === undefined || others.length > 0) {
    throw malformedPatch(jsonPointer([key]), 'a field takes exactly one operator, such as {"$inc": 1}')
  }
  const [kind, argument] = entry
  const at = jsonPointer([key, kind])
  return { field, at, operator: parseOperator(kind, argument, at) }
}

function parseOperator(kind: string, argument: Json, at: string): Operator {
  switch (kind) {
    case '$inc':
    case '$min':
    case '$max':
      if (typeof argument !== 'number') throw misfit(at, `${kind} takes a number, not ${kindOf(argument)}`)
      return { kind, number: argument }
    case '$append':
    case '$union':
    case '$remove':
      if (!isArray(argument)) throw misfit(at, `${kind} takes an array of elements, not ${kindOf(argument)}`)
      return { kind, elements: argument }
    case '$unset':
    case '$serverTime':
      if (argument !== true) throw misfit(at, `${kind} takes true, nothing else`)
      return { kind }
    default:
      throw malformedPatch(at, 'operators are $inc, $min, $max, $append, $union, $remove, $unset and $serverTime')
  }
}

/** Throws BAD_REQUEST when one field lies in another: the result would depend on the order of the keys. */
function checkApart(operators: readonly FieldOperator[]): void {
  const keys = new Set(operators.map(({ field }) => field.join('/')))
  for (const { field, at } of operators) {
    for (let length = 0; length < field.length; length++) {
      const above = field.slice(0, length).join('/')
      if (!keys.has(above)) continue
      throw malformedPatch(at, `the field lies in ${JSON.stringify(above)}, which has an operator of its own`)
    }
  }
}

/** The fields of the patched value that operators write. */
export function operatorFields(operators: readonly FieldOperator[]): readonly FieldPath[] {
  return operators.map(({ field }) => field)
}

/** Whether the result depends on the time of the commit. */
export function usesTime(operators: readonly FieldOperator[]): boolean {
  return operators.some(({ operator }) => operator.kind === '$serverTime')
}

/**
 * The value after all operators, in steps; parts in `copies` change in place. Throws INVALID_VALUE with `at` where a
 * field is of the wrong kind or a sum is not exact, TOO_LARGE where it costs too much.
 */
export function* operatorSteps(
  target: Json,
  operators: readonly FieldOperator[],
  context: OperatorContext,
): Generator<undefined, Json> {
  let value = target
  for (const each of operators) {
    value = yield* applyOperator(value, each, context)
    yield
  }
  return value
}

function* applyOperator(value: Json, each: FieldOperator, context: OperatorContext): Generator<undefined, Json> {
  const { field, at, operator } = each
  const current = getField(value, field)
  if (operator.kind === '$unset') return current === undefined ? value : unset(value, each, context)
  const next = yield* resultOf(operator, current, { ...context, at })
  try {
    return fieldSetter(context.copies)(value, field, next)
  } catch (error) {
    // NOT_FOUND of a place that cannot hold a field.
    throw error instanceof DatabaseError ? misfit(at, `there is no place for ${field.join('/')} in the value`) : error
  }
}

function unset(value: Json, { field, at }: FieldOperator, { copies }: OperatorContext): Json {
  if (field.length === 0) throw misfit(at, 'the whole value cannot be unset; delete the document')
  if (isArray(getField(value, field.slice(0, -1)))) {
    throw misfit(at, 'an element of an array cannot be unset; take it out with $remove or a JSON Patch')
  }
  return deleteField(value, field, copies) ?? value
}

interface PlacedContext extends OperatorContext {
  readonly at: string
}

function* resultOf(
  operator: Exclude<Operator, { readonly kind: '$unset' }>,
  current: Json | undefined,
  context: PlacedContext,
): Generator<undefined, Json> {
  switch (operator.kind) {
    case '$inc':
      return increased(numberOr(current, 0, context), operator.number, context)
    case '$min':
      return Math.min(numberOr(current, operator.number, context), operator.number)
    case '$max':
      return Math.max(numberOr(current, operator.number, context), operator.number)
    case '$append':
      return appended(arrayOf(current, context), operator.elements, context)
    case '$union':
      return yield* united(arrayOf(current, context), operator.elements, context)
    case '$remove':
      return yield* without(arrayOf(current, context), operator.elements, context)
    case '$serverTime':
      return context.time
  }
}

function numberOr(current: Json | undefined, absent: number, { at }: PlacedContext): number {
  if (current === undefined) return absent
  if (typeof current !== 'number') throw misfit(at, `the field must be a number, and is ${kindOf(current)}`)
  return current
}

function arrayOf(current: Json | undefined, { at }: PlacedContext): readonly Json[] {
  if (current === undefined) return []
  if (!isArray(current)) throw misfit(at, `the field must be an array, and is ${kindOf(current)}`)
  return current
}

function increased(current: number, by: number, { at }: PlacedContext): number {
  const sum = exactSum(current, by)
  if (sum === null) throw misfit(at, `of the sum of ${current} and ${by}, ${INEXACT}`)
  return sum
}

function appended(array: readonly Json[], elements: readonly Json[], { copies }: PlacedContext): Json {
  const copy = copies.array(array)
  for (const element of elements) copy.push(element)
  return copy
}

function* united(
  array: readonly Json[],
  elements: readonly Json[],
  context: PlacedContext,
): Generator<undefined, Json> {
  yield* chargeScan(array, elements, context)
  const relevant = elements.length > FEW_ELEMENTS ? array : yield* among(array, elements)
  const present = yield* setOf(relevant)
  return appended(array, yield* selected(elements, (element) => present.add(element)), context)
}

/** The elements of an array that are among some others. */
function* among(array: readonly Json[], others: readonly Json[]): Generator<undefined, readonly Json[]> {
  const set = yield* setOf(others)
  return yield* selected(array, (element) => set.has(element))
}

function* without(
  array: readonly Json[],
  elements: readonly Json[],
  context: PlacedContext,
): Generator<undefined, Json> {
  yield* chargeScan(array, elements, context)
  const unwanted = yield* setOf(elements)
  return yield* selected(array, (element) => !unwanted.has(element))
}

function* setOf(elements: readonly Json[]): Generator<undefined, JsonSet> {
  const set = new JsonSet()
  yield* selected(elements, (element) => set.add(element))
  return set
}

function* selected(
  elements: readonly Json[],
  isSelected: (element: Json) => boolean,
): Generator<undefined, readonly Json[]> {
  const kept: Json[] = []
  for (const [i, element] of elements.entries()) {
    if (isSelected(element)) kept.push(element)
    if ((i + 1) % STEP_ELEMENTS === 0) yield
  }
  return kept
}

/** Scalars are compared at the cost of one look-up each, arrays and objects at that of a walk along them. */
function* chargeScan(
  array: readonly Json[],
  elements: readonly Json[],
  { budget, at }: PlacedContext,
): Generator<undefined, void> {
  if (!elements.some(isStructure)) return budget.charge(array.length, at)
  for (const [i, element] of array.entries()) {
    budget.charge(jsonBytes(element) + 1, at)
    if ((i + 1) % STEP_ELEMENTS === 0) yield
  }
}
