import type { Document } from '../../../src/core/database.ts'
import { isObject, type Json } from '../../../src/core/json/json.ts'

/** A field in which a text is searched. */
export interface SearchField {
  /** As CEL has it: `value.author.name`. */
  readonly name: string
  readonly kind: 'text' | 'number' | 'list'
}

/**
 * Fields, levels of objects and documents from which they are taken: with three spellings of a text, the expression stays
 * below the 500 nodes that the server takes.
 */
const [MOST_FIELDS, MOST_LEVELS, MOST_DOCUMENTS] = [16, 3, 200] as const

/** Names that CEL keeps for itself. */
const RESERVED =
  /^(?:in|true|false|null|as|break|const|continue|else|for|function|if|import|let|loop|package|namespace|return|var|void|while)$/

/** Whether a text is written as an expression in CEL; anything else is searched for. */
export function isExpression(text: string): boolean {
  return !/^"[^"]*"$/.test(text) && /[=<>!&|?]|\bvalue\b|\bparams\b|\b(?:id|path)\s*\.\s*\w/.test(text)
}

/** The fields of documents that hold a text, a number or a list of texts, in the order of their values. */
export function searchFields(documents: Iterable<Document>): readonly SearchField[] {
  const found = new Map<string, SearchField>()
  let left = MOST_DOCUMENTS
  const walk = (value: Json, { name, level }: { readonly name: string; readonly level: number }): void => {
    if (found.size >= MOST_FIELDS) return
    const kind = kindOf(value)
    if (kind !== null) {
      if (!found.has(name)) found.set(name, { name, kind })
      return
    }
    if (!isObject(value) || level === MOST_LEVELS) return
    for (const [key, inner] of Object.entries(value)) walk(inner, { name: memberOf(name, key), level: level + 1 })
  }
  for (const { value } of documents) {
    if (left-- === 0) break
    walk(value, { name: 'value', level: 0 })
  }
  return [...found.values()]
}

/** An expression that is true of documents whose id or one of the fields contains a text, whatever its first letter. */
export function searchExpression(text: string, fields: readonly SearchField[]): string {
  const wanted = text.replace(/^"([^"]*)"$/, '$1').trim()
  const spellings = [...new Set([wanted, wanted.toLowerCase(), capital(wanted.toLowerCase())])].map(quoted)
  const number = Number(wanted)
  const tests = fields.flatMap(({ name, kind }) => {
    if (kind === 'number') return wanted === '' || Number.isNaN(number) ? [] : [`${name} == ${number}`]
    return spellings.map((word) =>
      kind === 'text' ? `${name}.contains(${word})` : `${name}.exists(t, t.contains(${word}))`,
    )
  })
  return [`id.contains(${quoted(wanted)})`, ...tests].join(' || ')
}

/** The word in front of the cursor that may become a field, and the fields that begin with it. */
export function suggestedFields(
  before: string,
  names: readonly string[],
): { readonly word: string; readonly names: readonly string[] } {
  const [word = ''] = /[\w.]*$/.exec(before) ?? []
  const typed = word.toLowerCase()
  const isMeant = (name: string): boolean => {
    const own = name.toLowerCase()
    return own !== typed && (own.startsWith(typed) || own.replace(/^value\./, '').startsWith(typed))
  }
  return { word, names: names.filter(isMeant) }
}

function kindOf(value: Json): SearchField['kind'] | null {
  if (typeof value === 'string') return 'text'
  if (typeof value === 'number') return 'number'
  return Array.isArray(value) && typeof value[0] === 'string' ? 'list' : null
}

function memberOf(name: string, key: string): string {
  return /^[A-Za-z_]\w*$/.test(key) && !RESERVED.test(key) ? `${name}.${key}` : `${name}[${quoted(key)}]`
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function quoted(text: string): string {
  return JSON.stringify(text)
}
