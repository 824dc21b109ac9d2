import { visit, type DocumentNode } from 'graphql'

/** A cache by query text. */
interface TextCache<T> {
  get(text: string): T | undefined
  set(text: string, value: T): void
}

/**
 * Most characters of all texts: an operation of an app has a few hundred; its AST takes about fifty times the memory.
 */
const MAX_CHARS = 524_288
/** Longest cached text: a longer one probably contains its values as literals, and is not repeated. */
const MAX_TEXT_CHARS = 16_384

/** An LRU cache by query text, bounded by the characters of all texts (MAX_CHARS). */
export function createTextCache<T>(): TextCache<T> {
  const entries = new Map<string, T>()
  let chars = 0
  const remove = (text: string): void => {
    if (entries.delete(text)) chars -= text.length
  }
  const insert = (text: string, value: T): void => {
    remove(text)
    entries.set(text, value)
    chars += text.length
  }
  return {
    get: (text) => {
      const value = entries.get(text)
      if (value !== undefined) insert(text, value)
      return value
    },
    set: (text, value) => {
      if (text.length > MAX_TEXT_CHARS) return
      insert(text, value)
      for (const oldest of entries.keys()) {
        if (chars <= MAX_CHARS) return
        remove(oldest)
      }
    },
  }
}

/**
 * Removes the tokens of a document in place: they take half of its memory, and only the parser uses them. The offsets
 * stay, from which errors compute their locations.
 */
export function withoutTokens(document: DocumentNode): DocumentNode {
  visit(document, { enter: ({ loc }) => void Object.assign(loc ?? {}, { startToken: undefined, endToken: undefined }) })
  return document
}
