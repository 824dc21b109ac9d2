import { pathText, type Path } from '../../core/path.ts'
import { concrete } from '../../core/pattern.ts'
import { ruleOf, type Retention, type RetentionRule } from '../../core/retention/rules.ts'
import type { Commit } from '../../core/commit.ts'
import type { Millis, Revision, Version } from '../../core/version.ts'
import type { Limit, Store, TenantId, Thinning } from '../../store/store.ts'
import type { Pace } from './pace.ts'

/** One read of the log: as a removal costs a flush at least, it concerns many commits. */
const WALK_PAGE: Limit = { rows: 512, bytes: 1_048_576 }

/**
 * A walk along the log, from the oldest commit on. Each version that it comes to replaces older ones, of which some are
 * to go: by their number (`last`, of all rules in one pass), or since the walk follows their age (one rule each).
 */
type ThinningPass =
  { readonly kind: 'last' } | { readonly kind: 'age'; readonly rule: RetentionRule; readonly maxAgeMs: Millis }

/** The passes of a retention, always in the same order. */
export function passesOf({ rules }: Retention): readonly ThinningPass[] {
  const byAge = rules.flatMap((rule): readonly ThinningPass[] =>
    rule.versions === null || rule.versions.maxAgeMs === null
      ? []
      : [{ kind: 'age', rule, maxAgeMs: rule.versions.maxAgeMs }],
  )
  const byNumber = rules.some(({ versions }) => versions !== null && versions.last !== null)
  return byNumber ? [{ kind: 'last' }, ...byAge] : byAge
}

interface ThinnerOptions {
  readonly store: Store
  readonly tenant: TenantId
  readonly retention: Retention
  readonly pace: Pace
  /** Called before versions are removed; false: another process does it. */
  readonly mayWrite: () => Promise<boolean>
  readonly onRemoved: (versions: number) => void
}

/** A part of the log: after `from`, up to `upTo`. */
interface LogWalk {
  readonly from: Revision
  readonly upTo: Revision
  /** Called after each page, when all is removed up to a revision. */
  readonly reached: (revision: Revision) => Promise<void>
}

/** Removes the versions of documents that a retention does not keep. */
export class Thinner {
  readonly #options: ThinnerOptions

  constructor(options: ThinnerOptions) {
    this.#options = options
  }

  /** Walks along the log; stops before the end when it may not write. */
  async walk(pass: ThinningPass, { from, upTo, reached }: LogWalk): Promise<void> {
    const { store, tenant, pace } = this.#options
    const below = this.#below(pass)
    for (let position = from; position < upTo;) {
      const range = { after: position, before: upTo + 1, below, limit: WALK_PAGE }
      const { commits, next } = await pace.step(() => store.log(tenant, range))
      const documents = this.#removable(pass, commits)
      if (documents.length > 0 && !(await this.#thin(documents))) return
      position = next ?? upTo
      await reached(position)
    }
  }

  async #thin(documents: readonly Thinning[]): Promise<boolean> {
    const { store, tenant, pace, mayWrite, onRemoved } = this.#options
    for (let more = true; more;) {
      if (!(await mayWrite())) return false
      const thinned = await pace.step(() => store.thin(tenant, documents))
      onRemoved(thinned.removed)
      more = thinned.more
    }
    return true
  }

  /** Where the documents of a pass lie; undefined: anywhere. */
  #below(pass: ThinningPass): readonly Path[] | undefined {
    const rules =
      pass.kind === 'age' ? [pass.rule] : this.#options.retention.rules.filter(({ versions }) => versions?.last)
    const roots = rules.map(({ pattern }) => concrete(pattern))
    return roots.some((root) => root.length === 0) ? undefined : roots
  }

  #removable(pass: ThinningPass, commits: readonly Commit[]): readonly Thinning[] {
    const found = new Map<string, Thinning>()
    for (const version of commits.flatMap(({ versions }) => versions)) {
      const keep = this.#lowestKept(pass, version)
      // Numbers grow along the log: a later version of the same document keeps less.
      if (keep > 1) found.set(pathText(version.path), { path: version.path, keep })
    }
    return [...found.values()]
  }

  /** The lowest number to keep, once the walk has come to a version of the document. */
  #lowestKept(pass: ThinningPass, { path, version }: Version): number {
    const rule = ruleOf(this.#options.retention, path)
    if (rule === undefined || rule.versions === null) return 0
    if (pass.kind === 'age') return rule === pass.rule ? version : 0
    return rule.versions.last === null ? 0 : version - rule.versions.last + 1
  }
}
