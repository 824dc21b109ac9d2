import { computed, signal, type ReadonlySignal } from '@preact/signals'
import { collectionOf, FIRST_PAGE, isDocumentPath, parseRoute, printRoute, type Moment, type Route } from './route.ts'

/** How the address of the window is written. */
export interface AddressBar {
  push(hash: string): void
  replace(hash: string): void
}

const current = signal<Route>(parseRoute(''))
let bar: AddressBar = { push: () => {}, replace: () => {} }

/** Where the console is. Change it by `go`. */
export const route: ReadonlySignal<Route> = current

/** The moment that the whole console shows; null: now, live. */
export const asOf: ReadonlySignal<Moment | null> = computed(() => current.value.asOf)

/** Connects the route with an address bar, whose hash is `hash`. */
export function openLocation(hash: string, address: AddressBar): void {
  bar = address
  current.value = parseRoute(hash)
}

/** Takes a hash that the reader typed, or went back to. */
export function arrive(hash: string): void {
  if (printRoute(current.value) !== hash) move(parseRoute(hash))
}

/**
 * Goes to a place; what is left out stays, but for `query`, which a change of page or path empties. `replace`: leaves no
 * step for the button Back, as while a slider is dragged.
 */
export function go(to: Partial<Route>, { replace = false }: { readonly replace?: boolean } = {}): void {
  const next = resolve(to)
  const hash = printRoute(next)
  if (hash === printRoute(current.value)) return
  move(next)
  if (replace) bar.replace(hash)
  else bar.push(hash)
}

/** Changes a part of the query of the current page; an empty text removes it. */
export function goQuery(change: Readonly<Record<string, string>>, options: { readonly replace?: boolean } = {}): void {
  go({ query: { ...current.value.query, ...change } }, options)
}

/** Goes to the first document of a collection that is not there yet. */
export function goToNewCollection(name: string): void {
  const path = name.trim()
  if (path !== '') go({ page: FIRST_PAGE, path, query: isDocumentPath(path) ? {} : { new: '1' } })
}

/** The address of a place, for a link: it keeps the moment. */
export function hrefTo(to: Partial<Route>): string {
  return printRoute(resolve(to))
}

function resolve(to: Partial<Route>): Route {
  const last = current.value
  const { page = last.page, path = last.path } = to
  const isElsewhere = page !== last.page || path !== last.path
  return { ...last, ...(isElsewhere && { query: to.path === undefined ? filterOf(page, path) : {} }), ...to }
}

type Query = Route['query']

/** What of a query says what is open in a page: no part of its filter. */
const OPENED: ReadonlySet<string> = new Set(['v', 'view', 'new', 'against'])

/** The filter of each page when it was left, and the collection that it was of. */
const filters = new Map<string, { readonly collection: string; readonly query: Query }>()

/** The filter with which a page was left, if it is of the same collection. */
function filterOf(page: string, path: string): Query {
  const left = filters.get(page)
  return left?.collection === collectionOf(path) ? left.query : {}
}

function move(next: Route): void {
  const { page, path, query } = current.value
  if (next.page !== page) {
    const kept = Object.entries(query).filter(([name]) => !OPENED.has(name))
    filters.set(page, { collection: collectionOf(path), query: Object.fromEntries(kept) })
  }
  current.value = next
}

/** What of the query stays when a document of a table is opened or closed: its filter and its order. */
export function tableQuery(): Readonly<Record<string, string>> {
  const { where = '', q = '', order = '', sort = '' } = current.value.query
  return { where, q, order, sort }
}
