import type { Json, JsonObject } from '../../../../core/json/json.ts'

/**
 * Operands and results: JSON, timestamps (bigint: milliseconds since 1970), types (one symbol for each name), and
 * lists.
 */
export type Value = Json | bigint | symbol | readonly Value[]

/**
 * An error in the sense of CEL: a missing field, an operand of the wrong type. Returned, not thrown, because it is
 * common.
 */
export const CEL_ERROR: undefined = undefined

export type EvalResult = Value | typeof CEL_ERROR

/** A compiled node of the expression. */
export type Evaluator = (scope: Scope) => EvalResult

/** The document that an expression is evaluated on. */
export interface WhereSubject {
  readonly path: string
  readonly id: string
  readonly value: Json
}

/** The state of one evaluation: the document, values of the variables of macros (the outermost first), steps left. */
export interface Scope extends WhereSubject {
  readonly items: Value[]
  steps: number
}

/** Step budget of one evaluation, beyond which the result is false. A step is about 10 ns, at most 50 ns. */
export const MAX_STEPS = 200_000

/** Takes `steps` from the budget. Throws when it is used up: unlike CEL_ERROR, that ends the whole evaluation. */
export function charge(scope: Scope, steps: number): void {
  scope.steps -= steps
  if (scope.steps < 0) throw new Error('The expression took more steps than allowed.')
}

/** Whether it is a list. (`Array.isArray` does not narrow readonly arrays.) */
export function isList(value: EvalResult): value is readonly Value[] {
  return Array.isArray(value)
}

/** Whether it is a map, CEL's word for an object of JSON. */
export function isMap(value: EvalResult): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
