/** `T` without the nulls of its own properties. */
export type Given<T> = { readonly [K in keyof T]: Exclude<T[K], null> }

/** The arguments that were given: GraphQL's explicit null means the same as leaving an optional argument out. */
export function given<T extends object>(args: T): Given<T> {
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null)) as Given<T>
}
