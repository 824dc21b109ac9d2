import type { ASTNode } from '@marcbachmann/cel-js'
import { constantOf, type Names } from './constant.ts'

/** A conjunct `field == constant`: only values with this constant at `field` (keys inside the value) can match. */
export interface Equality {
  readonly field: readonly string[]
  readonly value: string | number | boolean | null
}

/** The equality conjuncts at the top level. */
export function equalitiesOf(node: ASTNode, names: Names): readonly Equality[] {
  if (node.op === '&&') return node.args.flatMap((conjunct) => equalitiesOf(conjunct, names))
  if (node.op !== '==') return []
  const [left, right] = node.args
  return [...equality(left, right, names), ...equality(right, left, names)]
}

function equality(place: ASTNode, constant: ASTNode, names: Names): readonly Equality[] {
  const field = fieldOf(place, names)
  const value = constantOf(constant, names)
  if (field === null || field.length === 0 || value === undefined || (typeof value === 'object' && value !== null)) {
    return []
  }
  return [{ field, value }]
}

/** The keys of a field of `value`; null for other nodes. */
function fieldOf(node: ASTNode, names: Names): readonly string[] | null {
  if (node.op === 'id') return node.args === 'value' ? [] : null
  if (node.op !== '.' && node.op !== '[]') return null
  const key = node.op === '.' ? node.args[1] : constantOf(node.args[1], names)
  const base = fieldOf(node.args[0], names)
  return base === null || typeof key !== 'string' ? null : [...base, key]
}
