import type { Commit } from '../../../core/commit.ts'
import { isWithin, pathText, type Path } from '../../../core/path.ts'
import type { Millis, Revision } from '../../../core/version.ts'
import type { Draft, Expectation } from '../../store.ts'
import { LostWrites, type AnsweredDraft } from '../../lost-writes.ts'
import { Touched } from '../../touched.ts'
import type { LogEntry } from '../rows.ts'

/** The state on which drafts are planned. */
export interface PlanView {
  readonly last: Revision
  readonly lastAt: Millis
  /** The current version number of a document; 0: it has none. */
  versionOf(path: Path): number
  /** Whether a document at or below the path was written after the revision. */
  changed(below: Path, since: Revision): boolean
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

/** All expectations of a draft, in order: first `expects`, then that each written document is at `version - 1`. */
export function expectationsOf(draft: Draft): readonly Expectation[] {
  return [
    ...draft.expects,
    ...draft.writes.map(({ path, version }): Expectation => ({ kind: 'version', path, version: version - 1 })),
  ]
}

function commitOf(draft: Draft, revision: Revision, at: Millis): Commit {
  const { id, actor, digest, writes } = draft
  const facts = { revision, updatedAt: at, actor, commit: id }
  return {
    id,
    revision,
    at,
    actor,
    digest,
    versions: writes.map((write) => ({ ...write, createdAt: write.createdAt ?? at, ...facts })),
  }
}

/**
 * Decides on drafts in order; each sees the earlier ones. `answered`: the drafts of the same call that have a result.
 * Pure.
 */
export function planOf(
  drafts: readonly Draft[],
  view: PlanView,
  answered: readonly AnsweredDraft[] = [],
): readonly Verdict[] {
  const planned: Commit[] = []
  const versions = new Map<string, number>()
  const versionOf = (path: Path): number => versions.get(pathText(path)) ?? view.versionOf(path)
  const touched = new Touched()
  const lost = new LostWrites(answered)
  // All planned commits are after `last`, so one look-up suffices unless `since` is ahead of `last`.
  const touches = (below: Path, since: Revision): boolean =>
    since <= view.last
      ? touched.has(below)
      : planned.some(
          ({ revision, versions: written }) => revision > since && written.some(({ path }) => isWithin(path, below)),
        )
  const changed = (below: Path, since: Revision): boolean => touches(below, since) || view.changed(below, since)
  const holds = (expectation: Expectation): boolean =>
    !lost.concerns(expectation) &&
    (expectation.kind === 'version'
      ? versionOf(expectation.path) === expectation.version
      : !changed(expectation.below, expectation.since))

  return drafts.map((draft): Verdict => {
    const duplicate = planned.find(({ id }) => id === draft.id)
    if (duplicate !== undefined) {
      lost.add({ draft, kind: 'repeated' })
      return { kind: 'repeated', draft, entry: null, commit: duplicate }
    }
    const entry = view.byId(draft.id)
    if (entry !== undefined) {
      lost.add({ draft, kind: view.isOwn(entry) ? 'committed' : 'repeated' })
      return { kind: 'repeated', draft, entry, commit: entry.commit }
    }
    const broken = expectationsOf(draft).find((expectation) => !holds(expectation))
    if (broken !== undefined) {
      lost.add({ draft, kind: 'conflict' })
      const path = broken.kind === 'version' ? broken.path : broken.below
      return { kind: 'conflict', draft, path, version: versionOf(path) }
    }
    const commit = commitOf(
      draft,
      view.last + planned.length + 1,
      Math.max(draft.at, planned.at(-1)?.at ?? view.lastAt),
    )
    planned.push(commit)
    lost.add({ draft, kind: 'committed' })
    for (const { path, version } of commit.versions) {
      versions.set(pathText(path), version)
      touched.add(path)
    }
    return { kind: 'commit', draft, commit }
  })
}
