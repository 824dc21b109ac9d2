import type { DocumentNode } from 'graphql'
import type { TypedText } from '../client/operations/typed-text.ts'

/**
 * The document of an operation with the types of its result and of its variables, as GraphQL clients take it
 * (https://github.com/dotansimha/graphql-typed-document-node).
 */
interface TypedDocumentNode<Result, Variables> extends DocumentNode {
  readonly __apiType?: (variables: Variables) => Result
}

/** The document of an operation of the SDK. */
export type OperationDocument<Text> =
  Text extends TypedText<infer Result, infer Variables> ? TypedDocumentNode<Result, Variables> : never
