import {
  getOperationAST,
  GraphQLObjectType,
  GraphQLSchema,
  Kind,
  parse,
  print,
  visit,
  type ASTNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql'

/**
 * The operation that renders each event of a subscription: without the arguments of its root field, which select the
 * events.
 */
export interface EventOperation {
  readonly document: DocumentNode
  /** Names of the variables that it uses, sorted; other variables are removed. */
  readonly variables: readonly string[]
  /** Normalized text: equal for operations that render events alike. */
  readonly text: string
}

/** The event operation of a document, without source locations; null when the document has no such operation. */
export function eventOperation(document: DocumentNode, operationName: string | undefined): EventOperation | null {
  const operation = getOperationAST(document, operationName)
  if (operation === null || operation === undefined) return null
  const fragments = new Map(
    document.definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [])),
  )
  const root = rootFragments(operation.selectionSet, fragments, new Set())
  const stripped = { ...operation, selectionSet: withoutArguments(operation.selectionSet) }
  const used = new Map<string, FragmentDefinitionNode>()
  const names = new Set<string>()
  collect(stripped, fragments, { root, used, names })
  const definitions = [
    {
      ...stripped,
      variableDefinitions: (operation.variableDefinitions ?? []).filter(({ variable }) =>
        names.has(variable.name.value),
      ),
    },
    ...used.values(),
  ]
  const text = print({ kind: Kind.DOCUMENT, definitions })
  // Parsed again: such nodes take a third of the memory of copied ones, and do not keep the first document alive.
  return { document: parse(text, { noLocation: true }), variables: [...names].toSorted(), text }
}

type FragmentMap = ReadonlyMap<string, FragmentDefinitionNode>

/** Names of the fragments that contain the root field. Recursive fragments were refused by validation. */
function rootFragments(
  { selections }: SelectionSetNode,
  fragments: FragmentMap,
  names: Set<string>,
): ReadonlySet<string> {
  for (const node of selections) {
    if (node.kind === Kind.INLINE_FRAGMENT) rootFragments(node.selectionSet, fragments, names)
    if (node.kind !== Kind.FRAGMENT_SPREAD || names.has(node.name.value)) continue
    names.add(node.name.value)
    const fragment = fragments.get(node.name.value)
    if (fragment !== undefined) rootFragments(fragment.selectionSet, fragments, names)
  }
  return names
}

function withoutArguments(set: SelectionSetNode): SelectionSetNode {
  return { ...set, selections: set.selections.map(withoutRootArguments) }
}

function withoutRootArguments(node: SelectionNode): SelectionNode {
  switch (node.kind) {
    case Kind.FIELD:
      return { ...node, arguments: [] }
    case Kind.INLINE_FRAGMENT:
      return { ...node, selectionSet: withoutArguments(node.selectionSet) }
    case Kind.FRAGMENT_SPREAD:
      return node
  }
}

interface DefinitionUsage {
  readonly root: ReadonlySet<string>
  readonly used: Map<string, FragmentDefinitionNode>
  readonly names: Set<string>
}

/** Collects the variables and fragments that a definition uses, directly or in fragments. */
function collect(
  node: OperationDefinitionNode | FragmentDefinitionNode,
  fragments: FragmentMap,
  usage: DefinitionUsage,
): void {
  visit({ ...node, variableDefinitions: [] } as ASTNode, {
    Variable: ({ name }) => void usage.names.add(name.value),
    FragmentSpread: ({ name: { value } }) => {
      const fragment = fragments.get(value)
      if (fragment === undefined || usage.used.has(value)) return
      const stripped = usage.root.has(value)
        ? { ...fragment, selectionSet: withoutArguments(fragment.selectionSet) }
        : fragment
      usage.used.set(value, stripped)
      collect(stripped, fragments, usage)
    },
  })
}

/** The schema for event operations: the subscription fields have no arguments. */
export function eventSchema(schema: GraphQLSchema): GraphQLSchema {
  const config = schema.toConfig()
  const { subscription } = config
  if (subscription === null || subscription === undefined) return schema
  const { fields, ...rest } = subscription.toConfig()
  const stripped = new GraphQLObjectType({
    ...rest,
    fields: Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, { ...field, args: {} }])),
  })
  return new GraphQLSchema({
    ...config,
    subscription: stripped,
    types: config.types.filter((type) => type !== subscription),
    assumeValid: true,
  })
}
