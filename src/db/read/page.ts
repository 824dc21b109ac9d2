import type { ConnectionPage } from '../../core/database.ts'
import { parseCount } from '../../core/database/arguments.ts'
import type { PageOptions } from '../../core/database/options.ts'
import { badArgument, type DatabaseError } from '../../core/error.ts'
import { LIMITS, type Limits } from '../../core/limits.ts'

/** Number of rows of a page, and the end of the range that it starts from. */
export interface Window {
  readonly count: number
  /** Whether the page starts from the end (`last`). */
  readonly reverse: boolean
}

/** Reads `first` or `last`. Throws BAD_REQUEST or TOO_LARGE (pageSize). */
export function parseWindow(options: PageOptions, fallback: 'first' | 'last', limits: Limits = LIMITS): Window {
  if (options.first !== undefined && options.last !== undefined) {
    throw badArgument('last', 'Give first or last, not both.')
  }
  const name = options.last !== undefined ? 'last' : options.first !== undefined ? 'first' : fallback
  return { count: parseCount(options[name], name, limits), reverse: name === 'last' }
}

/** Kinds of page cursors: an id in a collection, the name of a collection, or a position in a history. */
type PageKind = 'id' | 'name' | 'place'

/** Most bytes of a UTF-16 unit in UTF-8. */
const UTF8_UNIT_BYTES = 3

/** Holds the bytes of a cursor while it is made: a buffer of its own would cost more than that. */
const scratch = Buffer.allocUnsafe(1_024)

/** An opaque page cursor for a text; not a cursor of the log. */
export function formatPageCursor(kind: PageKind, text: string): string {
  const plain = `${kind}:${text}`
  if (plain.length * UTF8_UNIT_BYTES > scratch.length) return Buffer.from(plain).toString('base64url')
  return scratch.toString('base64url', 0, scratch.write(plain))
}

/** The text of a page cursor of this kind. Throws BAD_REQUEST. */
export function parsePageCursor(kind: PageKind, cursor: string, argument: string): string {
  const text = Buffer.from(cursor, 'base64url').toString()
  const start = kind.length + 1
  if (text.startsWith(`${kind}:`) && formatPageCursor(kind, text.slice(start)) === cursor) return text.slice(start)
  throw badPageCursor(argument)
}

/** BAD_REQUEST: the argument is not a cursor of such a page. */
export function badPageCursor(argument: string): DatabaseError {
  return badArgument(
    argument,
    `${argument} is not a cursor of such a page: take endCursor or startCursor of the page before.`,
  )
}

interface PageEdges<Node> {
  readonly edges: readonly { readonly cursor: string; readonly node: Node }[]
  /**
   * Page cursor of the last position that was read; undefined where the range ends there, in the direction of reading.
   */
  readonly next: string | undefined
  /** Log cursor of the revision that was read. */
  readonly cursor: string
}

/**
 * A page in the shape of a Relay connection. Against the direction of reading, there is a page exactly where a page
 * cursor bounds it (https://relay.dev/graphql/connections.htm, section 5.1: it need not be searched for).
 */
export function toPage<Node>(
  options: PageOptions,
  { reverse }: Window,
  { edges, next, cursor }: PageEdges<Node>,
): ConnectionPage<Node> {
  const more = next !== undefined
  const [first = next, last = next] = [edges[0]?.cursor, edges.at(-1)?.cursor]
  return {
    edges,
    startCursor: (reverse ? (next ?? first) : first) ?? null,
    endCursor: (reverse ? last : (next ?? last)) ?? null,
    hasNextPage: reverse ? options.before !== undefined : more,
    hasPreviousPage: reverse ? more : options.after !== undefined,
    cursor,
  }
}
