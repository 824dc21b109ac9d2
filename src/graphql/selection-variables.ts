import {
  getOperationAST, Kind, visit,
  type ASTNode, type DocumentNode, type FragmentDefinitionNode, type SelectionSetNode,
} from 'graphql'

/**
 * Names of the variables that shape what a subscription shows of its events: all that the operation uses outside its
 * root field's own arguments, sorted. None for an operation that the document does not have.
 */
export function selectionVariables(document: DocumentNode, operationName: string | undefined): readonly string[] {
  const operation = getOperationAST(document, operationName)
  if (operation === null || operation === undefined) return []
  const search: Search = { fragments: fragmentsOf(document), names: new Set(), seen: new Set() }
  searchRoot(search, operation.selectionSet)
  return [...search.names].toSorted()
}

interface Search {
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly names: Set<string>
  /** Fragments below the root field that were searched already. */
  readonly seen: Set<string>
}

function fragmentsOf({ definitions }: DocumentNode): Search['fragments'] {
  return new Map(definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [])))
}

/** Fragments that contain themselves were refused before. */
function searchRoot(search: Search, { selections }: SelectionSetNode): void {
  for (const node of selections) {
    for (const directive of node.directives ?? []) searchBelow(search, directive)
    if (node.kind === Kind.FRAGMENT_SPREAD) {
      const fragment = search.fragments.get(node.name.value)
      if (fragment !== undefined) searchRoot(search, fragment.selectionSet)
    } else if (node.kind === Kind.INLINE_FRAGMENT) searchRoot(search, node.selectionSet)
    else if (node.selectionSet !== undefined) searchBelow(search, node.selectionSet)
  }
}

function searchBelow(search: Search, node: ASTNode): void {
  visit(node, {
    Variable: ({ name }) => void search.names.add(name.value),
    FragmentSpread: ({ name: { value } }) => {
      const fragment = search.fragments.get(value)
      if (fragment === undefined || search.seen.has(value)) return
      search.seen.add(value)
      searchBelow(search, fragment.selectionSet)
    },
  })
}
