import { createHash } from 'node:crypto'
import { shapeHash } from '../../core/cursor.ts'
import { parseColumns, parseDepth } from '../../core/database/arguments.ts'
import type { Depth, FeedOptions, Filter } from '../../core/database/options.ts'
import { badArgument } from '../../core/error.ts'
import type { FieldPath } from '../../core/json/field.ts'
import type { Limits } from '../../core/limits.ts'
import { parsePatterns, type Pattern } from '../../core/pattern.ts'
import { canonicalJson, exactValue } from '../../core/json/value.ts'
import type { ChangeType } from '../../core/version.ts'
import { compileWhere, type Where } from './cel/where.ts'

/** The documents that a reader follows, and the parts of them that it gets. */
export interface Shape {
  readonly patterns: readonly Pattern[]
  /** The texts that `where` was compiled from. */
  readonly filter: Filter
  readonly where: Where | null
  /** Null: all. */
  readonly types: readonly ChangeType[] | null
  /** Null: the whole value. */
  readonly columns: readonly FieldPath[] | null
  /** Levels of collections below the documents that a pattern names; Infinity: all. */
  readonly depth: number
  /** Whether a change carries the previous value. */
  readonly full: boolean
  /** Equal for shapes that show the same. A hash, for `params` may be long. */
  readonly key: string
  /** A short hash of the same text, which cursors carry. */
  readonly shapeHash: string
}

export interface ShapeOptions extends Filter, Depth, Pick<FeedOptions, 'columns' | 'replica'> {
  readonly types?: readonly ChangeType[] | undefined
}

/**
 * Parses a shape. Throws BAD_REQUEST, INVALID_PATH, BAD_EXPRESSION, INVALID_VALUE or TOO_LARGE (patterns, columns, …).
 */
export function parseShape(paths: readonly string[], options: ShapeOptions, limits: Limits): Shape {
  const { types = null, columns, replica = 'DEFAULT' } = options
  const filter = parseFilter(options, limits)
  const depth = parseDepth(options.depth)
  const parts = [paths, filter.where ?? null, filter.params ?? null, types, columns ?? null, replica]
  // Without a depth the text is that of earlier releases, whose cursors carry its hash.
  const text = canonicalJson(depth === Infinity ? parts : [...parts, depth])
  return {
    patterns: parsePatterns(paths, limits),
    filter,
    where: compileFilter(filter, limits),
    types,
    columns: columns === undefined ? null : parseColumns(columns, limits),
    depth,
    full: replica === 'FULL',
    key: createHash('sha256').update(text).digest('base64url'),
    shapeHash: shapeHash(text),
  }
}

/**
 * Most segments of a document that a pattern and its depth select: a collection's pattern names the documents in it, a
 * document's pattern the document itself.
 */
export function longestPath(pattern: Pattern, depth: number): number {
  return pattern.length + (pattern.length % 2) + 2 * depth
}

/** Copies and checks a filter: the caller may change its own later. Throws INVALID_VALUE or TOO_LARGE. */
export function parseFilter({ where, params }: Filter, limits: Limits): Filter {
  return { where, params: params === undefined ? undefined : exactValue(params, limits) }
}

/**
 * Compiles a filter; null: it selects all documents. Throws BAD_EXPRESSION, TOO_LARGE, INVALID_VALUE or BAD_REQUEST.
 */
export function parseWhere(filter: Filter, limits: Limits): Where | null {
  return compileFilter(parseFilter(filter, limits), limits)
}

function compileFilter({ where, params }: Filter, limits: Limits): Where | null {
  if (where !== undefined) return compileWhere(where, params, limits)
  if (params === undefined) return null
  throw badArgument('params', 'params are for where: give where too, or leave both out.')
}
