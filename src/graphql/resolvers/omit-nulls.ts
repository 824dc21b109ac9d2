/** `T` without the nulls of its own properties. */
export type OmitNulls<T> = { readonly [K in keyof T]: Exclude<T[K], null> }

/** The arguments that were given: GraphQL's explicit null means the same as leaving an optional argument out. */
export function omitNulls<T extends object>(args: T): OmitNulls<T> {
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null)) as OmitNulls<T>
}
