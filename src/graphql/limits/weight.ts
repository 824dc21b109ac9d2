import {
  Kind,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLResolveInfo,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql'
import type { Json, JsonObject } from '../../core/json/json.ts'

/** Estimated bytes of a field without its name: a number, a time, a short text. */
const ANSWER_FIELD_BYTES = 24

/** From this length on the UTF-8 length of a text is computed. */
const LONG_TEXT = 64

/** Approximate bytes of a value as JSON, without serializing it. */
export function estimateBytes(value: Json): number {
  if (typeof value === 'string') return (value.length < LONG_TEXT ? value.length : Buffer.byteLength(value)) + 3
  if (typeof value !== 'object' || value === null) return 8
  if (Array.isArray(value)) {
    return (value as readonly Json[]).reduce<number>((sum, item) => sum + estimateBytes(item), 2)
  }
  let sum = 2
  // Half the time of Object.entries, and no garbage; values have no properties but their own.
  const fields = value as JsonObject
  for (const key in fields) sum += key.length + 4 + estimateBytes(fields[key] ?? null)
  return sum
}

/** Bytes of the value of a document: of its text where it has one, without parsing it; else approximate. */
export function documentBytes(document: { readonly value: Json; readonly json?: string | undefined }): number {
  const { json } = document
  return json === undefined ? estimateBytes(document.value) : Buffer.byteLength(json)
}

const cache = new WeakMap<FieldNode, number>()

/** Approximate bytes of one row of a resolver's list: names and usual values of all fields selected below. */
export function estimateRowBytes({
  fieldNodes,
  fragments,
}: Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>): number {
  return fieldNodes.reduce((sum, node) => sum + bytesBelow(node, fragments), 0)
}

type FragmentsByName = Readonly<Record<string, FragmentDefinitionNode>>

function bytesBelow(node: FieldNode, fragments: FragmentsByName): number {
  const bytes = cache.get(node) ?? bytesOfSet(node.selectionSet, fragments)
  cache.set(node, bytes)
  return bytes
}

function bytesOfSet(set: SelectionSetNode | undefined, fragments: FragmentsByName): number {
  return (set?.selections ?? []).reduce((sum, node) => sum + bytesOfSelection(node, fragments), 0)
}

/** Expands fragments without a cache: QUERY_LIMITS bounds the expanded fields. */
function bytesOfSelection(node: SelectionNode, fragments: FragmentsByName): number {
  switch (node.kind) {
    case Kind.FIELD:
      return (node.alias ?? node.name).value.length + ANSWER_FIELD_BYTES + bytesOfSet(node.selectionSet, fragments)
    case Kind.INLINE_FRAGMENT:
      return bytesOfSet(node.selectionSet, fragments)
    case Kind.FRAGMENT_SPREAD:
      return bytesOfSet(fragments[node.name.value]?.selectionSet, fragments)
  }
}
