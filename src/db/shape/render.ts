import type { Commit } from '../../core/commit.ts'
import { formatCursor } from '../../core/cursor.ts'
import type { Change, WriteResult, Document } from '../../core/database.ts'
import { lastOf, pathText } from '../../core/path.ts'
import type { Revision, Version } from '../../core/version.ts'

/** The document that a version is, as every face shows it; `asOf` is the revision it was read at. */
export function toDocument(epoch: string, version: Version, asOf: Revision): Document {
  const cursor = formatCursor(epoch, version.revision)
  return {
    path: pathText(version.path),
    id: lastOf(version.path),
    version: version.version,
    value: version.value,
    deleted: version.type === 'DELETE',
    createdAt: new Date(version.createdAt).toISOString(),
    updatedAt: new Date(version.updatedAt).toISOString(),
    actor: version.actor,
    cursor,
    asOf: asOf === version.revision ? cursor : formatCursor(epoch, asOf),
  }
}

/** Changes by commit: thousands of readers of one path share them. Commits and changes never change. */
const rendered = new WeakMap<Commit, readonly Change[]>()

/** The changes of a commit, one per version, rendered once. */
export function changesOf(epoch: string, commit: Commit): readonly Change[] {
  const known = rendered.get(commit)
  if (known !== undefined) return known
  const changes = commit.versions.map((version) => changeOf(epoch, version))
  rendered.set(commit, changes)
  return changes
}

function changeOf(epoch: string, version: Version): Change {
  const document = toDocument(epoch, version, version.revision)
  return {
    type: version.type,
    reason: 'WRITE',
    path: document.path,
    document,
    before: null,
    fields: version.fields,
    commit: version.commit,
    // A version without a number is no part of the log.
    cursor: version.version === 0 ? null : document.cursor,
    at: document.updatedAt,
  }
}

/** What a write did, as its caller sees it. */
export function toWriteResult(epoch: string, commit: Commit, repeated: boolean): WriteResult {
  return {
    id: commit.id,
    cursor: formatCursor(epoch, commit.revision),
    at: new Date(commit.at).toISOString(),
    actor: commit.actor,
    repeated,
    changes: changesOf(epoch, commit),
  }
}
