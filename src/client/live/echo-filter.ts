import type { Document } from '../../core/database.ts'
import { hasContent, matchesPrefix } from '../../core/pattern.ts'
import type { LiveShape } from './live-state.ts'

/** Tells of a new document whether a store of the shape shows it before the feed does. */
export function echoFilter({
  path: patterns,
  depth = 0,
  where,
  match,
}: LiveShape): (document: Pick<Document, 'path' | 'value'>) => boolean {
  return ({ path: text, value }) => {
    const path = text.split('/')
    const isNamed = [patterns].flat().some((pattern) => {
      const segments = pattern.split('/')
      const levels = (path.length - segments.length) / 2
      if (!matchesPrefix(segments, path)) return false
      // A longer pattern names a field, or documents below this one.
      return levels < 0
        ? hasContent(value, segments.slice(path.length))
        : depth === 'all' || Math.floor(levels) <= depth
    })
    return isNamed && (match === undefined ? where === undefined : match(value))
  }
}
