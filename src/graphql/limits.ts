import {
  GraphQLError, Kind, parse,
  type FragmentDefinitionNode, type OperationDefinitionNode, type SelectionNode, type SelectionSetNode,
  type ValidationContext, type ValidationRule,
} from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { refusal, tooComplex } from './errors.ts'

/** Bounds of a GraphQL operation; the names appear in OPERATION_TOO_COMPLEX as `limit`. */
export const QUERY_LIMITS = {
  /** Tokens of the document. More would let the parser's recursion overflow the stack. */
  tokens: 1_000,
  /** Levels of fields, fragments expanded. */
  depth: 10,
  /** Fields, fragments expanded and aliases counted. */
  fields: 200,
} as const

/** Refuses operations with too many tokens, levels or fields. Introspection is exempt from the last two. */
export function queryLimits(): Plugin {
  return {
    onParse: ({ setParseFn }) => setParseFn(parseBounded),
    onValidate: ({ addValidationRule }) => addValidationRule(QueryLimits),
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
  return tooComplex('tokens', tokens, `The document has more than ${tokens} tokens: send less at once, and values as variables.`)
}

interface Size {
  readonly depth: number
  readonly fields: number
}

const NOTHING: Size = { depth: 0, fields: 0 }

/** Its name tells it apart in the cache of validation results. */
const QueryLimits: ValidationRule = (context) => ({
  Document: ({ definitions }) => {
    const measure = createMeasure(context)
    for (const node of definitions) if (node.kind === Kind.OPERATION_DEFINITION) checkSize(context, node, measure(node.selectionSet))
  },
})

function checkSize(context: ValidationContext, node: OperationDefinitionNode, size: Size): void {
  for (const limit of ['depth', 'fields'] as const) {
    const max = QUERY_LIMITS[limit]
    const what = limit === 'depth' ? 'levels of fields' : 'fields, those of fragments counted wherever they are used'
    const message = `The operation has more than ${max} ${what}: ask for less at once.`
    if (size[limit] > max) context.reportError(tooComplex(limit, max, message, node))
  }
}

/**
 * Measures selections. Each fragment is measured once, so that fragments that use one another many times cost no more
 * than their text; one that contains itself (another rule refuses it) counts as nothing inside itself.
 */
function createMeasure(context: ValidationContext): (selections: SelectionSetNode | undefined) => Size {
  const known = new Map<FragmentDefinitionNode, Size>()
  const ofFragment = (fragment: FragmentDefinitionNode): Size => {
    const size = known.get(fragment)
    if (size !== undefined) return size
    known.set(fragment, NOTHING)
    const measured = ofSet(fragment.selectionSet)
    known.set(fragment, measured)
    return measured
  }
  const ofSelection = (node: SelectionNode): Size => {
    if (node.kind === Kind.INLINE_FRAGMENT) return ofSet(node.selectionSet)
    if (node.kind === Kind.FIELD) return isIntrospection(node.name.value) ? NOTHING : within(ofSet(node.selectionSet))
    const fragment = context.getFragment(node.name.value)
    return fragment ? ofFragment(fragment) : NOTHING
  }
  const ofSet = (set: SelectionSetNode | undefined): Size => (set?.selections ?? []).map(ofSelection).reduce(add, NOTHING)
  return ofSet
}

const isIntrospection = (name: string): boolean => name === '__schema' || name === '__type'

const add = (a: Size, b: Size): Size => ({ depth: Math.max(a.depth, b.depth), fields: a.fields + b.fields })

const within = ({ depth, fields }: Size): Size => ({ depth: depth + 1, fields: fields + 1 })
