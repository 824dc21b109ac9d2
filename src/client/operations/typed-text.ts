/** The text of a GraphQL operation, with the types of its result and of its variables. */
export type TypedText<Result, Variables> = string & { readonly types?: (variables: Variables) => Result }

/**
 * The text of an operation whose variables have the names of the arguments. `head`: its kind and its field, such as
 * `query get`; `args`: names with types, such as `path:Path! depth:Int`; `selection`: what follows the field.
 */
export function operationText(head: string, args: string, selection = ''): string {
  const [kind, field] = head.split(' ')
  const declared = args.replace(/\w+:/g, '$$$&')
  const passed = args.replace(/(\w+):\S+/g, '$1:$$$1')
  return args === '' ? `${kind}{${field}${selection}}` : `${kind}(${declared}){${field}(${passed})${selection}}`
}
