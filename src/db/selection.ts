import type { Commit } from '../core/commit.ts'
import type { Change } from '../core/database.ts'
import { isObject, type Json } from '../core/json.ts'
import { matches, type Pattern } from '../core/pattern.ts'
import { equalJson } from '../core/value.ts'
import type { ChangeType, Version } from '../core/version.ts'
import { changesOf } from './render.ts'

export interface SelectionOptions {
  readonly patterns: readonly Pattern[]
  readonly types?: readonly ChangeType[] | undefined
  readonly epoch: string
  /** The value that the version replaced; undefined when the document did not live before. */
  readonly before: (version: Version) => Promise<Json | undefined>
}

/** What part of the log a reader looks at. */
export class Selection {
  readonly #options: SelectionOptions
  /** First segments of the patterns: a commit that touches none of them cannot match. */
  readonly topics: readonly string[]

  constructor(options: SelectionOptions) {
    this.#options = options
    this.topics = [...new Set(options.patterns.map((pattern) => pattern[0] ?? '*'))]
  }

  /** The changes of a commit that match, in its order. A promise only where an older value decides. */
  of(commit: Commit): readonly Change[] | Promise<readonly Change[]> {
    const { epoch } = this.#options
    const verdicts = commit.versions.map((version) => this.#verdict(version))
    const chosen = (kept: readonly boolean[]): readonly Change[] => changesOf(epoch, commit).filter((_, i) => kept[i] === true)
    if (verdicts.every((verdict) => verdict === true)) return changesOf(epoch, commit)
    if (verdicts.every((verdict) => typeof verdict === 'boolean')) return chosen(verdicts)
    return Promise.all(verdicts.map(async (verdict) => verdict)).then(chosen)
  }

  #verdict(version: Version): boolean | Promise<boolean> {
    const { patterns, types } = this.#options
    if (types !== undefined && !types.includes(version.type)) return false
    const candidates = patterns.filter((pattern) => matches(pattern, version.path, version.fields))
    if (candidates.length === 0) return false
    if (candidates.some((pattern) => pattern.length <= version.path.length)) return true
    return this.#changedInside(version, candidates.map((pattern) => pattern.slice(version.path.length)))
  }

  /** Patterns that go on inside the document match when what they name is another after the change than before. */
  async #changedInside(version: Version, inside: readonly Pattern[]): Promise<boolean> {
    const before = version.type === 'NEW' ? undefined : await this.#options.before(version)
    const after = version.type === 'DELETE' ? undefined : version.value
    return inside.some((pattern) => !equalJson(picked(before, pattern), picked(after, pattern)))
  }
}

/** What a pattern names inside a value, as a list of [path, value]. */
function picked(value: Json | undefined, pattern: Pattern): Json {
  const found: [string, Json][] = []
  const walk = (part: Json | undefined, depth: number, path: string): void => {
    if (part === undefined) return
    const segment = pattern[depth]
    if (segment === undefined) return void found.push([path, part])
    for (const [key, item] of childrenOf(part)) {
      if (segment === '*' || segment === key) walk(item, depth + 1, `${path}/${key}`)
    }
  }
  walk(value, 0, '')
  return found
}

function childrenOf(value: Json): readonly (readonly [string, Json])[] {
  return isObject(value) || Array.isArray(value) ? Object.entries(value as Record<string, Json>) : []
}
