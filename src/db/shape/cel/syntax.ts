import { Environment, type ParseResult } from '@marcbachmann/cel-js'
import { DatabaseError } from '../../../core/error.ts'
import { tooLarge, type Limits } from '../../../core/limits.ts'
import { utf8Length } from '../../../core/path.ts'
import { parseHint } from './hints.ts'

/** BAD_EXPRESSION about the place `position` (0-based, in UTF-16 units); `what` is a sentence without its full stop. */
export function badExpression(position: number, what: string): DatabaseError {
  return new DatabaseError('BAD_EXPRESSION', `The expression is not valid at position ${position}: ${what}.`, { position })
}

/** The grammar, variables and types of expressions, with numbers of both kinds in one operation. */
export function environmentOf(limits: Limits): Environment {
  const nodes = limits.expressionNodes
  const environment = new Environment({
    homogeneousAggregateLiterals: false,
    limits: { maxAstNodes: nodes, maxDepth: limits.expressionDepth, maxListElements: nodes, maxMapEntries: nodes, maxCallArguments: nodes },
  })
  environment.registerVariable('value', 'dyn').registerVariable('params', 'dyn')
  environment.registerVariable('path', 'string').registerVariable('id', 'string')
  for (const [sign, handler] of Object.entries(MIXED)) {
    environment.registerOperator(`int ${sign} double: double`, handler).registerOperator(`double ${sign} int: double`, handler)
  }
  const remainder = (a: unknown, b: unknown): number => Number(a) % Number(b)
  for (const types of ['int % double', 'double % int', 'double % double']) environment.registerOperator(`${types}: double`, remainder)
  return environment.registerOperator('int == double', (a: unknown, b: unknown) => Number(a) === Number(b))
}

const MIXED: Readonly<Record<string, (a: unknown, b: unknown) => number>> = {
  '+': (a, b) => Number(a) + Number(b),
  '-': (a, b) => Number(a) - Number(b),
  '*': (a, b) => Number(a) * Number(b),
  '/': (a, b) => Number(a) / Number(b),
}

const environments = new Map<string, Environment>()

/** Environments are costly to make, and there are few different limits. */
function sharedEnvironment(limits: Limits): Environment {
  const key = `${limits.expressionNodes}/${limits.expressionDepth}`
  const environment = environments.get(key) ?? environmentOf(limits)
  environments.set(key, environment)
  return environment
}

/** The parsed text. Throws BAD_EXPRESSION, TOO_LARGE (expressionBytes, expressionNodes, expressionDepth). */
export function parseExpression(text: string, limits: Limits): ParseResult {
  // A UTF-16 unit is at least one byte, so an overlong text is refused before it is encoded.
  const bytes = text.length > limits.expressionBytes ? text.length : utf8Length(text)
  if (bytes > limits.expressionBytes) throw tooLarge('expressionBytes', limits.expressionBytes, `The expression has ${bytes} bytes or more`)
  try {
    return sharedEnvironment(limits).parse(text)
  } catch (error) {
    const position = isCelError(error) && error.code !== 'limit_exceeded' ? error.range?.start : undefined
    const hint = position === undefined ? null : parseHint(text, position)
    if (position !== undefined && hint !== null) throw badExpression(position, `it does not parse: ${hint}`)
    throw refusalOf('it does not parse', error, limits)
  }
}

/** Throws BAD_EXPRESSION for what must fail whatever the value is, and for what can be neither true nor false. */
export function checkTypes(parsed: ParseResult, limits: Limits): void {
  const { valid, type, error } = parsed.check()
  if (!valid) throw refusalOf('the types do not go together', error, limits)
  if (type !== 'bool' && type !== 'dyn') {
    throw badExpression(parsed.ast.start, `it gives a value of the type ${type}; an expression must give true or false`)
  }
}

/** The library's error as ours. Its summary is one phrase, without an excerpt of the text. */
function refusalOf(what: string, error: unknown, limits: Limits): DatabaseError {
  // Only thousands of signs in a row can fill the stack, and each is a node.
  if (error instanceof RangeError) return tooManyNodes(limits)
  if (!isCelError(error)) return new DatabaseError('INTERNAL', 'The expression could not be read.', {}, error)
  if (error.code !== 'limit_exceeded') return badExpression(error.range?.start ?? 0, `${what} (${error.summary})`)
  if (error.summary.includes('maxDepth')) {
    return tooLarge('expressionDepth', limits.expressionDepth, 'The expression has too many levels of parentheses, brackets and accesses')
  }
  return tooManyNodes(limits)
}

function tooManyNodes(limits: Limits): DatabaseError {
  return tooLarge('expressionNodes', limits.expressionNodes, 'The expression has too many literals, names, operators and calls')
}

interface CelError {
  readonly code: string
  readonly summary: string
  readonly range?: { readonly start: number } | undefined
}

function isCelError(error: unknown): error is CelError {
  return error instanceof Error && 'code' in error && 'summary' in error
}
