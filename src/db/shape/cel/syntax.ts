import { Environment, ParseError, TypeError as CheckError, type ParseResult } from '@marcbachmann/cel-js'
import { DatabaseError } from '../../../core/error.ts'
import { tooLarge, type Limits } from '../../../core/limits.ts'
import { utf8Length } from '../../../core/path.ts'
import { parseHint } from './hints.ts'

/** BAD_EXPRESSION at `position` (0-based, in UTF-16 units); `what` is a sentence without its full stop. */
export function badExpression(position: number, what: string): DatabaseError {
  return new DatabaseError('BAD_EXPRESSION', `The expression is not valid at position ${position}: ${what}.`, {
    position,
  })
}

/** Operators of an integer and a fraction, which CEL does not have. */
const MIXED: Readonly<Record<'+' | '-' | '*' | '/' | '%', (a: unknown, b: unknown) => number>> = {
  '+': (a, b) => Number(a) + Number(b),
  '-': (a, b) => Number(a) - Number(b),
  '*': (a, b) => Number(a) * Number(b),
  '/': (a, b) => Number(a) / Number(b),
  '%': (a, b) => Number(a) % Number(b),
}

/** Environments by their limits: they are costly to create, and there are few different limits. */
const environments = new Map<string, Environment>()

/** The grammar, variables and types of expressions. */
function environmentOf({ expressionNodes: nodes, expressionDepth: maxDepth }: Limits): Environment {
  const cached = environments.get(`${nodes}/${maxDepth}`)
  if (cached !== undefined) return cached
  const limits = { maxAstNodes: nodes, maxDepth, maxListElements: nodes, maxMapEntries: nodes, maxCallArguments: nodes }
  const environment = new Environment({ homogeneousAggregateLiterals: false, limits })
  environment.registerVariable('value', 'dyn').registerVariable('params', 'dyn')
  environment.registerVariable('path', 'string').registerVariable('id', 'string')
  for (const [sign, run] of Object.entries(MIXED)) {
    environment.registerOperator(`int ${sign} double: double`, run).registerOperator(`double ${sign} int: double`, run)
  }
  environment.registerOperator('double % double: double', MIXED['%'])
  environment.registerOperator('int == double', (a: unknown, b: unknown) => Number(a) === Number(b))
  environments.set(`${nodes}/${maxDepth}`, environment)
  return environment
}

/** The parsed text. Throws BAD_EXPRESSION, TOO_LARGE (expressionBytes, expressionNodes, expressionDepth). */
export function parseExpression(text: string, limits: Limits): ParseResult {
  // A UTF-16 unit is at least one byte, so an overlong text is refused before it is encoded.
  const bytes = text.length > limits.expressionBytes ? text.length : utf8Length(text)
  if (bytes > limits.expressionBytes) {
    throw tooLarge('expressionBytes', limits.expressionBytes, `The expression has ${bytes} bytes or more`)
  }
  try {
    return environmentOf(limits).parse(text)
  } catch (error) {
    throw refusal(error, limits, (position, summary) => {
      const hint = parseHint(text, position)
      return `it does not parse${hint === undefined ? ` (${summary})` : `: ${hint}`}`
    })
  }
}

/**
 * Throws BAD_EXPRESSION for an expression that fails whatever the value is, and for one that gives neither true nor
 * false.
 */
export function checkTypes(parsed: ParseResult, limits: Limits): void {
  const { valid, type, error } = parsed.check()
  if (!valid) throw refusal(error, limits, (_, summary) => `the types do not go together (${summary})`)
  if (type === 'bool' || type === 'dyn') return
  throw badExpression(parsed.ast.start, `it gives a value of the type ${type}; an expression must give true or false`)
}

/** The library's error as ours. Its summary is one phrase, without an excerpt of the text. */
function refusal(
  error: unknown,
  limits: Limits,
  explain: (position: number, summary: string) => string,
): DatabaseError {
  const isOfLibrary = error instanceof ParseError || error instanceof CheckError
  if (isOfLibrary && error.code !== 'limit_exceeded') {
    const position = error.range?.start ?? 0
    return badExpression(position, explain(position, error.summary))
  }
  if (isOfLibrary && error.summary.includes('maxDepth')) {
    return tooLarge(
      'expressionDepth',
      limits.expressionDepth,
      'The expression has too many levels of parentheses, brackets and accesses',
    )
  }
  // Only thousands of operators in a row can overflow the stack (RangeError), and each is a node.
  if (!isOfLibrary && !(error instanceof RangeError)) {
    return new DatabaseError('INTERNAL', 'The expression could not be read.', { cause: error })
  }
  return tooLarge(
    'expressionNodes',
    limits.expressionNodes,
    'The expression has too many literals, names, operators and calls',
  )
}
