import type { Document } from '../../../src/core/database.ts'
import type { Json } from '../../../src/core/json/json.ts'
import { compareText } from '../../../src/core/path.ts'
import { fieldOf } from './columns.ts'
import type { Rows } from './rows.ts'

/** By which column the rows that are loaded are sorted. */
export interface Sort {
  /** The key of a column, or one of `SORT_BY`. */
  readonly key: string
  readonly isDown: boolean
}

/** The keys of columns that are no fields. */
export const SORT_BY = { version: '@version', changed: '@changed' } as const

/** The sort that an address names, as `likes` or `-likes`; null: the order of ids. */
export function parseSort(text: string): Sort | null {
  if (text === '') return null
  return text.startsWith('-') ? { key: text.slice(1), isDown: true } : { key: text, isDown: false }
}

/** The sort after a press on the head of a column, for the address: up, down, then the order of ids again. */
export function nextSort(sort: Sort | null, key: string): string {
  if (sort?.key !== key) return key
  return sort.isDown ? '' : `-${key}`
}

/** The ids of a table as it is shown. Sorted, only documents that are loaded are among them. */
export function sortedIds({ ids, byId }: Pick<Rows, 'ids' | 'byId'>, sort: Sort | null): readonly string[] {
  if (sort === null) return ids
  const keyed = ids.flatMap((id) => {
    const document = byId.get(id)
    return document === undefined ? [] : [{ id, value: sortValue(document, sort.key) }]
  })
  return keyed.sort((a, b) => compareValues(a.value, b.value, sort.isDown)).map(({ id }) => id)
}

function sortValue(document: Document, key: string): Json | undefined {
  if (key === SORT_BY.version) return document.version
  if (key === SORT_BY.changed) return document.updatedAt
  return fieldOf(document.value, key)
}

/** Numbers, then texts, then the others; what is missing or null comes last, up and down. */
function compareValues(a: Json | undefined, b: Json | undefined, isDown: boolean): number {
  const [first, second] = [rankOf(a), rankOf(b)]
  if (first === LAST || second === LAST) return first - second
  if (first !== second) return isDown ? second - first : first - second
  const order = typeof a === 'number' && typeof b === 'number' ? a - b : compareText(textOf(a), textOf(b))
  return isDown ? -order : order
}

const LAST = 3

function rankOf(value: Json | undefined): number {
  if (value === undefined || value === null) return LAST
  return typeof value === 'number' ? 0 : typeof value === 'string' ? 1 : 2
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null)
}
