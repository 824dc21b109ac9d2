import { badArgument } from '../error.ts'
import type { FieldPath } from '../json/field.ts'
import { tooLarge, type Limits } from '../limits.ts'

const DEFAULT_ROWS = 100

/** Bounds and default of `heartbeatMs`. */
const HEARTBEAT_MS = { least: 100, most: 60_000, usual: 15_000 }

/** Checks a number of rows, 1 to `pageSize`; default 100. Throws BAD_REQUEST or TOO_LARGE (pageSize). */
export function parseCount(count: number | undefined, argument: string, limits: Limits): number {
  const rows = count ?? DEFAULT_ROWS
  if (!Number.isSafeInteger(rows) || rows < 1) {
    throw badArgument(argument, `${argument} must be a whole number from 1 to ${limits.pageSize}.`)
  }
  if (rows > limits.pageSize) throw tooLarge('pageSize', limits.pageSize, `${rows} rows were asked for`)
  return rows
}

/** Checks a number of levels of nested collections; default: all (Infinity). Throws BAD_REQUEST. */
export function parseDepth(depth: number | undefined): number {
  if (depth === undefined) return Infinity
  if (!Number.isSafeInteger(depth) || depth < 0) throw badArgument('depth', 'depth must be a whole number from 0.')
  return depth
}

/** Checks an interval of heartbeats, ms; default 15,000. Throws BAD_REQUEST. */
export function parseHeartbeat(heartbeatMs: number = HEARTBEAT_MS.usual): number {
  if (heartbeatMs >= HEARTBEAT_MS.least && heartbeatMs <= HEARTBEAT_MS.most) return heartbeatMs
  throw badArgument('heartbeatMs', `heartbeatMs must be from ${HEARTBEAT_MS.least} to ${HEARTBEAT_MS.most}.`)
}

/** Checks the number of changes after which a feed completes. Throws BAD_REQUEST. */
export function parseLimit(limit: number): number {
  if (!Number.isSafeInteger(limit) || limit < 1) throw badArgument('limit', 'limit must be a whole number from 1.')
  return limit
}

/** The fields that columns name. Throws BAD_REQUEST or TOO_LARGE (columns). */
export function parseColumns(columns: readonly string[], limits: Limits): readonly FieldPath[] {
  if (columns.length === 0) {
    throw badArgument('columns', 'columns names one field at least; leave it out for the whole value.')
  }
  if (columns.length > limits.columns) throw tooLarge('columns', limits.columns, `${columns.length} columns were given`)
  return columns.map((column) => {
    const field = column.split('/')
    if (
      column.length <= limits.pathBytes &&
      field.length <= limits.valueDepth &&
      field.every((segment) => segment !== '')
    ) {
      return field
    }
    throw badArgument('columns', 'A column is a field, or fields joined by single slashes, such as author/name.')
  })
}
