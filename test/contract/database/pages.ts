import { expect } from 'vitest'
import type { DocumentPage } from '../../../src/core/database.ts'
import type { PageOptions } from '../../../src/core/database/options.ts'

/** A way to ask for a page, with places of the whole list instead of page cursors. */
export interface Ask {
  readonly first?: number | undefined
  readonly last?: number | undefined
  readonly after?: number | undefined
  readonly before?: number | undefined
}

/** A list that can be read in pages, and what all of it is. */
export interface Paged {
  readonly whole: readonly string[]
  readonly cursors: readonly string[]
  readonly read: (options: PageOptions) => Promise<DocumentPage>
  /** How an element of `whole` is told from a node. */
  readonly tell: (page: DocumentPage) => readonly string[]
}

/**
 * The page is the part of the plain list that Relay's algorithm takes, and its flags say what it says of them: in the
 * direction of reading, whether there is more between the bounds; against it, whether there is anything beyond the
 * bound.
 */
export async function expectPage(
  { whole, cursors, read, tell }: Paged,
  ask: Ask,
  usual: 'first' | 'last',
): Promise<void> {
  const after = ask.after === undefined ? undefined : cursors[ask.after]
  const before = ask.before === undefined ? undefined : cursors[ask.before]
  const page = await read({ first: ask.first, last: ask.last, after, before })
  const from = ask.after === undefined ? 0 : ask.after + 1
  const to = Math.max(ask.before ?? whole.length, from)
  const count = ask.first ?? ask.last ?? 100
  const back = ask.last !== undefined || (ask.first === undefined && usual === 'last')
  const start = back ? Math.max(from, to - count) : from
  const end = back ? to : Math.min(to, from + count)
  expect(tell(page)).toEqual(whole.slice(start, end))
  if (end === start) return
  const next = back ? to < whole.length : end < to
  const previous = back ? start > from : from > 0
  expect({ next: page.hasNextPage, previous: page.hasPreviousPage }).toEqual({ next, previous })
}

/** Everything, read page by page from the front, and from the back. */
export async function walk(
  { read, tell }: Pick<Paged, 'read' | 'tell'>,
  size: number,
): Promise<{ forward: readonly string[]; backward: readonly string[] }> {
  const forward: string[] = []
  for (let after: string | undefined, more = true; more;) {
    const page = await read({ first: size, after })
    forward.push(...tell(page))
    after = page.edges.at(-1)?.cursor
    more = page.hasNextPage
  }
  const backward: string[] = []
  for (let before: string | undefined, more = true; more;) {
    const page = await read({ last: size, before })
    backward.unshift(...tell(page))
    before = page.edges[0]?.cursor
    more = page.hasPreviousPage
  }
  return { forward, backward }
}
