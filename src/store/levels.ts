import type { Path } from '../core/path.ts'
import type { Range } from './store.ts'

type LevelRange = Pick<Range, 'kind' | 'path' | 'levels'>

/** Whether a document below the path of a range lies within its levels: of a collection, directly in it. */
export function isWithinLevels(document: Path, { kind, path, levels = Infinity }: LevelRange): boolean {
  const deeper = document.length - path.length
  return kind === 'collection' ? deeper === 1 : Math.ceil(deeper / 2) <= levels
}

/**
 * For a document that is deeper than the levels of a range `below`: the collection of the last level that it lies
 * below. Everything nested in that collection is to be skipped.
 */
export function lastLevelAbove(document: Path, { path, levels = Infinity }: LevelRange): Path {
  return document.slice(0, path.length - (path.length % 2) + 2 * levels - 1)
}
