import { Kind, type FieldNode, type FragmentDefinitionNode, type GraphQLResolveInfo, type SelectionNode, type SelectionSetNode } from 'graphql'
import type { Json } from '../../core/json/json.ts'

/** What a field is taken to cost beside its name: a number, a time, a short text. */
const ANSWER_FIELD_BYTES = 24

/** A text of so many characters is weighed as UTF-8. */
const LONG = 64

/** About the bytes of the value as JSON, without making the text. */
export function estimateBytes(value: Json): number {
  if (typeof value === 'string') return (value.length < LONG ? value.length : Buffer.byteLength(value)) + 3
  if (typeof value !== 'object' || value === null) return 8
  if (Array.isArray(value)) return (value as readonly Json[]).reduce<number>((sum, item) => sum + estimateBytes(item), 2)
  let sum = 2
  for (const [key, item] of Object.entries(value)) sum += key.length + 4 + estimateBytes(item)
  return sum
}

const known = new WeakMap<FieldNode, number>()

/** About the bytes of one row of the list that a resolver gives: names and usual values of all that is selected below. */
export function rowWeight({ fieldNodes, fragments }: Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>): number {
  return fieldNodes.reduce((sum, node) => sum + weightBelow(node, fragments), 0)
}

type FragmentWeights = Readonly<Record<string, FragmentDefinitionNode>>

function weightBelow(node: FieldNode, fragments: FragmentWeights): number {
  const weight = known.get(node) ?? weightOfSet(node.selectionSet, fragments)
  known.set(node, weight)
  return weight
}

function weightOfSet(set: SelectionSetNode | undefined, fragments: FragmentWeights): number {
  return (set?.selections ?? []).reduce((sum, node) => sum + weightOf(node, fragments), 0)
}

/** The rules have refused what would take long here: fragments are few when they are expanded. */
function weightOf(node: SelectionNode, fragments: FragmentWeights): number {
  switch (node.kind) {
    case Kind.FIELD: return (node.alias ?? node.name).value.length + ANSWER_FIELD_BYTES + weightOfSet(node.selectionSet, fragments)
    case Kind.INLINE_FRAGMENT: return weightOfSet(node.selectionSet, fragments)
    case Kind.FRAGMENT_SPREAD: return weightOfSet(fragments[node.name.value]?.selectionSet, fragments)
  }
}
