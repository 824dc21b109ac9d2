import { DatabaseError } from '../../../core/error.ts'
import { isObject, type Json, type JsonObject } from '../../../core/json/json.ts'
import { LIMITS, tooLarge, type Limits } from '../../../core/limits.ts'
import { jsonBytes } from '../../../core/json/value.ts'
import { compile } from './compile.ts'
import { equalitiesOf, type Equality } from './equalities.ts'
import { MAX_STEPS, type Evaluator, type Scope } from './runtime/evaluation.ts'
import { checkTypes, parseExpression } from './syntax.ts'

export type { Equality }

/** What an expression is evaluated on. */
export interface WhereSubject {
  readonly path: string
  readonly id: string
  readonly value: Json
}

/** An expression in CEL (https://github.com/google/cel-spec/blob/master/doc/langdef.md), ready to be evaluated. */
export interface Where {
  /**
   * Whether it is true of the subject; errors and missing fields make it false, and so does a cost beyond MAX_STEPS.
   * Pure, never throws.
   */
  readonly test: (subject: WhereSubject) => boolean
  /** Its equality conjuncts at the top level (constants of literals and of params). */
  readonly equalities: readonly Equality[]
}

/**
 * Compiles `text`, an expression over `value`, `params`, `path` and `id`. Throws BAD_EXPRESSION { position } (0-based, in
 * UTF-16 units of the text), TOO_LARGE (expressionBytes, expressionNodes, expressionDepth, params, paramsBytes), BAD_REQUEST
 * (argument `params`) when they are no object.
 */
export function compileWhere(text: string, params: Json | undefined, limits: Limits = LIMITS): Where {
  const names = { params: paramsOf(params, limits), locals: [] }
  const parsed = parseExpression(text, limits)
  const code = compile(parsed.ast, names)
  checkTypes(parsed, limits)
  return { test: testOf(code), equalities: equalitiesOf(parsed.ast, names) }
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
  if (bytes > limits.paramsBytes) throw tooLarge('paramsBytes', limits.paramsBytes, `The params have ${bytes} bytes as compact JSON`)
  return params
}

function testOf(code: Evaluator): Where['test'] {
  const scope: Scope = { value: null, path: '', id: '', items: [], steps: 0 }
  return (subject) => {
    scope.value = subject.value
    scope.path = subject.path
    scope.id = subject.id
    scope.steps = MAX_STEPS
    const verdict = isTrue(code, scope)
    // What was tested is not held in memory by an expression that waits.
    scope.value = null
    if (scope.items.length > 0) scope.items.length = 0
    return verdict
  }
}

function isTrue(code: Evaluator, scope: Scope): boolean {
  try {
    return code(scope) === true
  } catch {
    // Out of steps. A feed must not end over whatever else it might be: it does not match.
    return false
  }
}
