/** `T` without null as a value of its properties. */
type OmitNulls<T> = { readonly [K in keyof T]: Exclude<T[K], null> }

/** The arguments without nulls: an explicit null in GraphQL means the same as leaving an optional argument out. */
export function omitNulls<T extends object>(args: T): OmitNulls<T> {
  if (!Object.values(args).includes(null)) return args as OmitNulls<T>
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null)) as OmitNulls<T>
}
