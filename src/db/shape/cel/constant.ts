import type { ASTNode } from '@marcbachmann/cel-js'
import { CEL_ERROR, type Value, type ValueMap } from './runtime/evaluation.ts'
import { memberValue } from './runtime/operators.ts'
import { badExpression } from './syntax.ts'

/** What the names of an expression stand for, where it is compiled. */
export interface Names {
  readonly params: ValueMap
  /** Variables of the macros around, the outermost first. */
  readonly locals: readonly string[]
}

type LiteralValue = Extract<ASTNode, { op: 'value' }>['args']

/**
 * What a part of an expression is whatever the value is: literals, their lists, and what lies in the params. Undefined for
 * everything else. Throws BAD_EXPRESSION for literals that cannot be kept and for what the params do not have.
 */
export function constantOf(node: ASTNode, names: Names): Value | undefined {
  if (node.op === 'value') return literal(node.args, node.pos)
  if (node.op === 'id') return node.args === 'params' && !names.locals.includes('params') ? names.params : undefined
  if (node.op === '-_') return negative(constantOf(node.args, names))
  if (node.op === '.') return memberConstant(node, constantOf(node.args[0], names), node.args[1])
  if (node.op === '[]') return memberConstant(node, constantOf(node.args[0], names), constantOf(node.args[1], names))
  return node.op === 'list' ? allOf(node.args.map((element) => constantOf(element, names))) : undefined
}

function literal(value: LiteralValue, position: number): Value {
  if (typeof value === 'bigint') {
    if (Number.isSafeInteger(Number(value))) return Number(value)
    const exact = 'exact are integers up to ±9007199254740991'
    throw badExpression(position, `the number would be rounded (${exact}); write it with a point or an exponent`)
  }
  if (typeof value !== 'object' || value === null) return value
  throw badExpression(position, 'values have neither bytes nor unsigned numbers; write a string or a number')
}

function negative(value: Value | undefined): Value | undefined {
  return typeof value === 'number' ? 0 - value : undefined
}

function memberConstant(node: ASTNode, base: Value | undefined, key: Value | undefined): Value | undefined {
  if (base === undefined || key === undefined) return undefined
  const found = memberValue(base, key)
  if (found !== CEL_ERROR) return found
  const [name] = node.args as readonly ASTNode[]
  const text = node.input.slice(name?.start, name?.end)
  throw badExpression(node.pos, `${text} has no ${typeof key === 'string' ? key : JSON.stringify(key)}; send it among the params`)
}

function allOf(elements: readonly (Value | undefined)[]): readonly Value[] | undefined {
  const known = elements.filter((element) => element !== undefined)
  return known.length === elements.length ? known : undefined
}
