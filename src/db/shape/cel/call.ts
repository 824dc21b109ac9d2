import { CEL_ERROR, type Evaluator, type EvalResult, type Scope, type Value } from './runtime/evaluation.ts'
import { callHint } from './hints.ts'
import { callLibrary, converted, programOf, timestamp } from './runtime/library.ts'
import { size } from './runtime/operators.ts'
import { badExpression } from './syntax.ts'
import { TEXT_METHODS, type TextMethod } from './runtime/text-methods.ts'

interface Signature {
  readonly name: string
  readonly isMethod: boolean
  /** Arguments, without what stands before the point. */
  readonly count: number
  readonly position: number
}

export interface FunctionCall {
  readonly name: string
  /** What stands before the point; null for a function. */
  readonly receiver: Evaluator | null
  readonly args: readonly Evaluator[]
}

const OFFERED = 'there are has, size, startsWith, endsWith, contains, lowerAscii, upperAscii, trim, indexOf, '
  + 'substring, int, double, string, bool, dyn, timestamp, duration, their get… methods in UTC, '
  + 'and the macros exists, exists_one, all, filter and map'

/** Throws BAD_EXPRESSION when no function (`isMethod` false) or method of this name takes so many arguments. */
export function checkOffered({ name, isMethod, count, position }: Signature): void {
  if (!isOffered(name, isMethod, count)) throw notOffered(name, position)
}

function isOffered(name: string, isMethod: boolean, count: number): boolean {
  if (name === 'size') return count === (isMethod ? 0 : 1)
  if (name === 'dyn' || name === 'timestamp') return count === 1 && !isMethod
  if (isMethod && Object.hasOwn(TEXT_METHODS, `${name}/${count}`)) return true
  return programOf(name, isMethod, count) !== null
}

/** A call of a function or method that is offered and no macro. */
export function callOf(call: FunctionCall): Evaluator {
  const { name, receiver, args } = call
  const first = receiver ?? args[0]
  const method = receiver === null ? undefined : TEXT_METHODS[`${name}/${args.length}`]
  if (first === undefined) return () => CEL_ERROR
  if (name === 'size') return single(first, size)
  if (name === 'dyn') return first
  if (name === 'timestamp') return single(first, timestamp)
  return method === undefined ? libraryCall(call) : textCall(first, args, method)
}

function single(operand: Evaluator, run: (scope: Scope, value: Value) => EvalResult): Evaluator {
  return (scope) => {
    const value = operand(scope)
    return value === CEL_ERROR ? CEL_ERROR : run(scope, value)
  }
}

function textCall(receiver: Evaluator, args: readonly Evaluator[], method: TextMethod): Evaluator {
  return (scope) => {
    const text = receiver(scope)
    const values = args.map((arg) => arg(scope))
    if (typeof text !== 'string' || values.includes(CEL_ERROR)) return CEL_ERROR
    return method(scope, text, values as readonly Value[]) // no fault is left among them
  }
}

function libraryCall({ name, receiver, args }: FunctionCall): Evaluator {
  const program = programOf(name, receiver !== null, args.length)
  if (program === null) return () => CEL_ERROR
  const operands: readonly (readonly [name: string, code: Evaluator])[] = [
    ...(receiver === null ? [] : [['r', receiver] as const]),
    ...args.map((code, i) => [i === 0 ? 'a' : 'b', code] as const),
  ]
  return (scope) => {
    const variables: Record<string, Value> = {}
    for (const [variable, code] of operands) {
      const value = code(scope)
      if (value === CEL_ERROR) return CEL_ERROR
      variables[variable] = value
    }
    const own = variables['a'] === undefined ? undefined : converted(scope, program, variables['a'])
    return own === undefined ? callLibrary(scope, program, variables) : own
  }
}

function notOffered(name: string, position: number): Error {
  if (name === 'matches') {
    return badExpression(position, 'regular expressions (matches) are not offered; use startsWith, endsWith or contains')
  }
  const hint = callHint(name)
  if (hint !== null) return badExpression(position, `${name} is not offered; ${hint}`)
  return badExpression(position, `${name} with these arguments is not offered; ${OFFERED}`)
}
