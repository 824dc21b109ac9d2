/**
 * The query of an address: `#query=` as the page itself writes it, or `?query=` of a link to the endpoint. Null when it
 * names none.
 */
export function queryOf(address: string): string | null {
  const { hash, searchParams } = new URL(address)
  return new URLSearchParams(hash.slice(1)).get('query') ?? searchParams.get('query')
}

/**
 * An address at which the same query is shown again, by a reload or to somebody else. It is behind the `#`, which is not
 * sent: the request for a long query would be too large.
 */
export function linkOf(address: string, query: string): string {
  const { pathname } = new URL(address)
  return `${pathname}#${new URLSearchParams({ query })}`
}
