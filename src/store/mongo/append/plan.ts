import type { Commit } from '../../../core/commit.ts'
import { isWithin, pathText, type Path } from '../../../core/path.ts'
import type { Millis, Revision } from '../../../core/version.ts'
import { checkDraft, type DraftState } from '../../decision.ts'
import { ConflictedWrites, type AnsweredDraft } from '../../conflicted-writes.ts'
import type { Draft } from '../../store.ts'
import { Touched } from '../../touched.ts'
import type { LogEntry } from '../rows.ts'

/** The state on which drafts are planned. */
export interface PlanView extends DraftState {
  /** The commit with this id, if it is in memory. */
  byId(id: string): LogEntry | undefined
  /** Whether the entry was written by this append, and not by an earlier one with the same id. */
  isOwn(entry: LogEntry): boolean
}

/** The result of a draft, provided that no other process commits in between. */
export type Verdict =
  | { readonly kind: 'commit'; readonly draft: Draft; readonly commit: Commit }
  | { readonly kind: 'repeated'; readonly draft: Draft; readonly entry: LogEntry | null; readonly commit: Commit }
  | { readonly kind: 'conflict'; readonly draft: Draft; readonly path: Path; readonly version: number }

/**
 * Decides on drafts in order; each sees the earlier ones. `answered`: the drafts of the same call that have a result.
 * Pure.
 */
export function planOf(
  drafts: readonly Draft[],
  view: PlanView,
  answered: readonly AnsweredDraft[] = [],
): readonly Verdict[] {
  const planned = new PlannedState(view)
  const lost = new ConflictedWrites(answered)
  return drafts.map((draft): Verdict => {
    const duplicate = planned.commits.find(({ id }) => id === draft.id)
    const entry = duplicate === undefined ? view.byId(draft.id) : undefined
    const earlier = duplicate ?? entry?.commit
    if (earlier !== undefined) {
      lost.add({ draft, kind: entry !== undefined && view.isOwn(entry) ? 'committed' : 'repeated' })
      return { kind: 'repeated', draft, entry: entry ?? null, commit: earlier }
    }
    const result = checkDraft(draft, planned, lost)
    lost.add({ draft, kind: result.kind })
    if (result.kind === 'conflict') return { ...result, draft }
    planned.add(result.commit)
    return { kind: 'commit', draft, commit: result.commit }
  })
}

/** The state after the planned commits. */
class PlannedState implements DraftState {
  readonly #view: PlanView
  readonly #versions = new Map<string, number>()
  readonly #touched = new Touched()
  readonly commits: Commit[] = []

  constructor(view: PlanView) {
    this.#view = view
  }

  get last(): Revision {
    return this.#view.last + this.commits.length
  }

  get lastAt(): Millis {
    return this.commits.at(-1)?.at ?? this.#view.lastAt
  }

  add(commit: Commit): void {
    this.commits.push(commit)
    for (const { path, version } of commit.versions) {
      this.#versions.set(pathText(path), version)
      this.#touched.add(path)
    }
  }

  versionOf(path: Path): number {
    return this.#versions.get(pathText(path)) ?? this.#view.versionOf(path)
  }

  changed(below: Path, since: Revision): boolean {
    return this.#touches(below, since) || this.#view.changed(below, since)
  }

  /** All planned commits are after the view's `last`, so one look-up suffices unless `since` is ahead of it. */
  #touches(below: Path, since: Revision): boolean {
    if (since <= this.#view.last) return this.#touched.has(below)
    return this.commits.some(
      ({ revision, versions }) => revision > since && versions.some(({ path }) => isWithin(path, below)),
    )
  }
}
