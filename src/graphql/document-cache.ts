import { visit, type DocumentNode } from 'graphql'

/** What Yoga asks of a cache of parsed documents. */
export interface TextCache<T> {
  get(text: string): T | undefined
  set(text: string, value: T): void
}

/** Characters of all texts together: an operation of an app has a few hundred, its tree takes about fifty times that. */
const MAX_CHARS = 524_288
/** A longer text carries its values inside and is not likely to come again. */
const MAX_TEXT_CHARS = 16_384

/** Remembers what was made of recent query texts; the least recently used go first. Bounded by characters, not by entries alone. */
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

/** Remembers parsed documents. The tokens of their texts are let go: they take half of the memory, and only the parser needs them. */
export function createDocumentCache(): TextCache<DocumentNode> {
  const cache = createTextCache<DocumentNode>()
  return { ...cache, set: (text, document) => cache.set(text, withoutTokens(document)) }
}

/** In place. Errors say where they are by the offsets that a location has besides. */
function withoutTokens(document: DocumentNode): DocumentNode {
  visit(document, { enter: ({ loc }) => void Object.assign(loc ?? {}, { startToken: undefined, endToken: undefined }) })
  return document
}
