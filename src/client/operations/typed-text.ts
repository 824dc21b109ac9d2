/** The text of a GraphQL operation, with the types of its result and of its variables. */
export type TypedText<Result, Variables> = string & { readonly types?: (variables: Variables) => Result }
