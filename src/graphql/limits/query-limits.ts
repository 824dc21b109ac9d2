import {
  GraphQLError,
  Kind,
  parse,
  type FieldNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { refusal, tooComplex } from '../errors.ts'
import { SubscriptionRoot } from './root-rule.ts'

/** Bounds of a GraphQL operation; the names appear in OPERATION_TOO_COMPLEX as `limit`. */
export const QUERY_LIMITS = {
  /** Tokens of the document: bounds the parser's recursion, which could overflow the stack. */
  tokens: 1_000,
  /** Levels of fields, fragments expanded. */
  depth: 10,
  /** Fields, fragments expanded and aliases counted. */
  fields: 200,
  /** Characters of the response keys (alias or name) of all fields, fragments expanded. */
  names: 10_000,
  /** Levels of fields of introspection, fragments expanded. */
  introspectionDepth: 20,
  /** Fields of introspection, fragments expanded and aliases counted. */
  introspectionFields: 1_000,
  /** Fields in the result of introspection, estimated: lists within lists multiply. */
  introspectionResults: 500_000,
} as const

/** Refuses operations that exceed QUERY_LIMITS; introspection has bounds of its own. */
export function queryLimits(): Plugin {
  return {
    onParse: ({ setParseFn }) => setParseFn(parseBounded),
    onValidate: ({ addValidationRule }) => {
      addValidationRule(QueryLimits)
      addValidationRule(SubscriptionRoot)
    },
  }
}

function parseBounded(...[source, options]: Parameters<typeof parse>): ReturnType<typeof parse> {
  try {
    return parse(source, { ...options, maxTokens: QUERY_LIMITS.tokens })
  } catch (error) {
    throw error instanceof GraphQLError ? parseError(error) : error
  }
}

function parseError(error: GraphQLError): GraphQLError {
  if (!error.message.includes('Parsing aborted')) return refusal(error)
  const { tokens } = QUERY_LIMITS
  return tooComplex(
    { limit: 'tokens', max: tokens },
    `The document has more than ${tokens} tokens: send less at once, and values as variables.`,
  )
}

/** The size of a selection, by the name of the bound. */
type Size = Readonly<Record<Exclude<keyof typeof QUERY_LIMITS, 'tokens'>, number>>

const EMPTY_SIZE: Size = {
  depth: 0,
  fields: 0,
  names: 0,
  introspectionDepth: 0,
  introspectionFields: 0,
  introspectionResults: 0,
}

const DESCRIPTIONS: Readonly<Record<keyof Size, string>> = {
  depth: 'levels of fields',
  fields: 'fields, those of fragments counted wherever they are used',
  introspectionDepth: 'levels of fields about the schema',
  introspectionFields: 'fields about the schema, those of fragments counted wherever they are used',
  introspectionResults: 'fields about the schema in its answer, where lists hold lists',
  names: 'characters in the names of its fields, those of fragments counted wherever they are used',
}

/** Its function name identifies it in the cache of validation results. */
const QueryLimits: ValidationRule = (context) => ({
  Document: ({ definitions }) => {
    const measure = createMeasure(context)
    for (const node of definitions) {
      if (node.kind === Kind.OPERATION_DEFINITION) checkSize(context, node, measure(node.selectionSet))
    }
  },
})

function checkSize(context: ValidationContext, node: OperationDefinitionNode, size: Size): void {
  for (const limit of Object.keys(DESCRIPTIONS) as (keyof Size)[]) {
    const max = QUERY_LIMITS[limit]
    const message = `The operation has more than ${max} ${DESCRIPTIONS[limit]}: ask for less at once.`
    if (size[limit] > max) context.reportError(tooComplex({ limit, max }, message, node))
  }
}

/**
 * Measures selections. Each fragment is measured once, so that nested fragments cost time linear in the document. A
 * fragment that contains itself, which another rule refuses, counts as nothing inside itself.
 */
function createMeasure(context: ValidationContext): (selections: SelectionSetNode | undefined) => Size {
  const cached = new Map<FragmentDefinitionNode, Size>()
  const ofFragment = (fragment: FragmentDefinitionNode): Size => {
    const size = cached.get(fragment)
    if (size !== undefined) return size
    cached.set(fragment, EMPTY_SIZE)
    const measured = ofSet(fragment.selectionSet)
    cached.set(fragment, measured)
    return measured
  }
  const ofField = (node: FieldNode): Size => {
    const size = plusField(ofSet(node.selectionSet), node)
    return isIntrospection(node.name.value) ? asIntrospection(size) : size
  }
  const ofSelection = (node: SelectionNode): Size => {
    if (node.kind === Kind.INLINE_FRAGMENT) return ofSet(node.selectionSet)
    if (node.kind === Kind.FIELD) return ofField(node)
    const fragment = context.getFragment(node.name.value)
    return fragment ? ofFragment(fragment) : EMPTY_SIZE
  }
  const ofSet = (set: SelectionSetNode | undefined): Size =>
    (set?.selections ?? []).map(ofSelection).reduce(add, EMPTY_SIZE)
  return ofSet
}

const isIntrospection = (name: string): boolean => name === '__schema' || name === '__type'

const add = (a: Size, b: Size): Size => ({
  depth: Math.max(a.depth, b.depth),
  fields: a.fields + b.fields,
  names: a.names + b.names,
  introspectionDepth: Math.max(a.introspectionDepth, b.introspectionDepth),
  introspectionFields: a.introspectionFields + b.introspectionFields,
  introspectionResults: a.introspectionResults + b.introspectionResults,
})

/** Approximate lengths of the lists of introspection; its other fields are no lists. */
const LIST_LENGTHS: ReadonlyMap<string, number> = new Map(
  Object.entries({
    types: 64,
    fields: 12,
    directives: 8,
    args: 6,
    inputFields: 6,
    enumValues: 6,
    possibleTypes: 4,
    interfaces: 4,
  }),
)

const plusField = (size: Size, { alias, name }: FieldNode): Size => ({
  ...size,
  depth: size.depth + 1,
  fields: size.fields + 1,
  names: size.names + (alias ?? name).value.length,
  introspectionResults: 1 + (LIST_LENGTHS.get(name.value) ?? 1) * size.introspectionResults,
})

/** The size counted as introspection; names count in both cases. */
const asIntrospection = ({ depth, fields, names, introspectionResults }: Size): Size => ({
  depth: 0,
  fields: 0,
  names,
  introspectionDepth: depth,
  introspectionFields: fields,
  introspectionResults,
})
