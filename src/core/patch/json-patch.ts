import { Copies } from '../json/copies.ts'
import { DatabaseError } from '../error.ts'
import { deleteField, fieldSetter, getField, isIndex, type FieldPath } from '../json/field.ts'
import { isObject, type Json, type JsonObject } from '../json/json.ts'
import { equalJson, isArray } from '../json/value.ts'
import type { Limits } from '../limits.ts'
import { jsonPointer, kindOf, malformedPatch, misfit, type PatchBudget } from './patch-error.ts'
import { parsePointer } from './patch-field.ts'

/** One operation of a JSON Patch (RFC 6902); `at` is its place in the patch. */
export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly at: string; readonly path: FieldPath; readonly value: Json }
  | { readonly op: 'remove'; readonly at: string; readonly path: FieldPath }
  | TransferOperation<'move'>
  | TransferOperation<'copy'>

interface TransferOperation<Op extends 'move' | 'copy'> {
  readonly op: Op
  readonly at: string
  readonly path: FieldPath
  readonly from: FieldPath
}

/** Reads a JSON Patch: an array of operations. Throws BAD_REQUEST, INVALID_VALUE or TOO_LARGE with `at`. */
export function parseJsonPatch(patch: Json, limits: Limits): readonly JsonPatchOperation[] {
  if (!isArray(patch)) throw malformedPatch('', `a JSON Patch is an array of operations, not ${kindOf(patch)}`)
  return patch.map((operation, i) => parseOperation(operation, jsonPointer([i]), limits))
}

function parseOperation(operation: Json, at: string, limits: Limits): JsonPatchOperation {
  if (!isObject(operation)) throw malformedPatch(at, `an operation is an object, not ${kindOf(operation)}`)
  const path = pointerIn(operation, 'path', { at, limits })
  const op = opIn(operation, at)
  switch (op) {
    case 'add':
    case 'replace':
    case 'test': {
      const value = own(operation, 'value')
      if (value === undefined) throw malformedPatch(at, `${op} needs a value`)
      return { op, at, path, value }
    }
    case 'remove':
      return { op, at, path }
    case 'move':
    case 'copy':
      return { op, at, path, from: pointerIn(operation, 'from', { at, limits }) }
  }
}

const OPS: readonly JsonPatchOperation['op'][] = ['add', 'remove', 'replace', 'move', 'copy', 'test']

function opIn(operation: JsonObject, at: string): JsonPatchOperation['op'] {
  const given = own(operation, 'op')
  const op = OPS.find((each) => each === given)
  if (op === undefined) throw malformedPatch(`${at}/op`, `op is one of ${OPS.join(', ')}`)
  return op
}

function pointerIn(
  operation: JsonObject,
  member: 'path' | 'from',
  { at, limits }: { readonly at: string; readonly limits: Limits },
): FieldPath {
  const pointer = own(operation, member)
  if (typeof pointer !== 'string') throw malformedPatch(at, `${member} must be a JSON Pointer, such as "/title"`)
  return parsePointer(pointer, `${at}/${member}`, limits)
}

function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

/** A patched value, and the fields that were written: the whole array where an element came or went. */
export interface JsonPatched {
  readonly value: Json
  readonly fields: readonly FieldPath[]
}

/**
 * Applies a JSON Patch; `target` stays as it is. Throws CONFLICT for a failing `test`, INVALID_VALUE for a path that is
 * not there, TOO_LARGE for what costs too much, each with `at`. (docs/adr/0009-json-patches-by-our-own-code.md)
 */
export function applyJsonPatch(
  target: Json,
  operations: readonly JsonPatchOperation[],
  budget: PatchBudget,
): JsonPatched {
  const patching = new JsonPatching(target, budget)
  for (const operation of operations) patching.apply(operation)
  return { value: patching.value, fields: patching.fields }
}

class JsonPatching {
  readonly #budget: PatchBudget
  /** Own copies: the target, and the values of the operations, are never changed. */
  readonly #copies = new Copies()
  readonly fields: FieldPath[] = []
  value: Json

  constructor(target: Json, budget: PatchBudget) {
    this.value = target
    this.#budget = budget
  }

  apply(operation: JsonPatchOperation): void {
    switch (operation.op) {
      case 'add':
        return this.#add(operation, operation.value)
      case 'replace':
        this.#present(operation, operation.path, 'path')
        return this.#set(operation.path, operation.value, operation.path)
      case 'remove':
        return void this.#remove(operation, operation.path, 'path')
      case 'move':
        return this.#move(operation)
      case 'copy':
        return this.#add(operation, this.#copyOf(operation))
      case 'test':
        return this.#test(operation, operation.value)
    }
  }

  #add({ at, path }: JsonPatchOperation, value: Json): void {
    if (path.length === 0) return this.#set(path, value, path)
    const parentPath = path.slice(0, -1)
    const parent = getField(this.value, parentPath)
    if (isObject(parent)) return this.#set(path, value, path)
    if (!isArray(parent)) throw misfit(`${at}/path`, `above it there is ${kindOf(parent)}, which holds no fields`)
    const index = path.at(-1) === '-' ? parent.length : indexOf(path)
    if (index > parent.length) throw misfit(`${at}/path`, `the array takes an index from 0 to ${parent.length}, or -`)
    const array = this.#copies.array(parent)
    array.splice(index, 0, value)
    this.#set(parentPath, array, parentPath)
  }

  #remove({ at }: JsonPatchOperation, path: FieldPath, member: 'path' | 'from'): Json {
    const removed = this.#present({ at }, path, member)
    if (path.length === 0) throw misfit(`${at}/${member}`, 'the whole value cannot be removed; delete the document')
    const parent = path.slice(0, -1)
    this.fields.push(isArray(getField(this.value, parent)) ? parent : path)
    this.value = deleteField(this.value, path, this.#copies) ?? null
    return removed
  }

  #move(operation: TransferOperation<'move'>): void {
    const { at, path, from } = operation
    if (path.length > from.length && from.every((key, i) => path[i] === key)) {
      throw misfit(`${at}/path`, 'a value cannot be moved into itself')
    }
    if (path.length === from.length && from.every((key, i) => path[i] === key)) {
      return void this.#present(operation, from, 'from')
    }
    if (path.length === 0) return this.#set(path, this.#present(operation, from, 'from'), path)
    this.#add(operation, this.#remove(operation, from, 'from'))
  }

  /** A deep copy: `Copies` must not hold one object in two places. */
  #copyOf({ at, from }: TransferOperation<'copy'>): Json {
    const text = JSON.stringify(this.#present({ at }, from, 'from'))
    this.#budget.charge(text.length, at)
    return JSON.parse(text) as Json
  }

  #test({ at, path }: JsonPatchOperation, expected: Json): void {
    const value = this.#present({ at }, path, 'path')
    if (equalJson(value, expected)) return
    throw new DatabaseError(
      'CONFLICT',
      `The test at ${JSON.stringify(at)} of the patch fails: another value is there.`,
      {
        at,
        value,
      },
    )
  }

  /** The value at a path. Throws INVALID_VALUE when nothing is there. */
  #present({ at }: { readonly at: string }, path: FieldPath, member: 'path' | 'from'): Json {
    const value = getField(this.value, path)
    if (value === undefined) throw misfit(`${at}/${member}`, 'nothing is there')
    return value
  }

  #set(path: FieldPath, value: Json, written: FieldPath): void {
    this.fields.push(written)
    this.value = fieldSetter(this.#copies)(this.value, path, value)
  }
}

/** The index that the last segment of a path names; Infinity when it is none. */
function indexOf(path: FieldPath): number {
  const segment = path.at(-1) ?? ''
  return isIndex(segment) ? Number(segment) : Infinity
}
