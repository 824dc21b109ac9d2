import { DatabaseError } from '../../core/error.ts'
import { isDocumentPath, parsePath } from '../../core/path.ts'
import type { Context } from '../context.ts'
import type { DocumentLookup } from '../loaders.ts'
import { asEvent, type ShownDocument } from './shown.ts'

/** Separates path and version. No path has an empty segment, so ids are unambiguous. */
const SEPARATOR = '//'
const VERSION = /^[1-9]\d{0,9}$/

/** The global id: the path for the present state, `<path>//<version>` for a past state or an event. */
export function globalId({ path, version, isEvent = false }: ShownDocument): string {
  return isEvent ? `${path}${SEPARATOR}${version}` : path
}

/**
 * The node with an id (https://relay.dev/graphql/objectidentification.htm); null when there is none or the id is
 * invalid.
 */
export async function readNode({ loaders }: Context, id: string): Promise<ShownDocument | null> {
  const key = parseId(id)
  if (key === null) return null
  const document = await loaders.document(key).catch(nullIfNotFound)
  return document === null || key.asOf === undefined ? document : asEvent(document)
}

function parseId(id: string): DocumentLookup | null {
  const end = id.indexOf(SEPARATOR)
  const path = end < 0 ? id : id.slice(0, end)
  if (!isPathOfDocument(path)) return null
  if (end < 0) return { path }
  const version = id.slice(end + SEPARATOR.length)
  return VERSION.test(version) ? { path, asOf: { version: Number(version) }, deleted: true } : null
}

function isPathOfDocument(text: string): boolean {
  try {
    return isDocumentPath(parsePath(text))
  } catch {
    return false
  }
}

/** Null for NOT_FOUND, which the database throws for a version that never was; rethrows other errors. */
function nullIfNotFound(error: unknown): null {
  if (error instanceof DatabaseError && error.code === 'NOT_FOUND') return null
  throw error
}
