import { FAULT, spend, type Code, type Outcome, type Scope, type Value } from './evaluation.ts'
import { callLibrary, programOf, timestamp } from './library.ts'
import { size } from './operators.ts'
import { badExpression } from './syntax.ts'

interface Signature {
  readonly name: string
  readonly isMethod: boolean
  /** Arguments, without what stands before the point. */
  readonly count: number
  readonly position: number
}

export interface Call {
  readonly name: string
  /** What stands before the point; null for a function. */
  readonly receiver: Code | null
  readonly args: readonly Code[]
}

type TextTest = (text: string, part: string) => boolean

const TEXT_TESTS: Readonly<Record<string, TextTest>> = {
  startsWith: (text, part) => text.startsWith(part),
  endsWith: (text, part) => text.endsWith(part),
  contains: (text, part) => text.includes(part),
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
  if (Object.hasOwn(TEXT_TESTS, name)) return count === 1 && isMethod
  return programOf(name, isMethod, count) !== null
}

/** A call of a function or method that is offered and no macro. */
export function callOf(call: Call): Code {
  const { name, receiver, args } = call
  const [first, second] = receiver === null ? args : [receiver, ...args]
  const test = TEXT_TESTS[name]
  if (first === undefined) return () => FAULT
  if (name === 'size') return single(first, size)
  if (name === 'dyn') return first
  if (name === 'timestamp') return single(first, timestamp)
  return test !== undefined && second !== undefined ? textTest(first, second, test) : libraryCall(call)
}

function single(operand: Code, run: (scope: Scope, value: Value) => Outcome): Code {
  return (scope) => {
    const value = operand(scope)
    return value === FAULT ? FAULT : run(scope, value)
  }
}

function textTest(receiver: Code, argument: Code, test: TextTest): Code {
  return (scope) => {
    const text = receiver(scope)
    const part = argument(scope)
    if (typeof text !== 'string' || typeof part !== 'string') return FAULT
    spend(scope, (text.length + part.length) >> 5)
    return test(text, part)
  }
}

function libraryCall({ name, receiver, args }: Call): Code {
  const program = programOf(name, receiver !== null, args.length)
  if (program === null) return () => FAULT
  const operands: readonly (readonly [name: string, code: Code])[] = [
    ...(receiver === null ? [] : [['r', receiver] as const]),
    ...args.map((code, i) => [i === 0 ? 'a' : 'b', code] as const),
  ]
  return (scope) => {
    const variables: Record<string, Value> = {}
    for (const [variable, code] of operands) {
      const value = code(scope)
      if (value === FAULT) return FAULT
      variables[variable] = value
    }
    return callLibrary(scope, program, variables)
  }
}

function notOffered(name: string, position: number): Error {
  if (name === 'matches') {
    return badExpression(position, 'regular expressions (matches) are not offered; use startsWith, endsWith or contains')
  }
  return badExpression(position, `${name} with these arguments is not offered; ${OFFERED}`)
}
