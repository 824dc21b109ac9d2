import type { AsOf } from '../../../src/core/database/options.ts'

/** A place in the console: all of it stands in the address, so that a link shows what its sender saw. */
export interface Route {
  /** The id of a page. */
  readonly page: string
  /** What the page is about: a collection, a document; empty: the root. */
  readonly path: string
  /** The moment that every page shows; null: now, live. */
  readonly asOf: Moment | null
  /** What a page keeps in the address beside these, such as `where`. */
  readonly query: Readonly<Record<string, string>>
}

/** A moment that means the same on every page: what was written until then, inclusive. */
export interface Moment {
  /** RFC 3339, UTC. */
  readonly time: string
  /** Of the last commit that it shows: several may have one time. Left out: all commits of that time. */
  readonly cursor?: string | undefined
}

/** The page that a bare address shows. */
export const FIRST_PAGE = 'data'

const TIME = /^\d{4}-\d\d-\d\dT/

/** The route of a hash, as `#/data/posts?as=2026-11-27T09:00:00Z`. Whatever it does not understand, it leaves out. */
export function parseRoute(hash: string): Route {
  const [address, search] = splitOnce(hash.replace(/^#?\/?/, ''), '?')
  const [page, path] = splitOnce(address, '/')
  const { as, ...query } = Object.fromEntries(new URLSearchParams(search))
  return {
    page: page === '' ? FIRST_PAGE : page,
    path: path.split('/').filter(Boolean).map(decoded).join('/'),
    asOf: parseMoment(as ?? ''),
    query,
  }
}

/** The hash of a route; `parseRoute` reads it. Slashes stay, so that a path is read as it is written elsewhere. */
export function printRoute({ page, path, asOf, query }: Route): string {
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== ''))
  if (asOf !== null) search.set('as', printMoment(asOf))
  const segments = [page, ...path.split('/').filter(Boolean).map(encodeURIComponent)]
  const text = search.toString()
  return `#/${segments.join('/')}${text === '' ? '' : `?${text}`}`
}

/** A moment as the address has it; null for now, which is also what an unreadable one becomes. */
function parseMoment(text: string): Moment | null {
  const [clock, cursor] = splitOnce(text, '_')
  const time = new Date(clock)
  if (!TIME.test(clock) || Number.isNaN(time.getTime())) return null
  return { time: time.toISOString(), ...(cursor !== '' && { cursor }) }
}

function printMoment({ time, cursor }: Moment): string {
  return cursor === undefined ? time : `${time}_${cursor}`
}

/** The option `asOf` of reads at a moment; nothing for now. */
export function asOfOption(moment: Moment | null): { readonly asOf?: AsOf } {
  if (moment === null) return {}
  return { asOf: moment.cursor === undefined ? { time: moment.time } : { cursor: moment.cursor } }
}

/** Whether two moments are the same one. */
export function isSameMoment(a: Moment | null, b: Moment | null): boolean {
  return a?.time === b?.time && a?.cursor === b?.cursor
}

/** Of a path, whether it names a document by its form: collections and ids take turns. */
export function isDocumentPath(path: string): boolean {
  return path !== '' && path.split('/').length % 2 === 0
}

/** The collection that a path names, or in which its document lies. */
export function collectionOf(path: string): string {
  return isDocumentPath(path) ? parentOf(path) : path
}

/** The path one level up; empty at the root. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0))
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
