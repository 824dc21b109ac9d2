import { DatabaseError } from './error.ts'
import { getField, isEmptyArray } from './json/field.ts'
import { isObject, type Json } from './json/json.ts'
import { isArray } from './json/value.ts'
import { LIMITS, tooLarge, type Limits } from './limits.ts'
import { invalidPath, isSystemPath, parseSegments, type Path } from './path.ts'

/**
 * Segments in which `*` stands for any one segment, at the top level for none that belongs to the system. A pattern
 * matches the documents at and below it.
 */
export type Pattern = readonly string[]

/** Segments of a pattern's text. Throws INVALID_PATH (also for `**` and `a*b`) or TOO_LARGE. */
export function parsePattern(text: string, limits: Limits = LIMITS): Pattern {
  const segments = parseSegments(text, limits)
  if (segments.some((segment) => segment.includes('*') && segment !== '*')) {
    throw invalidPath(text, '"*" stands for one whole segment, as in posts/*/comments')
  }
  return segments
}

/** Patterns of a feed. Throws BAD_REQUEST when `texts` is empty, TOO_LARGE (patterns) or INVALID_PATH. */
export function parsePatterns(texts: readonly string[], limits: Limits = LIMITS): readonly Pattern[] {
  if (texts.length === 0) {
    throw new DatabaseError('BAD_REQUEST', 'No path was given: name at least one path or pattern to follow.', {
      argument: 'paths',
    })
  }
  if (texts.length > limits.patterns) throw tooLarge('patterns', limits.patterns, `${texts.length} patterns were given`)
  return texts.map((text) => parsePattern(text, limits))
}

/**
 * Whether a change of the document at `path` that wrote `fields` matches.
 *
 * `fields` are paths inside the value (`meta/likes`); empty: the whole value was written. A pattern that is longer than
 * `path` matches when a written field lies at, above or below the field that the pattern names.
 */
export function matches(pattern: Pattern, path: Path, fields: readonly string[]): boolean {
  if (!matchesPrefix(pattern, path)) return false
  if (pattern.length <= path.length) return true
  const subPattern = pattern.slice(path.length)
  return fields.length === 0 || fields.some((field) => matchesPrefix(subPattern, field.split('/')))
}

/** Whether the two agree in the length they share: then the pattern names the path, or a place above or inside it. */
export function matchesPrefix(pattern: Pattern, path: readonly string[]): boolean {
  const length = Math.min(pattern.length, path.length)
  for (let i = 0; i < length; i++) {
    if (pattern[i] !== '*' && pattern[i] !== path[i]) return false
  }
  return true
}

/** Whether a pattern inside a value names anything but empty arrays, which only declare collections. */
export function hasContent(value: Json | undefined, [segment, ...rest]: Pattern): boolean {
  if (value === undefined) return false
  if (segment === undefined) return !isEmptyArray(value)
  if (segment !== '*') return hasContent(getField(value, [segment]), rest)
  return (isObject(value) || isArray(value)) && Object.values<Json>(value).some((field) => hasContent(field, rest))
}

/** Whether a pattern can name the document at all: `*` at the top level stands for no name of the system. */
export function mayName(pattern: Pattern, document: Path): boolean {
  return pattern[0] !== '*' || !isSystemPath(document)
}

/** The segments of a pattern before its first `*`. */
export function concrete(pattern: Pattern): Path {
  const end = pattern.indexOf('*')
  return end < 0 ? pattern : pattern.slice(0, end)
}

/** Whether both patterns can match the same document: then they agree in the length they share. */
export function overlaps(a: Pattern, b: Pattern): boolean {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    if (a[i] !== '*' && b[i] !== '*' && a[i] !== b[i]) return false
  }
  return true
}
