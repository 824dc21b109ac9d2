import {
  GraphQLError,
  Kind,
  OperationTypeNode,
  type SelectionNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql'

/**
 * Refuses @skip and @include on the root field of a subscription, which must have exactly one (GraphQL, section
 * 5.2.4.1).
 */
export const SubscriptionRoot: ValidationRule = (context) => ({
  OperationDefinition: ({ operation, selectionSet }) => {
    if (operation === OperationTypeNode.SUBSCRIPTION) checkSelections(context, selectionSet.selections, new Set())
  },
})

function checkSelections(context: ValidationContext, selections: readonly SelectionNode[], seen: Set<string>): void {
  for (const node of selections) {
    const conditions = (node.directives ?? []).filter(({ name }) => name.value === 'skip' || name.value === 'include')
    if (conditions.length > 0) {
      context.reportError(
        new GraphQLError(
          'The root field of a subscription takes neither @skip nor @include: leave the subscription out instead.',
          { nodes: conditions },
        ),
      )
    }
    if (node.kind !== Kind.FIELD) checkSelections(context, selectionsIn(context, node, seen), seen)
  }
}

function selectionsIn(
  context: ValidationContext,
  node: Exclude<SelectionNode, { kind: Kind.FIELD }>,
  seen: Set<string>,
): readonly SelectionNode[] {
  if (node.kind === Kind.INLINE_FRAGMENT) return node.selectionSet.selections
  if (seen.has(node.name.value)) return []
  seen.add(node.name.value)
  return context.getFragment(node.name.value)?.selectionSet.selections ?? []
}
