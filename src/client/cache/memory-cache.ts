import type { Document } from '../../core/database.ts'
import type { ClientCache, OpenedCache } from './client-cache.ts'

interface MemoryShape {
  cursor: string
  readonly documents: Map<string, Document>
}

/** A cache that lasts as long as the object: for tests. */
export function memoryCache(): ClientCache {
  const scopes = new Map<string, Map<string, MemoryShape>>()
  return {
    open: async (scope) => {
      for (const other of scopes.keys()) if (other !== scope) scopes.delete(other)
      const shapes = scopes.get(scope) ?? new Map<string, MemoryShape>()
      scopes.set(scope, shapes)
      return openMemory(shapes)
    },
    forget: async (scope) => {
      for (const [each, shapes] of scopes) if (scope === undefined || each === scope) shapes.clear()
    },
  }
}

function openMemory(shapes: Map<string, MemoryShape>): OpenedCache {
  let isClosed = false
  return {
    load: async (shape) => {
      const found = isClosed ? undefined : shapes.get(shape)
      return found === undefined ? null : { cursor: found.cursor, documents: [...found.documents.values()] }
    },
    owns: () => !isClosed,
    save: async (shape, { cursor, put, remove, whole }) => {
      const found = whole ? { cursor, documents: new Map<string, Document>() } : shapes.get(shape)
      if (found === undefined || isClosed) return false
      for (const document of put) found.documents.set(document.path, document)
      for (const path of remove) found.documents.delete(path)
      found.cursor = cursor
      shapes.set(shape, found)
      return true
    },
    clear: async () => shapes.clear(),
    release: () => {},
    close: async () => void (isClosed = true),
  }
}
