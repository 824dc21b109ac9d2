import type { ASTNode } from '@marcbachmann/cel-js'
import { constantOf, type Names } from './constant.ts'
import { callHint, nameHint } from './hints.ts'
import {
  CEL_ERROR,
  MAX_STEPS,
  charge,
  type EvalResult,
  type Evaluator,
  type Scope,
  type Value,
} from './runtime/evaluation.ts'
import { FUNCTIONS, TYPES } from './runtime/functions.ts'
import { BINARY, field, itemsOf, type BinaryOperation } from './runtime/operators.ts'
import { badExpression } from './syntax.ts'

type NodeOf<Op extends ASTNode['op']> = Extract<ASTNode, { op: Op }>

/**
 * The expression as closures (docs/adr/0008-filters-are-compiled-closures.md). Throws BAD_EXPRESSION for unknown names,
 * and for parts of CEL that are not offered.
 */
export function compile(node: ASTNode, names: Names): Evaluator {
  names.tally.nodes++
  const constant = constantOf(node, names)
  return constant === undefined ? operation(node, names) : () => constant
}

function operation(node: ASTNode, names: Names): Evaluator {
  const code = (part: ASTNode): Evaluator => compile(part, names)
  if (node.op === 'id') return variable(node, names)
  if (node.op === '.') return access(code(node.args[0]), node.args[1])
  if (node.op === '!_') {
    return unary(code(node.args), (_, operand) => (typeof operand === 'boolean' ? !operand : CEL_ERROR))
  }
  if (node.op === '-_') {
    return unary(code(node.args), (_, operand) => (typeof operand === 'number' ? 0 - operand : CEL_ERROR))
  }
  if (node.op === '||' || node.op === '&&') return logical(code(node.args[0]), code(node.args[1]), node.op === '||')
  if (node.op === '?:') return conditional(code(node.args[0]), code(node.args[1]), code(node.args[2]))
  if (node.op === 'list') return list(node.args.map(code))
  if (node.op === 'call' || node.op === 'rcall') return call(node, names)
  if (node.op === 'map') throw badExpression(node.pos, 'maps are not offered; send one among the params')
  if (node.op === 'value' || node.op === '.?' || node.op === '[?]') throw badExpression(node.pos, 'this is not offered')
  if (
    (node.op === '+' || node.op === '-') &&
    node.args.some(({ op, args }) => op === 'call' && args[0] === 'timestamp')
  ) {
    throw badExpression(node.pos, 'timestamps are compared, not added or subtracted; durations are not offered')
  }
  return binary(code(node.args[0]), code(node.args[1]), BINARY[node.op])
}

function variable({ args: name, pos, input }: NodeOf<'id'>, { locals }: Names): Evaluator {
  const slot = locals.lastIndexOf(name)
  if (slot >= 0) return (scope) => scope.items[slot] ?? null
  if (name === 'value') return (scope) => scope.value
  if (name === 'path' || name === 'id') return (scope) => scope[name]
  const type = TYPES.get(name)
  if (type !== undefined) return () => type
  const short = name.slice(0, 60)
  throw badExpression(pos, `nothing is called ${short}; ${nameHint(input, short, pos)}`)
}

const access =
  (base: Evaluator, key: string): Evaluator =>
  (scope) => {
    const value = base(scope)
    return value === CEL_ERROR ? CEL_ERROR : field(value, key)
  }

const unary =
  (operand: Evaluator, run: (scope: Scope, operand: Value) => EvalResult): Evaluator =>
  (scope) => {
    const value = operand(scope)
    return value === CEL_ERROR ? CEL_ERROR : run(scope, value)
  }

/** Both operands are evaluated, and an error of either is the result. */
const binary =
  (left: Evaluator, right: Evaluator, run: BinaryOperation): Evaluator =>
  (scope) => {
    const a = left(scope)
    const b = right(scope)
    return a === CEL_ERROR || b === CEL_ERROR ? CEL_ERROR : run(scope, a, b)
  }

/**
 * `||` (decisive: true) and `&&` (decisive: false): a decisive operand is the result, even when the other is an error.
 */
const logical =
  (left: Evaluator, right: Evaluator, decisive: boolean): Evaluator =>
  (scope) => {
    const a = left(scope)
    if (a === decisive) return decisive
    const b = right(scope)
    if (b === decisive) return decisive
    return typeof a === 'boolean' && typeof b === 'boolean' ? !decisive : CEL_ERROR
  }

const conditional =
  (condition: Evaluator, yes: Evaluator, no: Evaluator): Evaluator =>
  (scope) => {
    const verdict = condition(scope)
    return verdict === true ? yes(scope) : verdict === false ? no(scope) : CEL_ERROR
  }

const list =
  (elements: readonly Evaluator[]): Evaluator =>
  (scope) => {
    const values = elements.map((element) => element(scope))
    return values.includes(CEL_ERROR) ? CEL_ERROR : (values as readonly Value[]) // no error is left among them
  }

function call(node: NodeOf<'call' | 'rcall'>, names: Names): Evaluator {
  const [name] = node.args
  if (node.op === 'call' && name === 'has') return has(node, names)
  const loop = node.op === 'rcall' ? macro(node, names) : null
  if (loop !== null) return loop
  const operands = node.op === 'call' ? node.args[1] : [node.args[1], ...node.args[2]]
  const run = FUNCTIONS.get(`${node.op === 'call' ? '' : '.'}${name}/${operands.length}`)
  if (run === undefined) throw badExpression(node.pos, callHint(name))
  const [first = () => null, second = () => null] = operands.map((operand) => compile(operand, names))
  const code = binary(first, second, run)
  if (operands.some((operand) => constantOf(operand, names) === undefined)) return code
  // The same for all documents. Literals and params are too small to use up the budget.
  const result = code({ value: null, path: '', id: '', items: [], steps: MAX_STEPS })
  return () => result
}

/** A call of `exists` or `all`; null for other methods. */
function macro({ args: [name, receiver, [local, body, ...more]] }: NodeOf<'rcall'>, names: Names): Evaluator | null {
  if ((name !== 'exists' && name !== 'all') || local?.op !== 'id' || body === undefined || more.length > 0) return null
  const collection = compile(receiver, names)
  const [slot, before] = [names.locals.length, names.tally.nodes]
  const code = compile(body, { ...names, locals: [...names.locals, local.args] })
  const steps = names.tally.nodes - before
  const decisive = name === 'exists'
  return (scope) => {
    const items = itemsOf(scope, collection(scope))
    let result: EvalResult = items === CEL_ERROR ? CEL_ERROR : !decisive
    for (const item of items ?? []) {
      charge(scope, steps)
      scope.items[slot] = item
      const verdict = code(scope)
      if (verdict === decisive) return decisive
      if (typeof verdict !== 'boolean') result = CEL_ERROR // unless a later item decides
    }
    return result
  }
}

/** Whether a field is there; an error when its parent is missing. */
function has({ args: [, [part, ...more]], pos }: NodeOf<'call'>, names: Names): Evaluator {
  if (part === undefined || more.length > 0 || !isField(part)) {
    throw badExpression(
      pos,
      'has takes one field, as in has(value.author.name); for other keys write "key" in value.author',
    )
  }
  const key = part.args[1]
  return unary(compile(part.args[0], names), (_, parent) => field(parent, key) !== CEL_ERROR)
}

/** A name, then fields after dots. */
function isField(node: ASTNode): node is NodeOf<'.'> {
  return node.op === '.' && (node.args[0].op === 'id' || isField(node.args[0]))
}
