import type { Commit } from '../core/commit.ts'
import type { Path } from '../core/path.ts'
import type { Millis, Revision } from '../core/version.ts'
import type { ConflictedWrites } from './conflicted-writes.ts'
import type { Appended, Draft, Expectation } from './store.ts'

/** The state on which an adapter decides the next draft of an `append` call. */
export interface DraftState {
  readonly last: Revision
  /** Time of the last commit; 0 when there is none. */
  readonly lastAt: Millis
  /** The current version number of a document; 0: it has none, or the path is no document's. */
  versionOf(path: Path): number
  /** Whether a document at or below the path was written after the revision. */
  changed(below: Path, since: Revision): boolean
}

/** All expectations of a draft, in order: first `expects`, then that each written document is at `version - 1`. */
export function expectationsOf({ expects, writes }: Draft): readonly Expectation[] {
  return [
    ...expects,
    ...writes.map(({ path, version }): Expectation => ({ kind: 'version', path, version: version - 1 })),
  ]
}

/** The path of the document or collection that an expectation is about. */
export function expectedPath(expectation: Expectation): Path {
  return expectation.kind === 'version' ? expectation.path : expectation.below
}

/** The result of a draft whose id has no commit yet. `lost`: the writes of earlier drafts of the same call (L11). */
export function checkDraft(
  draft: Draft,
  state: DraftState,
  lost: ConflictedWrites,
): Exclude<Appended, { kind: 'repeated' | 'failed' }> {
  const broken = expectationsOf(draft).find((expectation) => lost.concerns(expectation) || !holds(state, expectation))
  const isLate = draft.exactAt === true && draft.at < state.lastAt
  if (broken === undefined && !isLate) return { kind: 'committed', commit: commitOf(draft, state) }
  const path = broken === undefined ? (draft.writes[0]?.path ?? []) : expectedPath(broken)
  return { kind: 'conflict', path, version: state.versionOf(path) }
}

function holds(state: DraftState, expectation: Expectation): boolean {
  return expectation.kind === 'version'
    ? state.versionOf(expectation.path) === expectation.version
    : !state.changed(expectation.below, expectation.since)
}

function commitOf({ id, at: proposed, actor, digest, writes }: Draft, { last, lastAt }: DraftState): Commit {
  const revision = last + 1
  const at = Math.max(proposed, lastAt)
  const versions = writes.map(({ path, version, type, fields, value, createdAt, purged }) => ({
    path,
    version,
    type,
    fields,
    value,
    createdAt: createdAt ?? at,
    ...(purged === true ? { purged } : {}),
    revision,
    updatedAt: at,
    actor,
    commit: id,
  }))
  return { id, revision, at, actor, digest, versions }
}
