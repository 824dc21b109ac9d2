import type { ASTNode, BinaryOperator } from '@marcbachmann/cel-js'
import { callOf, checkOffered } from './call.ts'
import { constantOf, type Names } from './constant.ts'
import { CEL_ERROR, charge, type Evaluator, type EvalResult, type Scope, type Value } from './runtime/evaluation.ts'
import { nameHint } from './hints.ts'
import { MACROS } from './runtime/macros.ts'
import { addValues, at, equal, field, isIn, NUMERIC, order, spendKey, subtract } from './runtime/operators.ts'
import { badExpression } from './syntax.ts'

/** Where a part is compiled. `tally` counts nodes: what one run of a macro's body costs. */
interface CompileScope extends Names {
  readonly tally: { nodes: number }
}

/** The expression as a function. Throws BAD_EXPRESSION for names and functions that are not there or not offered. */
export function compile(node: ASTNode, names: Names): Evaluator {
  return codeOf(node, { ...names, tally: { nodes: 0 } })
}

function codeOf(node: ASTNode, place: CompileScope): Evaluator {
  place.tally.nodes++
  const constant = constantOf(node, place)
  return constant === undefined ? operation(node, place) : () => constant
}

function operation(node: ASTNode, place: CompileScope): Evaluator {
  const code = (part: ASTNode): Evaluator => codeOf(part, place)
  if (isBinary(node)) return strict(code(node.args[0]), code(node.args[1]), BINARY[node.op])
  switch (node.op) {
    case 'id':
      return variable(node, place)
    case '.':
      return access(code(node.args[0]), node.args[1])
    case '[]':
      return strict(code(node.args[0]), code(node.args[1]), at)
    case 'call':
      return calledFunction(node, place)
    case 'rcall':
      return calledMethod(node, place)
    case 'list':
      return list(node.args.map(code))
    case 'map':
      return map(node.args.map(([key, value]) => [code(key), code(value)]))
    case '?:':
      return conditional(code(node.args[0]), code(node.args[1]), code(node.args[2]))
    case '||':
      return logical(code(node.args[0]), code(node.args[1]), true)
    case '&&':
      return logical(code(node.args[0]), code(node.args[1]), false)
    case '!_':
      return unary(code(node.args), (value) => (typeof value === 'boolean' ? !value : CEL_ERROR))
    case '-_':
      return unary(code(node.args), (value) => (typeof value === 'number' ? 0 - value : CEL_ERROR))
    case 'value':
    case '.?':
    case '[?]':
      throw badExpression(node.pos, 'this is not offered')
  }
}

type Binary = (scope: Scope, a: Value, b: Value) => EvalResult

const ordered = (holds: (order: number) => boolean): Binary => (scope, a, b) => {
  const difference = order(scope, a, b)
  return difference === CEL_ERROR ? CEL_ERROR : holds(difference)
}

const numeric = (sign: keyof typeof NUMERIC): Binary => (_, a, b) =>
  typeof a === 'number' && typeof b === 'number' ? NUMERIC[sign](a, b) : CEL_ERROR

const BINARY: Readonly<Record<BinaryOperator, Binary>> = {
  '==': equal,
  '!=': (scope, a, b) => !equal(scope, a, b),
  '<': ordered((difference) => difference < 0),
  '<=': ordered((difference) => difference <= 0),
  '>': ordered((difference) => difference > 0),
  '>=': ordered((difference) => difference >= 0),
  in: isIn,
  '+': addValues,
  '-': subtract,
  '*': numeric('*'),
  '/': numeric('/'),
  '%': numeric('%'),
}

function isBinary(node: ASTNode): node is Extract<ASTNode, { op: BinaryOperator }> {
  return Object.hasOwn(BINARY, node.op)
}

function variable({ args: name, pos, input }: Extract<ASTNode, { op: 'id' }>, { locals }: CompileScope): Evaluator {
  const slot = locals.lastIndexOf(name)
  if (slot >= 0) return (scope) => scope.items[slot] ?? null
  if (name === 'value') return (scope) => scope.value
  if (name === 'path') return (scope) => scope.path
  if (name === 'id') return (scope) => scope.id
  const short = name.slice(0, 60)
  throw badExpression(pos, `nothing is called ${short}; ${nameHint(input, short, pos)}`)
}

function access(base: Evaluator, key: string): Evaluator {
  return (scope) => {
    const value = base(scope)
    return value === CEL_ERROR ? CEL_ERROR : field(value, key)
  }
}

function unary(operand: Evaluator, run: (value: Value) => EvalResult): Evaluator {
  return (scope) => {
    const value = operand(scope)
    return value === CEL_ERROR ? CEL_ERROR : run(value)
  }
}

/** Both sides are run, and a fault of either is the result's. */
function strict(left: Evaluator, right: Evaluator, run: Binary): Evaluator {
  return (scope) => {
    const a = left(scope)
    const b = right(scope)
    return a === CEL_ERROR || b === CEL_ERROR ? CEL_ERROR : run(scope, a, b)
  }
}

/** `||` and `&&`: `decisive` on either side is the result, whatever the other is. */
function logical(left: Evaluator, right: Evaluator, decisive: boolean): Evaluator {
  return (scope) => {
    const a = left(scope)
    if (a === decisive) return decisive
    const b = right(scope)
    if (b === decisive) return decisive
    return typeof a === 'boolean' && typeof b === 'boolean' ? !decisive : CEL_ERROR
  }
}

function conditional(condition: Evaluator, yes: Evaluator, no: Evaluator): Evaluator {
  return (scope) => {
    const verdict = condition(scope)
    if (typeof verdict !== 'boolean') return CEL_ERROR
    return verdict ? yes(scope) : no(scope)
  }
}

function list(elements: readonly Evaluator[]): Evaluator {
  return (scope) => {
    const values = elements.map((element) => element(scope))
    return values.includes(CEL_ERROR) ? CEL_ERROR : (values as readonly Value[]) // no fault is left among them
  }
}

/** Of a map that is made, and of each of its entries. */
const MAP_STEPS = 12

function map(entries: readonly (readonly [key: Evaluator, value: Evaluator])[]): Evaluator {
  return (scope) => {
    const pairs = entries.map(([key, value]) => [key(scope), value(scope)] as const)
    if (pairs.some(([key, value]) => typeof key !== 'string' || value === CEL_ERROR)) return CEL_ERROR
    for (const [key] of pairs) spendKey(scope, key as string) // no other key is left among them
    charge(scope, MAP_STEPS * (pairs.length + 1))
    return Object.fromEntries(pairs) as Readonly<Record<string, Value>> // as above
  }
}

function calledFunction(node: Extract<ASTNode, { op: 'call' }>, place: CompileScope): Evaluator {
  const [name, args] = node.args
  const [part] = args
  if (name === 'has') {
    if (args.length === 1 && part !== undefined && isField(part)) return has(codeOf(part.args[0], place), part.args[1])
    throw badExpression(node.pos, 'has takes one field, as in has(value.author.name); for other keys write "key" in value.author')
  }
  checkOffered({ name, isMethod: false, count: args.length, position: node.pos })
  const call = callOf({ name, receiver: null, args: args.map((arg) => codeOf(arg, place)) })
  const isConstant = args.every((arg) => constantOf(arg, place) !== undefined)
  return isConstant ? once(call) : call
}

/** Of constants, such as timestamp("2026-01-31T12:00:00Z"): run with the first subject, and kept. */
function once(code: Evaluator): Evaluator {
  let outcome: EvalResult | undefined
  return (scope) => (outcome ??= code(scope))
}

/** A name, then fields after points. */
function isField(node: ASTNode): node is Extract<ASTNode, { op: '.' }> {
  return node.op === '.' && (node.args[0].op === 'id' || isField(node.args[0]))
}

/** Whether a field is there; a fault when what it would lie in is not. */
function has(base: Evaluator, key: string): Evaluator {
  return unary(base, (value) => field(value, key) !== CEL_ERROR)
}

function calledMethod(node: Extract<ASTNode, { op: 'rcall' }>, place: CompileScope): Evaluator {
  const [name, receiver, args] = node.args
  const macro = MACROS[`${name}/${args.length}`]
  const [local, body] = args
  if (macro === undefined || local?.op !== 'id' || body === undefined) {
    checkOffered({ name, isMethod: true, count: args.length, position: node.pos })
    return callOf({ name, receiver: codeOf(receiver, place), args: args.map((arg) => codeOf(arg, place)) })
  }
  const over = codeOf(receiver, place)
  const before = place.tally.nodes
  const code = codeOf(body, { ...place, locals: [...place.locals, local.args] })
  return macro({ over, slot: place.locals.length, body: code, steps: place.tally.nodes - before })
}
