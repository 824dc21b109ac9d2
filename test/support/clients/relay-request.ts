import {
  getNamedType,
  getNullableType,
  isInterfaceType,
  isLeafType,
  isListType,
  isObjectType,
  Kind,
  parse,
  valueFromASTUntyped,
  type ArgumentNode,
  type FieldNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql'
import type { ConcreteRequest } from 'relay-runtime'
import { schema } from '../../../src/graphql/schema.ts'

/** A piece of what Relay's compiler writes; its runtime reads it, its types ask for more than that. */
type Artifact = Readonly<Record<string, unknown>>

/**
 * What Relay's compiler makes of the text of an operation: requests are sent as that text, results taken apart and put
 * together along these selections. As the compiler does, it asks every type that has an `id` for it, and an interface
 * for its type.
 */
export function relayRequest(text: string): ConcreteRequest {
  const operation = parse(text).definitions.find(
    (node): node is OperationDefinitionNode => node.kind === Kind.OPERATION_DEFINITION,
  )
  const root = operation === undefined ? undefined : schema.getRootType(operation.operation)
  if (operation === undefined || root == null) throw new Error('The text has no operation that the schema knows.')
  const name = operation.name?.value ?? 'Anonymous'
  const argumentDefinitions = (operation.variableDefinitions ?? []).map((node) => ({
    kind: 'LocalArgument',
    name: node.variable.name.value,
    defaultValue: null,
  }))
  const selections = selectionsOf(schema, root, operation.selectionSet)
  const request: Artifact = {
    kind: 'Request',
    fragment: {
      kind: 'Fragment',
      name,
      type: root.name,
      abstractKey: null,
      metadata: null,
      argumentDefinitions,
      selections,
    },
    operation: { kind: 'Operation', name, argumentDefinitions, selections },
    params: { id: null, cacheID: text, name, operationKind: operation.operation, text, metadata: {} },
  }
  return request as unknown as ConcreteRequest
}

function selectionsOf(
  from: GraphQLSchema,
  type: GraphQLNamedType,
  { selections }: SelectionSetNode,
): readonly Artifact[] {
  return selections.map((node) => selectionOf(from, type, node))
}

function selectionOf(from: GraphQLSchema, type: GraphQLNamedType, node: SelectionNode): Artifact {
  if (node.kind === Kind.FIELD) return fieldOf(from, type, node)
  const condition = node.kind === Kind.INLINE_FRAGMENT ? node.typeCondition?.name.value : undefined
  const inner = condition === undefined ? undefined : from.getType(condition)
  if (node.kind !== Kind.INLINE_FRAGMENT || inner === undefined) {
    throw new Error('Only fields and fragments on a type are understood here.')
  }
  return {
    kind: 'InlineFragment',
    type: inner.name,
    abstractKey: null,
    selections: selectionsOf(from, inner, node.selectionSet),
  }
}

function fieldOf(from: GraphQLSchema, type: GraphQLNamedType, node: FieldNode): Artifact {
  const name = node.name.value
  const common = {
    alias: node.alias?.value ?? null,
    name,
    args: node.arguments?.length ? node.arguments.map(argumentOf) : null,
    storageKey: null,
  }
  if (name === '__typename') return { kind: 'ScalarField', ...common }
  const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[name] : undefined
  if (field === undefined) throw new Error(`The schema has no field ${type.name}.${name}.`)
  const named = getNamedType(field.type)
  if (isLeafType(named) || node.selectionSet === undefined) return { kind: 'ScalarField', ...common }
  const concreteType = isObjectType(named) ? named.name : null
  return {
    kind: 'LinkedField',
    ...common,
    concreteType,
    plural: isListType(getNullableType(field.type)),
    selections: selectionsOf(from, named, node.selectionSet),
  }
}

function argumentOf({ name: { value: name }, value }: ArgumentNode): Artifact {
  if (value.kind === Kind.VARIABLE) return { kind: 'Variable', name, variableName: value.name.value }
  return { kind: 'Literal', name, value: valueFromASTUntyped(value) }
}
