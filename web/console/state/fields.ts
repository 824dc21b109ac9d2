import { isObject, type Json } from '../../../src/core/json/json.ts'

/** A value inside of a value. `path`: as `get` takes it behind the document's. */
export interface Field {
  readonly path: string
  readonly value: Json
  /** Whether a write can name it: no key of its path is empty or has a slash. */
  readonly isNamed: boolean
}

const MOST_FIELDS = 500

/** The innermost fields of a value, in its order; an array is one. `left`: there are more than are listed. */
export function fieldsOf(value: Json): { readonly fields: readonly Field[]; readonly left: boolean } {
  const fields: Field[] = []
  const walk = (inner: Json, { path, isNamed }: Omit<Field, 'value'>): void => {
    if (fields.length > MOST_FIELDS) return
    const entries = isObject(inner) ? Object.entries(inner) : []
    if (entries.length === 0) fields.push({ path, value: inner, isNamed })
    for (const [key, child] of entries) {
      const isPlain = isNamed && key !== '' && !key.includes('/')
      walk(child, { path: path === '' ? key : `${path}/${key}`, isNamed: isPlain })
    }
  }
  walk(value, { path: '', isNamed: true })
  return { fields: fields.slice(0, MOST_FIELDS), left: fields.length > MOST_FIELDS }
}
