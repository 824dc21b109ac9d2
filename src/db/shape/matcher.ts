import type { Commit } from '../../core/commit.ts'
import type { Change, Document } from '../../core/database.ts'
import { getField, setField, type FieldPath } from '../../core/json/field.ts'
import { isObject, type Json } from '../../core/json/json.ts'
import { lastOf, pathText, type Path } from '../../core/path.ts'
import { matchesPrefix, concrete, hasContent, matches, mayName, type Pattern } from '../../core/pattern.ts'
import { equalJson } from '../../core/json/value.ts'
import type { Version } from '../../core/version.ts'
import { changesOf } from './render.ts'
import type { PreviousValues } from './previous-values.ts'
import { longestPath, type Shape } from './shape.ts'

interface MatcherOptions {
  readonly shape: Shape
  readonly epoch: string
  readonly previousValues: Pick<PreviousValues, 'get'>
  /**
   * Whether the consumer maintains a set of documents (`live`). With a pattern below a document, the document is then a
   * member while that sub-path has content; otherwise only changes of the sub-path match.
   */
  readonly tracksMembership: boolean
}

type Selected = Change | null

/** A matcher of a shape in the log of a tenant. */
export function createMatcher(
  log: Pick<MatcherOptions, 'epoch' | 'previousValues'>,
  shape: Shape,
  { tracksMembership }: Pick<MatcherOptions, 'tracksMembership'>,
): Matcher {
  return new Matcher({ shape, epoch: log.epoch, previousValues: log.previousValues, tracksMembership })
}

/**
 * Selects and projects the changes of commits, and documents, for one shape. Pure, but for reads of previous values.
 */
export class Matcher {
  readonly #options: MatcherOptions
  /** Whether only the path decides, and changes are delivered as they are. */
  readonly #passthrough: boolean

  constructor(options: MatcherOptions) {
    this.#options = options
    const { where, types, columns, full } = options.shape
    this.#passthrough = where === null && types === null && columns === null && !full
  }

  /**
   * Paths at or below which every match lies; undefined: anywhere. Of longer patterns, which may name fields, two
   * segments.
   */
  get below(): readonly Path[] | undefined {
    const roots = this.#options.shape.patterns.map((pattern) => concrete(pattern).slice(0, 2))
    return roots.some((root) => root.length === 0) ? undefined : roots
  }

  /** The changes of a commit that match, in its order. A promise only where a previous value must be read. */
  match(commit: Commit): readonly Change[] | Promise<readonly Change[]> {
    const changes = changesOf(this.#options.epoch, commit)
    const selected = commit.versions.map((version, i) => this.#matchOne(version, changes[i]))
    if (!selected.some((each) => each instanceof Promise)) {
      const matching = selected.filter((each): each is Change => each !== null && !(each instanceof Promise))
      return matching.length === changes.length && matching.every((each, i) => each === changes[i]) ? changes : matching
    }
    return Promise.all(selected.map(async (each) => each)).then((all) => all.filter((each) => each !== null))
  }

  /** The document with the columns of the shape; null when it does not match. */
  project(version: Version, document: Document): Document | null {
    const subPatterns = this.#subPatternsOf(version)
    if (subPatterns === null || version.type === 'DELETE' || !this.#isMember(version, version.value, subPatterns)) {
      return null
    }
    return this.#projectDocument(document, version.value)
  }

  #matchOne(version: Version, change: Change | undefined): Selected | Promise<Selected> {
    const subPatterns = this.#subPatternsOf(version)
    if (change === undefined || subPatterns === null) return null
    if (this.#passthrough && subPatterns.length === 0) return change
    if (version.purged === true) return this.#renderMark(change)
    if (version.type === 'NEW') return this.#render(version, change, { subPatterns, before: undefined })
    const { where, full } = this.#options.shape
    // Only whether there was a previous value matters here: null stands for any.
    if (where === null && !full && subPatterns.length === 0) {
      return this.#render(version, change, { subPatterns, before: null })
    }
    const before = this.#options.previousValues.get(version)
    if (before instanceof Promise) {
      return before.then((value) => this.#render(version, change, { subPatterns, before: value }))
    }
    return this.#render(version, change, { subPatterns, before })
  }

  /**
   * The rests of the patterns below the document: empty when a pattern names the whole document; null when none names
   * it.
   */
  #subPatternsOf({ path }: Version): readonly Pattern[] | null {
    const { patterns, depth } = this.#options.shape
    const matching = patterns.filter(
      (pattern) => matchesPrefix(pattern, path) && path.length <= longestPath(pattern, depth) && mayName(pattern, path),
    )
    if (matching.length === 0) return null
    return matching.some((pattern) => pattern.length <= path.length)
      ? []
      : matching.map((pattern) => pattern.slice(path.length))
  }

  #isMember(version: Version, value: Json | undefined, subPatterns: readonly Pattern[]): boolean {
    if (value === undefined) return false
    const {
      shape: { where },
      tracksMembership,
    } = this.#options
    if (tracksMembership && subPatterns.length > 0 && !subPatterns.some((pattern) => hasContent(value, pattern))) {
      return false
    }
    return where === null || where.test({ path: pathText(version.path), id: lastOf(version.path), value })
  }

  #render(version: Version, change: Change, { subPatterns, before }: PastMembership): Selected {
    const { shape, tracksMembership } = this.#options
    const after = version.type === 'DELETE' ? undefined : version.value
    const was = this.#isMember(version, before, subPatterns)
    const is = this.#isMember(version, after, subPatterns)
    if (!was && !is) return null
    const moved = was !== is && before !== undefined && after !== undefined
    if (
      subPatterns.length > 0 &&
      !(tracksMembership && was !== is) &&
      !hasChangedAt(version, { subPatterns, before })
    ) {
      return null
    }
    const type = was && is ? 'UPDATE' : is ? 'NEW' : 'DELETE'
    if (shape.types !== null && !shape.types.includes(type)) return null
    const { document, ...rest } = change
    return {
      ...rest,
      type,
      reason: moved ? (is ? 'MOVED_IN' : 'MOVED_OUT') : change.reason,
      document: this.#projectDocument(document, is ? document.value : null),
      before: shape.full && before !== undefined ? this.#projectValue(before) : null,
    }
  }

  /** A purged version has no content by which to decide, so its path does: a reader may hold what was there before. */
  #renderMark(change: Change): Selected {
    const { types } = this.#options.shape
    if (types !== null && !types.includes('DELETE')) return null
    return { ...change, document: this.#projectDocument(change.document, null) }
  }

  #projectDocument(document: Document, value: Json): Document {
    const { columns } = this.#options.shape
    return columns === null ? { ...document, value } : { ...document, value: this.#projectValue(value), isPart: true }
  }

  #projectValue(value: Json): Json {
    const { columns } = this.#options.shape
    return columns === null ? value : projectFields(value, columns)
  }
}

interface PastMembership {
  readonly subPatterns: readonly Pattern[]
  /** The previous value; undefined when the document did not exist. */
  readonly before: Json | undefined
}

/** Only these fields of an object, where present; any other value as it is. */
function projectFields(value: Json, columns: readonly FieldPath[]): Json {
  if (!isObject(value)) return value
  let projected: Json = {}
  for (const column of columns) {
    const field = getField(value, column)
    if (field !== undefined) projected = copyField(projected, value, column)
  }
  return projected
}

/** `target` with a field of `source`. An element of an array becomes a field whose key is its index. */
function copyField(target: Json, source: Json, column: FieldPath): Json {
  return setField(target, column, getField(source, column) ?? null)
}

/** Whether the change gave other values to the sub-paths. */
function hasChangedAt(version: Version, { subPatterns, before }: PastMembership): boolean {
  if (
    before !== undefined &&
    !subPatterns.some((pattern) => matches([...version.path, ...pattern], version.path, version.fields))
  ) {
    return false
  }
  const after = version.type === 'DELETE' ? undefined : version.value
  return subPatterns.some((pattern) => !equalAt(before, after, pattern))
}

/** Whether a pattern matches the same paths in both values, with equal values there. */
function equalAt(a: Json | undefined, b: Json | undefined, pattern: Pattern): boolean {
  if (a === b) return true
  const [segment, ...rest] = pattern
  if (segment === undefined) return a !== undefined && b !== undefined && equalJson(a, b)
  const keys = segment === '*' ? new Set([...keysOf(a), ...keysOf(b)]) : [segment]
  for (const key of keys) if (!equalAt(childOf(a, key), childOf(b, key), rest)) return false
  return true
}

function keysOf(value: Json | undefined): readonly string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : []
}

function childOf(value: Json | undefined, key: string): Json | undefined {
  return value === undefined ? undefined : getField(value, [key])
}
