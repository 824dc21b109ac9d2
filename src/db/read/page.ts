import type { ConnectionPage } from '../../core/database.ts'
import { parseCount } from '../../core/database/arguments.ts'
import type { PageOptions } from '../../core/database/options.ts'
import { badArgument } from '../../core/error.ts'
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
