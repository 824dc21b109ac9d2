import { Copies, setKey } from './copies.ts'
import { DatabaseError } from '../error.ts'
import { isObject, type Json } from './json.ts'
import { isArray } from './value.ts'

/** Segments inside a value: keys of objects, indexes of arrays. Empty: the whole value. */
export type FieldPath = readonly string[]

const INDEX = /^(0|[1-9][0-9]*)$/

/** Whether a segment is an index of an array: digits, without leading zeros. */
export function isIndex(segment: string): boolean {
  return INDEX.test(segment)
}

/**
 * Whether a version that wrote `fields` (see `Write.fields`) may have changed the field at `path`: a written field lies
 * at, above or below it, or the whole value was written.
 */
export function mayTouch(fields: readonly string[], path: FieldPath): boolean {
  if (fields.length === 0) return true
  const text = path.join('/')
  return fields.some((field) => field === text || text.startsWith(`${field}/`) || field.startsWith(`${text}/`))
}

/** The field of `value` at `path`; undefined when nothing is there. */
export function getField(value: Json, path: FieldPath): Json | undefined {
  let field: Json | undefined = value
  for (const segment of path) field = member(field, segment)
  return field
}

/** Whether no field has the name. An empty array does not count: it declares a collection. */
export function isFree(value: Json, name: string): boolean {
  const field = getField(value, [name])
  return field === undefined || isEmptyArray(field)
}

/** Whether a value is `[]`, which may declare a nested collection. */
export function isEmptyArray(value: Json | undefined): boolean {
  return isArray(value) && value.length === 0
}

/** `value` with `field` at `path`. */
export type SetField = (value: Json | undefined, path: FieldPath, field: Json) => Json

/** As `fieldSetter`, for one field. */
export const setField: SetField = (value, path, field) => fieldSetter(new Copies())(value, path, field)

/**
 * Sets fields of values. Unchanged parts are shared; objects in `copies` are changed in place. Missing parents become
 * objects; an array takes an index up to its length, which appends. Throws NOT_FOUND for any other index, and for a
 * path through a scalar or null.
 */
export function fieldSetter(copies: Copies): SetField {
  const set: SetField = (value, [segment, ...rest], field) => {
    if (segment === undefined) return field
    const child = set(member(value, segment), rest, field)
    if (isArray(value)) {
      const array = copies.array(value)
      array[indexIn(value, segment)] = child
      return array
    }
    if (value !== undefined && !isObject(value)) {
      const kind = value === null ? 'null' : `a ${typeof value}`
      throw notFound(`${kind} has no field ${JSON.stringify(segment)}; put an object in its place first`)
    }
    const object = copies.object(value)
    setKey(object, segment, child)
    return object
  }
  return set
}

function indexIn(array: readonly Json[], segment: string): number {
  const index = Number(segment)
  if (!INDEX.test(segment) || index > array.length) {
    throw notFound(
      `an array of ${array.length} elements takes an index from 0 to ${array.length}, not ${JSON.stringify(segment)}`,
    )
  }
  return index
}

/**
 * As `fieldSetter`, but without the field at `path`; later elements of an array move up. Undefined when there was no
 * field.
 */
export function deleteField(value: Json, path: FieldPath, copies: Copies = new Copies()): Json | undefined {
  const [segment, ...rest] = path
  const field = segment === undefined ? undefined : member(value, segment)
  if (segment === undefined || field === undefined) return undefined
  if (rest.length === 0) return withoutMember(copies, value, segment)
  const remaining = deleteField(field, rest, copies)
  return remaining === undefined ? undefined : fieldSetter(copies)(value, [segment], remaining)
}

function withoutMember(copies: Copies, value: Json, segment: string): Json {
  if (isArray(value)) {
    const array = copies.array(value)
    array.splice(Number(segment), 1)
    return array
  }
  if (!isObject(value)) return value
  const object = copies.object(value)
  delete object[segment]
  return object
}

/** The direct child of a value; own properties only, so that `toString` and `constructor` are ordinary keys. */
function member(value: Json | undefined, segment: string): Json | undefined {
  if (isArray(value)) return INDEX.test(segment) ? value[Number(segment)] : undefined
  return isObject(value) && Object.hasOwn(value, segment) ? value[segment] : undefined
}

function notFound(why: string): DatabaseError {
  return new DatabaseError('NOT_FOUND', `There is no place for the field: ${why}.`)
}
