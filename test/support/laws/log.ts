import type { Json } from '../../../src/core/json/json.ts'
import { canonicalJson } from '../../../src/core/json/value.ts'
import { revisionIn, type LoggedCommit, type SeenChange, type ShownCommit } from '../writers/history-run.ts'
import { Violations, type Verdict } from './verdict.ts'

/** Revisions are 1, 2, 3 …, or go on so after `from`; times never run backwards along them; an id stands once. */
export function contiguous(log: readonly LoggedCommit[], from = 0): Verdict {
  const found = new Violations()
  const ids = new Set<string>()
  let at = ''
  log.forEach((commit, i) => {
    found.unless(
      commit.revision === from + i + 1,
      () => `revision ${commit.revision} stands where ${from + i + 1} belongs`,
    )
    found.unless(commit.at >= at, () => `the time ran back at revision ${commit.revision}: ${at}, ${commit.at}`)
    found.unless(
      !ids.has(commit.id),
      () => `the commit ${commit.id} stands twice, again at revision ${commit.revision}`,
    )
    ids.add(commit.id)
    at = commit.at
  })
  return found.verdict()
}

/** The versions that were met before, by path. */
export type Versions = ReadonlyMap<string, number>

/** Versions of each document are 1, 2, 3 … in the order of the log, or go on so after those of `before`. */
export function dense(log: readonly LoggedCommit[], before: Versions = new Map()): Verdict {
  const found = new Violations()
  const versions = new Map(before)
  for (const change of log.flatMap(({ changes }) => changes)) {
    const expected = (versions.get(change.path) ?? 0) + 1
    found.unless(
      change.version === expected,
      () => `${change.path} has version ${change.version} at revision ${change.revision} where ${expected} belongs`,
    )
    versions.set(change.path, change.version)
  }
  return found.verdict()
}

/** The latest version of each document after the log, or after the log on top of `before`. */
export function versionsAfter(log: readonly LoggedCommit[], before: Versions = new Map()): Versions {
  const versions = new Map(before)
  for (const { path, version } of log.flatMap(({ changes }) => changes)) versions.set(path, version)
  return versions
}

/** NEW begins a life, UPDATE goes on with one, DELETE ends one and has no value. */
export function lively(log: readonly LoggedCommit[]): Verdict {
  const found = new Violations()
  const alive = new Set<string>()
  for (const change of log.flatMap(({ changes }) => changes)) {
    const { path, type, value } = change
    found.unless(
      alive.has(path) === (type !== 'NEW'),
      () => `${nameOf(change)} is a ${type} of a document that is ${alive.has(path) ? '' : 'not '}there`,
    )
    found.unless(type !== 'DELETE' || value === 'null', () => `${nameOf(change)} is a DELETE with a value`)
    if (type === 'DELETE') alive.delete(path)
    else alive.add(path)
  }
  return found.verdict()
}

/** What the client was told of one write, and what it had asked for. */
export interface Acknowledged {
  readonly id: string
  readonly revision: number
  /** What was written, null for a delete; in any order. */
  readonly writes: readonly { readonly path: string; readonly version: number; readonly value: string }[]
}

/** The acknowledgement of a commit whose request wrote `values` by path. */
export function acknowledged({ id, cursor, changes }: ShownCommit, values: ReadonlyMap<string, Json>): Acknowledged {
  const writes = changes.map(({ path, document }) => ({
    path,
    version: document.version,
    value: canonicalJson(values.get(path) ?? null),
  }))
  return { id, revision: revisionIn(cursor), writes }
}

/**
 * Every acknowledged commit is in the log, at its revision, with its versions and values to the byte, and nothing
 * besides.
 */
export function kept(acknowledgements: readonly Acknowledged[], log: readonly LoggedCommit[]): Verdict {
  const found = new Violations()
  const byId = new Map(log.map((commit) => [commit.id, commit]))
  for (const { id, revision, writes } of acknowledgements) {
    const commit = byId.get(id)
    found.unless(commit !== undefined, () => `the acknowledged commit ${id} of revision ${revision} is lost`)
    if (commit === undefined) continue
    found.unless(
      commit.revision === revision,
      () => `the commit ${id} was acknowledged as revision ${revision} and is ${commit.revision}`,
    )
    found.unless(
      commit.changes.length === writes.length,
      () => `the commit ${id} has ${commit.changes.length} changes, ${writes.length} were acknowledged`,
    )
    for (const { path, version, value } of writes) {
      const change = commit.changes.find((candidate) => candidate.path === path)
      found.unless(
        change?.version === version && change.value === value,
        () => `${path} in the commit ${id} is not what was acknowledged: ${change?.version} ${change?.value}`,
      )
    }
  }
  return found.verdict()
}

function nameOf({ path, version, revision }: SeenChange): string {
  return `version ${version} of ${path} at revision ${revision}`
}
