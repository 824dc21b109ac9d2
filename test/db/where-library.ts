import type { Json } from '../../src/core/json/json.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { parseExpression } from '../../src/db/shape/cel/syntax.ts'
import type { WhereSubject } from '../../src/db/shape/cel/where.ts'

/** JSON as the library takes it: objects as maps, for in them every key is data. */
function native(value: Json): unknown {
  if (Array.isArray(value)) return value.map((element: Json) => native(element))
  if (typeof value !== 'object' || value === null) return value
  return new Map(Object.entries(value).map(([key, field]) => [key, native(field as Json)]))
}

/** What the CEL library, alone, says of the expression. 'refused': it is false to its types, whatever the value is. */
export function byLibrary(text: string, params: Json): (subject: WhereSubject) => boolean | 'refused' {
  const parsed = parseExpression(text, LIMITS)
  const { valid, type } = parsed.check()
  if (!valid || (type !== 'bool' && type !== 'dyn')) return () => 'refused'
  return ({ value, path, id }) => {
    try {
      return parsed({ value: native(value), params: native(params), path, id }) === true
    } catch {
      return false
    }
  }
}
