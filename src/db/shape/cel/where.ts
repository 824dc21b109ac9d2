import { DatabaseError } from '../../../core/error.ts'
import { isObject, type Json, type JsonObject } from '../../../core/json/json.ts'
import { LIMITS, tooLarge, type Limits } from '../../../core/limits.ts'
import { jsonBytes } from '../../../core/json/value.ts'
import { compile } from './compile.ts'
import { equalitiesOf, type Equality } from './equalities.ts'
import { MAX_STEPS, type Evaluator, type WhereSubject } from './runtime/evaluation.ts'
import { checkTypes, parseExpression } from './syntax.ts'

export type { Equality, WhereSubject }

/** A compiled expression in a subset of CEL (https://github.com/google/cel-spec/blob/master/doc/langdef.md). */
export interface Where {
  /**
   * Whether it is true of the subject; an error, a missing field and a cost over MAX_STEPS make it false. Pure, never
   * throws.
   */
  readonly test: (subject: WhereSubject) => boolean
  /** Its equality conjuncts at the top level (constants of literals and of params). */
  readonly equalities: readonly Equality[]
}

/**
 * Compiles `text`, an expression over `value`, `params`, `path` and `id`. Throws BAD_EXPRESSION { position } (0-based,
 * in UTF-16 units of the text), TOO_LARGE (expressionBytes, expressionNodes, expressionDepth, params, paramsBytes),
 * BAD_REQUEST (argument `params`) when they are no object.
 */
export function compileWhere(text: string, params: Json | undefined, limits: Limits = LIMITS): Where {
  const names = { params: paramsOf(params, limits), locals: [], tally: { nodes: 0 } }
  const parsed = parseExpression(text, limits)
  const code = compile(parsed.ast, names)
  checkTypes(parsed, limits)
  return { test: (subject) => isTrue(code, subject), equalities: equalitiesOf(parsed.ast, names) }
}

function paramsOf(params: Json | undefined, limits: Limits): JsonObject {
  if (params === undefined) return {}
  if (!isObject(params)) {
    const message = 'The params are not an object: send the values of an expression by name, such as { "min": 10 }.'
    throw new DatabaseError('BAD_REQUEST', message, { argument: 'params' })
  }
  const count = Object.keys(params).length
  if (count > limits.params) throw tooLarge('params', limits.params, `${count} params were given`)
  const bytes = jsonBytes(params)
  if (bytes > limits.paramsBytes) {
    throw tooLarge('paramsBytes', limits.paramsBytes, `The params have ${bytes} bytes as compact JSON`)
  }
  return params
}

function isTrue(code: Evaluator, { value, path, id }: WhereSubject): boolean {
  try {
    return code({ value, path, id, items: [], steps: MAX_STEPS }) === true
  } catch {
    return false // out of steps; any other exception must not end a feed either
  }
}
