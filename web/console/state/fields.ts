import { isObject, type Json } from '../../../src/core/json/json.ts'

/** A value inside of a value. `path`: as `get` takes it behind the document's. */
export interface Field {
  readonly path: string
  readonly value: Json
}

const MOST_FIELDS = 500

/** The innermost values of a value, in its order. `left`: there are more than are listed. */
export function fieldsOf(value: Json): { readonly fields: readonly Field[]; readonly left: boolean } {
  const fields: Field[] = []
  const walk = (inner: Json, path: string): void => {
    if (fields.length > MOST_FIELDS) return
    const entries = isObject(inner) || Array.isArray(inner) ? Object.entries(inner as object) : []
    if (entries.length === 0) fields.push({ path, value: inner })
    for (const [key, child] of entries) walk(child as Json, path === '' ? key : `${path}/${key}`)
  }
  walk(value, '')
  return { fields: fields.slice(0, MOST_FIELDS), left: fields.length > MOST_FIELDS }
}
