import type { ASTNode } from '@marcbachmann/cel-js'
import type { Json, JsonObject } from '../../../core/json/json.ts'
import { CEL_ERROR } from './runtime/evaluation.ts'
import { memberValue } from './runtime/operators.ts'
import { badExpression } from './syntax.ts'

/** The names that a node can use: params, and variables of the enclosing macros, the outermost first. */
export interface Names {
  readonly params: JsonObject
  readonly locals: readonly string[]
  /** Counts the nodes that are compiled: the cost of one evaluation of a macro's body is its number of nodes. */
  readonly tally: { nodes: number }
}

/**
 * The value of a node that is the same for all subjects: a literal, a list of such, a member of the params. Undefined
 * for other nodes. Throws BAD_EXPRESSION for a literal that cannot be represented and for a member that the params
 * lack.
 */
export function constantOf(node: ASTNode, names: Names): Json | undefined {
  if (node.op === 'value') return literal(node.args, node.pos)
  if (node.op === 'id') return node.args === 'params' && !names.locals.includes('params') ? names.params : undefined
  if (node.op === '-_') {
    const operand = constantOf(node.args, names)
    return typeof operand === 'number' ? 0 - operand : undefined
  }
  if (node.op === '.') return memberConstant(node, constantOf(node.args[0], names), node.args[1])
  if (node.op === '[]') return memberConstant(node, constantOf(node.args[0], names), constantOf(node.args[1], names))
  if (node.op !== 'list') return undefined
  const elements = node.args.map((element) => constantOf(element, names))
  return elements.every((element) => element !== undefined) ? elements : undefined
}

function literal(value: Extract<ASTNode, { op: 'value' }>['args'], position: number): Json {
  if (typeof value === 'bigint') {
    if (Number.isSafeInteger(Number(value))) return Number(value)
    throw badExpression(
      position,
      'the number would be rounded (exact are integers up to ±9007199254740991); write it with a point or an exponent',
    )
  }
  if (typeof value !== 'object' || value === null) return value
  throw badExpression(position, 'values have neither bytes nor unsigned numbers; write a string or a number')
}

function memberConstant(node: ASTNode, base: Json | undefined, key: Json | undefined): Json | undefined {
  if (base === undefined || key === undefined) return undefined
  const member = memberValue(base, key)
  if (member !== CEL_ERROR) return member as Json // a member of JSON
  const [parent] = node.args as readonly ASTNode[]
  const text = node.input.slice(parent?.start, parent?.end)
  throw badExpression(
    node.pos,
    `${text} has no ${typeof key === 'string' ? key : JSON.stringify(key)}; send it among the params`,
  )
}
