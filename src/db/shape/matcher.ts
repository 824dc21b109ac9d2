import type { Commit } from '../../core/commit.ts'
import type { Change, Document } from '../../core/database.ts'
import { getField, setField, type FieldPath } from '../../core/json/field.ts'
import { isObject, type Json } from '../../core/json/json.ts'
import { lastOf, pathText, type Path } from '../../core/path.ts'
import { matchesPrefix, concrete, matches, type Pattern } from '../../core/pattern.ts'
import { equalJson } from '../../core/json/value.ts'
import type { Version } from '../../core/version.ts'
import { changesOf } from './render.ts'
import type { PreviousValues } from './previous-values.ts'
import type { Shape } from './shape.ts'

export interface MatcherOptions {
  readonly shape: Shape
  readonly epoch: string
  readonly previousValues: Pick<PreviousValues, 'get'>
  /**
   * Whether a set of documents is kept by what it gives. Then a document that a pattern goes on inside belongs to the set
   * while it has something there; else only its changes there are of interest.
   */
  readonly tracksMembership: boolean
}

type Selected = Change | null

/** A matcher of a shape in the log of a tenant. */
export function createMatcher(log: Pick<MatcherOptions, 'epoch' | 'previousValues'>, shape: Shape, { tracksMembership }: Pick<MatcherOptions, 'tracksMembership'>): Matcher {
  return new Matcher({ shape, epoch: log.epoch, previousValues: log.previousValues, tracksMembership })
}

/** What a shape shows of commits and of documents. Pure but for the older values that it asks for. */
export class Matcher {
  readonly #options: MatcherOptions
  /** Whether nothing but the path decides, and changes are shown as they are. */
  readonly #passthrough: boolean

  constructor(options: MatcherOptions) {
    this.#options = options
    const { where, types, columns, full } = options.shape
    this.#passthrough = where === null && types === null && columns === null && !full
  }

  /** Paths at or below which everything lies that may match; undefined: anywhere. Of a pattern that may go on inside documents, its first document. */
  get below(): readonly Path[] | undefined {
    const roots = this.#options.shape.patterns.map((pattern) => concrete(pattern).slice(0, 2))
    return roots.some((root) => root.length === 0) ? undefined : roots
  }

  /** The changes of a commit that match, in its order. A promise only where an older value is not at hand. */
  match(commit: Commit): readonly Change[] | Promise<readonly Change[]> {
    const changes = changesOf(this.#options.epoch, commit)
    const selected = commit.versions.map((version, i) => this.#matchOne(version, changes[i]))
    if (!selected.some((each) => each instanceof Promise)) {
      const kept = selected.filter((each): each is Change => each !== null && !(each instanceof Promise))
      return kept.length === changes.length && kept.every((each, i) => each === changes[i]) ? changes : kept
    }
    return Promise.all(selected.map(async (each) => each)).then((all) => all.filter((each) => each !== null))
  }

  /** The document as the shape shows it; null when it does not belong to it. */
  project(version: Version, document: Document): Document | null {
    const inside = this.#insideOf(version)
    if (inside === null || version.type === 'DELETE' || !this.#holds(version, version.value, inside)) return null
    return this.#showing(document, version.value)
  }

  #matchOne(version: Version, change: Change | undefined): Selected | Promise<Selected> {
    const inside = this.#insideOf(version)
    if (change === undefined || inside === null) return null
    if (this.#passthrough && inside.length === 0) return change
    if (version.type === 'NEW') return this.#render(version, change, { inside, before: undefined })
    const { where, full } = this.#options.shape
    // That there was a value is enough to know; null stands for it.
    if (where === null && !full && inside.length === 0) return this.#render(version, change, { inside, before: null })
    const before = this.#options.previousValues.get(version)
    if (before instanceof Promise) return before.then((value) => this.#render(version, change, { inside, before: value }))
    return this.#render(version, change, { inside, before })
  }

  /** What the patterns go on to name inside the document: none when they name it whole; null when they do not name it. */
  #insideOf({ path }: Version): readonly Pattern[] | null {
    const named = this.#options.shape.patterns.filter((pattern) => matchesPrefix(pattern, path))
    if (named.length === 0) return null
    return named.some((pattern) => pattern.length <= path.length) ? [] : named.map((pattern) => pattern.slice(path.length))
  }

  #holds(version: Version, value: Json | undefined, inside: readonly Pattern[]): boolean {
    if (value === undefined) return false
    const { shape: { where }, tracksMembership: keepsSet } = this.#options
    if (keepsSet && inside.length > 0 && !inside.some((pattern) => holdsSomething(value, pattern))) return false
    return where === null || where.test({ path: pathText(version.path), id: lastOf(version.path), value })
  }

  #render(version: Version, change: Change, { inside, before }: PastMembership): Selected {
    const { shape, tracksMembership: keepsSet } = this.#options
    const after = version.type === 'DELETE' ? undefined : version.value
    const was = this.#holds(version, before, inside)
    const is = this.#holds(version, after, inside)
    if (!was && !is) return null
    const moved = was !== is && before !== undefined && after !== undefined
    if (inside.length > 0 && !(keepsSet && was !== is) && !changedInside(version, { inside, before })) return null
    const type = was && is ? 'UPDATE' : is ? 'NEW' : 'DELETE'
    if (shape.types !== null && !shape.types.includes(type)) return null
    const { document, ...rest } = change
    return {
      ...rest,
      type,
      reason: moved ? (is ? 'MOVED_IN' : 'MOVED_OUT') : 'WRITE',
      document: this.#showing(document, is ? document.value : null),
      before: shape.full && before !== undefined ? this.#projectValue(before) : null,
    }
  }

  #showing(document: Document, value: Json): Document {
    const { columns } = this.#options.shape
    return columns === null ? { ...document, value } : { ...document, value: this.#projectValue(value), isPart: true }
  }

  #projectValue(value: Json): Json {
    const { columns } = this.#options.shape
    return columns === null ? value : cutTo(value, columns)
  }
}

interface PastMembership {
  readonly inside: readonly Pattern[]
  /** The value before; undefined when the document did not live. */
  readonly before: Json | undefined
}

/** Only these fields of an object, those that are there; anything else as it is. */
function cutTo(value: Json, columns: readonly FieldPath[]): Json {
  if (!isObject(value)) return value
  let cut: Json = {}
  for (const column of columns) {
    const field = getField(value, column)
    if (field !== undefined) cut = withField(cut, value, column)
  }
  return cut
}

/** `cut` with the field of `whole`. An element of an array is kept under its index, as a key. */
function withField(cut: Json, whole: Json, column: FieldPath): Json {
  return setField(cut, column, getField(whole, column) ?? null)
}

/** What a pattern names inside the document is another after the change than before. */
function changedInside(version: Version, { inside, before }: PastMembership): boolean {
  if (before !== undefined && !inside.some((pattern) => matches([...version.path, ...pattern], version.path, version.fields))) return false
  const after = version.type === 'DELETE' ? undefined : version.value
  return inside.some((pattern) => !sameInside(before, after, pattern))
}

/** Whether a pattern names the same places in both, with equal values. */
function sameInside(a: Json | undefined, b: Json | undefined, pattern: Pattern): boolean {
  if (a === b) return true
  const [segment, ...rest] = pattern
  if (segment === undefined) return a !== undefined && b !== undefined && equalJson(a, b)
  const keys = segment === '*' ? new Set([...keysOf(a), ...keysOf(b)]) : [segment]
  for (const key of keys) if (!sameInside(childOf(a, key), childOf(b, key), rest)) return false
  return true
}

/** Whether a pattern names more than empty arrays, which only declare collections. */
function holdsSomething(value: Json | undefined, pattern: Pattern): boolean {
  if (value === undefined) return false
  const [segment, ...rest] = pattern
  if (segment === undefined) return !(Array.isArray(value) && value.length === 0)
  if (segment !== '*') return holdsSomething(childOf(value, segment), rest)
  return keysOf(value).some((key) => holdsSomething(childOf(value, key), rest))
}

function keysOf(value: Json | undefined): readonly string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : []
}

function childOf(value: Json | undefined, key: string): Json | undefined {
  return value === undefined ? undefined : getField(value, [key])
}
