import type { Document } from '../../../src/core/database.ts'
import { isObject, type Json } from '../../../src/core/json/json.ts'

/** A column of a table: a top-level field of the documents' values. */
export interface Column {
  readonly key: string
  /** Of most of its values; decides width and alignment. */
  readonly kind: 'text' | 'number' | 'flag' | 'other'
}

/** What a cell shows. */
export interface Cell {
  readonly kind: 'text' | 'number' | 'flag' | 'null' | 'missing' | 'list' | 'object'
  readonly text: string
}

/** The key of the one column of values that are no objects. */
export const VALUE_KEY = ''

const MOST_COLUMNS = 24
const MOST_CHARACTERS = 120

/**
 * The columns of documents: fields that most of them have come first, in the order of the values. Columns that were
 * there before keep their places, so that a table does not jump when a document comes.
 */
export function columnsOf(documents: Iterable<Document>, before: readonly Column[] = []): readonly Column[] {
  const found = new Map<string, { count: number; kinds: Map<Column['kind'], number> }>()
  for (const { value } of documents) {
    for (const [key, field] of entriesOf(value)) {
      const of = found.get(key) ?? { count: 0, kinds: new Map() }
      found.set(key, of)
      of.count++
      const kind = kindOf(field)
      if (field !== null) of.kinds.set(kind, (of.kinds.get(kind) ?? 0) + 1)
    }
  }
  const known = new Set(before.map(({ key }) => key))
  const fresh = [...found]
    .filter(([key]) => !known.has(key))
    .sort(([, a], [, b]) => b.count - a.count)
    .map(([key, { kinds }]) => ({ key, kind: [...kinds].sort(([, a], [, b]) => b - a)[0]?.[0] ?? 'text' }))
  return fresh.length === 0 ? before : [...before, ...fresh].slice(0, MOST_COLUMNS)
}

/** What the cell of a column shows of a value. */
export function cellOf(value: Json, key: string): Cell {
  const field = key === VALUE_KEY ? value : fieldOf(value, key)
  if (field === undefined) return { kind: 'missing', text: '' }
  if (field === null) return { kind: 'null', text: 'null' }
  if (typeof field === 'string') return { kind: 'text', text: field.slice(0, MOST_CHARACTERS) }
  if (typeof field === 'number') return { kind: 'number', text: String(field) }
  if (typeof field === 'boolean') return { kind: 'flag', text: String(field) }
  if (!Array.isArray(field)) return { kind: 'object', text: JSON.stringify(field).slice(0, MOST_CHARACTERS) }
  const isPlain = field.length > 0 && field.every((item) => typeof item !== 'object')
  return {
    kind: 'list',
    text: isPlain ? field.join(', ').slice(0, MOST_CHARACTERS) : JSON.stringify(field).slice(0, MOST_CHARACTERS),
  }
}

/**
 * What was typed into a cell, as a value: a text stays a text; elsewhere JSON is taken as JSON, and anything else as a
 * text.
 */
export function typedValue(text: string, before: Json | undefined): Json {
  if (typeof before === 'string') return text
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}

/** The text by which a value is edited in a cell. */
export function editableText(value: Json | undefined): string {
  return value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value)
}

/** The field of a value; undefined when it has none. */
export function fieldOf(value: Json, key: string): Json | undefined {
  if (key === VALUE_KEY) return value
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
}

function entriesOf(value: Json): readonly (readonly [string, Json])[] {
  // A field with an empty name has no column: its key is that of whole values.
  return isObject(value) ? Object.entries(value).filter(([key]) => key !== VALUE_KEY) : [[VALUE_KEY, value]]
}

function kindOf(value: Json): Column['kind'] {
  if (typeof value === 'string') return 'text'
  if (typeof value === 'number') return 'number'
  return typeof value === 'boolean' ? 'flag' : 'other'
}
