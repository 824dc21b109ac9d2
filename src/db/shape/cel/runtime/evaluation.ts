import type { Json } from '../../../../core/json/json.ts'

/** What an expression works with: JSON, and what the CEL library makes of it. */
export type Value = null | boolean | number | string | Opaque | readonly Value[] | ValueMap

export interface ValueMap {
  readonly [key: string]: Value
}

/** A timestamp or a duration of the CEL library. It has no keys of its own, so that no field is found in it. */
export class Opaque {
  readonly #content: object

  constructor(content: object) {
    this.#content = content
  }

  get content(): object {
    return this.#content
  }
}

/** What CEL calls an error: a missing field, an operand of the wrong type. Given back, not thrown, for it is common. */
export const CEL_ERROR: unique symbol = Symbol('fault')

export type EvalResult = Value | typeof CEL_ERROR

/** A part of an expression, compiled. */
export type Evaluator = (scope: Scope) => EvalResult

/** What a compiled expression is run on. One per expression: running never waits, so it cannot be entered twice. */
export interface Scope {
  value: Json
  path: string
  id: string
  /** What the variables of the macros around stand for, the outermost first. */
  readonly items: Value[]
  /** Steps that may still be taken. */
  steps: number
}

/** What one run may cost, in steps of about 10 ns, of the dearest operations 50: what needs more ends as false. */
export const MAX_STEPS = 200_000

/** Thrown by `spend`: unlike a fault, nothing may go on after it. */
export const EXHAUSTED: Error = new Error('The expression took more steps than allowed.')

/** Takes `steps` from what the run may cost. Throws EXHAUSTED when there are none left. */
export function charge(scope: Scope, steps: number): void {
  scope.steps -= steps
  if (scope.steps < 0) throw EXHAUSTED
}

/** Whether it is a list. (`Array.isArray` does not narrow readonly arrays.) */
export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

/** Whether it is a map: what JSON calls an object. */
export function isMap(value: Value): value is ValueMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Opaque)
}
