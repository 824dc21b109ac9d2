import type { Filter } from '../../../src/core/database/options.ts'
import { isObject, type Json } from '../../../src/core/json/json.ts'

/** A document as a judge sees it. */
export interface Stored {
  readonly path: string
  readonly version: number
  readonly value: Json
}

/** What part of a tenant a reader looks at, and what its `where` says in other words. */
export interface Shape extends Filter {
  readonly paths: readonly string[]
  readonly columns?: readonly string[] | undefined
  /** Whether `where` is true of a document, decided without looking at its text. */
  readonly holds: (document: Pick<Stored, 'path' | 'value'>) => boolean
}

/** All documents of these patterns. */
export function everything(...paths: readonly string[]): Shape {
  return { paths, holds: () => true }
}

/** Whether a path lies at or below what any of the patterns names, decided on their texts alone. */
export function belowAny(patterns: readonly string[]): (path: string) => boolean {
  const expressions = patterns.map(
    (pattern) =>
      new RegExp(
        `^${pattern
          .split('/')
          .map((segment) => (segment === '*' ? '[^/]+' : segment))
          .join('/')}(/|$)`,
      ),
  )
  return (path) => expressions.some((expression) => expression.test(path))
}

/**
 * Whether a shape shows a document. Decided on the texts of patterns and paths; patterns end at documents or
 * collections here.
 */
export function shows({ paths, holds }: Shape): (document: Pick<Stored, 'path' | 'value'>) => boolean {
  const isBelow = belowAny(paths)
  return (document) => isBelow(document.path) && holds(document)
}

/** Only the columns of an object, at their places; columns lead through objects here. */
export function cut(value: Json, columns: readonly string[] | undefined): Json {
  if (columns === undefined || !isObject(value)) return value
  const whole = new Set(columns)
  return (
    chosen(value, '', (column) =>
      whole.has(column) ? 'whole' : columns.some((other) => other.startsWith(`${column}/`)) ? 'part' : 'none',
    ) ?? {}
  )
}

function chosen(value: Json, prefix: string, choice: (column: string) => 'whole' | 'part' | 'none'): Json | undefined {
  if (!isObject(value)) return undefined
  const fields = Object.entries(value).flatMap(([key, field]) => {
    const chose = choice(`${prefix}${key}`)
    const part = chose === 'whole' ? field : chose === 'part' ? chosen(field, `${prefix}${key}/`, choice) : undefined
    return part === undefined ? [] : [[key, part] as const]
  })
  return fields.length === 0 ? undefined : Object.fromEntries(fields)
}
