import type { DocumentNode } from 'graphql'

/**
 * The document of an operation with the types of its result and of its variables, as GraphQL clients take it
 * (https://github.com/dotansimha/graphql-typed-document-node).
 */
export interface OperationDocument<Result, Variables> extends DocumentNode {
  readonly __apiType?: (variables: Variables) => Result
}
