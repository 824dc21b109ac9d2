import type { Document } from '../../core/database.ts'
import type { CachedShape, ClientCache, OpenedCache } from './client-cache.ts'

interface MemoryShape {
  cursor: string
  readonly documents: Map<string, Document>
}

/** The shapes of a scope, and who writes each. */
interface MemoryScope {
  readonly shapes: Map<string, MemoryShape>
  readonly owners: Map<string, CachedShape>
}

/** A cache that lasts as long as the object: for tests. */
export function memoryCache(): ClientCache {
  let [opened, scope]: [string, MemoryScope] = ['', emptyScope()]
  return {
    open: async (name) => {
      if (name !== opened) [opened, scope] = [name, emptyScope()]
      const current = scope
      return openMemory(current, () => current === scope)
    },
    forget: async () => {
      scope = emptyScope()
    },
  }
}

function emptyScope(): MemoryScope {
  return { shapes: new Map(), owners: new Map() }
}

function openMemory({ shapes, owners }: MemoryScope, isCurrent: () => boolean): OpenedCache {
  let isClosed = false
  const isOpen = (): boolean => !isClosed && isCurrent()
  return {
    shape: (name) => {
      const shape: CachedShape = {
        load: async () => {
          if (isOpen() && !owners.has(name)) owners.set(name, shape)
          const found = isOpen() ? shapes.get(name) : undefined
          return found === undefined ? null : { cursor: found.cursor, documents: [...found.documents.values()] }
        },
        owns: () => isOpen() && owners.get(name) === shape,
        save: async ({ cursor, put, remove, whole }) => {
          const found = whole ? { cursor, documents: new Map<string, Document>() } : shapes.get(name)
          if (found === undefined || !isOpen()) return false
          for (const document of put) found.documents.set(document.path, document)
          for (const path of remove) found.documents.delete(path)
          found.cursor = cursor
          shapes.set(name, found)
          return true
        },
        release: () => {
          if (owners.get(name) === shape) owners.delete(name)
        },
      }
      return shape
    },
    clear: async () => shapes.clear(),
    close: () => {
      isClosed = true
      owners.clear()
    },
  }
}
