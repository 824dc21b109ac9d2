import type { Commit } from '../core/commit.ts'
import { pathText, type Path } from '../core/path.ts'
import type { Revision, Version } from '../core/version.ts'

/** Document path → the revision of its last purge: its versions before are erased (law L14). */
export type Purges = ReadonlyMap<string, Revision>

/** The documents that a commit purged, as path texts. */
export function purgedBy(commit: Commit): readonly string[] {
  return commit.versions.filter(({ purged }) => purged === true).map(({ path }) => pathText(path))
}

/** Whether a version of the document at this revision is erased. */
export function isErased(purges: Purges, path: Path, revision: Revision): boolean {
  return purges.size > 0 && revision < (purges.get(pathText(path)) ?? 0)
}

/** The mark that is left of a version. */
function markOf(version: Version): Version {
  return { ...version, type: 'DELETE', fields: [], value: null, purged: true }
}

/** A commit without the content of its erased versions; the same object where none is. */
export function erasedCommit(commit: Commit, purges: Purges): Commit {
  if (purges.size === 0) return commit
  const isMarked = ({ path, revision, purged }: Version): boolean => purged !== true && isErased(purges, path, revision)
  if (!commit.versions.some(isMarked)) return commit
  return withVersions(
    commit,
    commit.versions.map((version) => (isMarked(version) ? markOf(version) : version)),
  )
}

/** A commit of which other versions are left, with the key that goes with them. */
function withVersions(commit: Commit, versions: readonly Version[]): Commit {
  const { id, digest } = erasedKey(
    commit,
    versions.every(({ purged }) => purged === true),
  )
  return { ...commit, id, digest, versions: versions.map((version) => ({ ...version, commit: id })) }
}

/**
 * The id and the digest of a commit of which a version is erased or removed; `isEmpty`: all are. The digest could
 * confirm a guess of the content, so only that there was one is kept (the empty text). A client's key goes with the
 * last content.
 */
export function erasedKey(
  { id, revision, digest }: Pick<Commit, 'id' | 'revision' | 'digest'>,
  isEmpty: boolean,
): Pick<Commit, 'id' | 'digest'> {
  if (digest === null) return { id, digest }
  return isEmpty ? { id: replacedId(revision), digest: null } : { id, digest: '' }
}

/** A commit without some of its versions, which `thin` removes; the same object where it has none of them. */
export function thinnedCommit(commit: Commit, isRemoved: (version: Version) => boolean): Commit {
  const versions = commit.versions.filter((version) => !isRemoved(version))
  if (versions.length === commit.versions.length) return commit
  return { ...withVersions(commit, versions), thinned: true }
}

/** The id in place of an erased key: unique in the tenant, as no key of a client begins with `sys:`. */
function replacedId(revision: Revision): string {
  return `sys:erased-${revision}`
}
