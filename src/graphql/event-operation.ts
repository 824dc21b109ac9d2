import {
  getOperationAST, GraphQLObjectType, GraphQLSchema, Kind, parse, print, visit,
  type ASTNode, type DocumentNode, type FragmentDefinitionNode, type OperationDefinitionNode, type SelectionNode, type SelectionSetNode,
} from 'graphql'

/** What a subscription shows of each event: its operation without the arguments of its root field, which choose the events. */
export interface EventOperation {
  readonly document: DocumentNode
  /** Names of the variables that it uses, sorted; all others are gone. */
  readonly variables: readonly string[]
  /** The same for operations that show the same. */
  readonly text: string
}

/** Of a document's operation; null when it has no such one. Places in the text are left out: equal ones stand elsewhere. */
export function eventOperation(document: DocumentNode, operationName: string | undefined): EventOperation | null {
  const operation = getOperationAST(document, operationName)
  if (operation === null || operation === undefined) return null
  const fragments = new Map(document.definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [])))
  const root = rootFragments(operation.selectionSet, fragments, new Set())
  const bare = { ...operation, selectionSet: withoutArguments(operation.selectionSet) }
  const used = new Map<string, FragmentDefinitionNode>()
  const names = new Set<string>()
  collect(bare, fragments, { root, used, names })
  const definitions = [{ ...bare, variableDefinitions: (operation.variableDefinitions ?? []).filter(({ variable }) => names.has(variable.name.value)) }, ...used.values()]
  const text = print({ kind: Kind.DOCUMENT, definitions })
  // Parsed again: such nodes take a third of what copied ones take, and nothing of the first document is kept alive by them.
  return { document: parse(text, { noLocation: true }), variables: [...names].toSorted(), text }
}

type FragmentMap = ReadonlyMap<string, FragmentDefinitionNode>

/** Names of the fragments that hold the root field. Those that contain themselves were refused before. */
function rootFragments({ selections }: SelectionSetNode, fragments: FragmentMap, names: Set<string>): ReadonlySet<string> {
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
  return { ...set, selections: set.selections.map(withoutItsArguments) }
}

function withoutItsArguments(node: SelectionNode): SelectionNode {
  switch (node.kind) {
    case Kind.FIELD: return { ...node, arguments: [] }
    case Kind.INLINE_FRAGMENT: return { ...node, selectionSet: withoutArguments(node.selectionSet) }
    case Kind.FRAGMENT_SPREAD: return node
  }
}

interface UsedDefinitions {
  readonly root: ReadonlySet<string>
  readonly used: Map<string, FragmentDefinitionNode>
  readonly names: Set<string>
}

/** Finds the variables and fragments that are used in a selection, and below it. */
function collect(node: OperationDefinitionNode | FragmentDefinitionNode, fragments: FragmentMap, found: UsedDefinitions): void {
  visit({ ...node, variableDefinitions: [] } as ASTNode, {
    Variable: ({ name }) => void found.names.add(name.value),
    FragmentSpread: ({ name: { value } }) => {
      const fragment = fragments.get(value)
      if (fragment === undefined || found.used.has(value)) return
      const bare = found.root.has(value) ? { ...fragment, selectionSet: withoutArguments(fragment.selectionSet) } : fragment
      found.used.set(value, bare)
      collect(bare, fragments, found)
    },
  })
}

/** The schema in which the operations of events run: the fields of subscriptions have no arguments. */
export function eventSchema(schema: GraphQLSchema): GraphQLSchema {
  const config = schema.toConfig()
  const { subscription } = config
  if (subscription === null || subscription === undefined) return schema
  const { fields, ...rest } = subscription.toConfig()
  const bare = new GraphQLObjectType({ ...rest, fields: Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, { ...field, args: {} }])) })
  return new GraphQLSchema({ ...config, subscription: bare, types: config.types.filter((type) => type !== subscription), assumeValid: true })
}
