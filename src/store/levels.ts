import type { Path } from '../core/path.ts'
import type { Range } from './store.ts'

type LevelRange = Pick<Range, 'kind' | 'path' | 'levels'>

/** Levels of collections that a range has; Infinity: all. */
function levelsOfRange({ kind, levels = Infinity }: LevelRange): number {
  return kind === 'collection' ? 1 : levels
}

/** Whether a document below the path of a range lies within its levels. */
export function isWithinLevels(document: Path, range: LevelRange): boolean {
  return Math.ceil((document.length - range.path.length) / 2) <= levelsOfRange(range)
}

/**
 * For a document (or its collection) deeper than the levels of a range: the collection of the last level that it lies
 * below. Everything nested in that collection is to be skipped.
 */
export function lastLevelAbove(path: Path, range: LevelRange): Path {
  const ownCollection = range.path.length % 2
  return path.slice(0, range.path.length - ownCollection + 2 * levelsOfRange(range) - 1)
}
