import { DatabaseError } from './error.ts'
import { LIMITS, tooLarge, type Limits } from './limits.ts'
import { invalidPath, parseSegments, type Path } from './path.ts'

/** Segments in which `*` stands for any one segment. It matches the documents at and below it. */
export type Pattern = readonly string[]

/** Segments of a pattern's text. Throws INVALID_PATH (also for `**` and `a*b`) or TOO_LARGE. */
export function parsePattern(text: string, limits: Limits = LIMITS): Pattern {
  const segments = parseSegments(text, limits)
  if (segments.some((segment) => segment.includes('*') && segment !== '*')) {
    throw invalidPath(text, '"*" stands for one whole segment, as in posts/*/comments')
  }
  return segments
}

/** Patterns of a feed. Throws BAD_REQUEST when there is none, TOO_LARGE (patterns), INVALID_PATH. */
export function parsePatterns(texts: readonly string[], limits: Limits = LIMITS): readonly Pattern[] {
  if (texts.length === 0) {
    throw new DatabaseError('BAD_REQUEST', 'No path was given: name at least one path or pattern to follow.', { argument: 'paths' })
  }
  if (texts.length > limits.patterns) throw tooLarge('patterns', limits.patterns, `${texts.length} patterns were given`)
  return texts.map((text) => parsePattern(text, limits))
}

/**
 * Whether a change of the document at `path` that wrote `fields` matches.
 *
 * `fields` are paths inside the value (`meta/likes`); none means that the whole value was written. A pattern
 * that goes on inside the document matches when what was written and what it names contain one another.
 */
export function matches(pattern: Pattern, path: Path, fields: readonly string[]): boolean {
  if (!matchesPrefix(pattern, path)) return false
  if (pattern.length <= path.length) return true
  const inside = pattern.slice(path.length)
  return fields.length === 0 || fields.some((field) => matchesPrefix(inside, field.split('/')))
}

/** Whether the two agree as far as both go: then the pattern names the path, something above it, or something inside it. */
export function matchesPrefix(pattern: Pattern, path: readonly string[]): boolean {
  const length = Math.min(pattern.length, path.length)
  for (let i = 0; i < length; i++) {
    if (pattern[i] !== '*' && pattern[i] !== path[i]) return false
  }
  return true
}

/** The part of a pattern before its first `*`. */
export function concrete(pattern: Pattern): Path {
  const end = pattern.indexOf('*')
  return end < 0 ? pattern : pattern.slice(0, end)
}

/** Whether a document can lie at or below what both name: then the patterns agree as far as both go. */
export function overlaps(a: Pattern, b: Pattern): boolean {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    if (a[i] !== '*' && b[i] !== '*' && a[i] !== b[i]) return false
  }
  return true
}
