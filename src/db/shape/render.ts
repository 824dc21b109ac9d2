import type { Commit } from '../../core/commit.ts'
import { formatCursor } from '../../core/cursor.ts'
import type { Change, ChangeReason, WriteResult, Document } from '../../core/database.ts'
import type { Cursor } from '../../core/database/options.ts'
import { lastOf, pathText } from '../../core/path.ts'
import { formatTimestamp } from '../../core/timestamp.ts'
import type { Revision, Version } from '../../core/version.ts'

/** The place in the log of a tenant at which documents are read. */
export interface ReadPlace {
  readonly epoch: string
  readonly revision: Revision
  /** Made once for all documents of a read. */
  readonly cursor: Cursor
}

export function readPlace(epoch: string, revision: Revision): ReadPlace {
  return { epoch, revision, cursor: formatCursor(epoch, revision) }
}

/** The document of a version, as every interface shows it, read at a place. */
export function toDocument(version: Version, { epoch, revision, cursor: asOf }: ReadPlace): Document {
  const createdAt = formatTimestamp(version.createdAt)
  return {
    path: pathText(version.path),
    id: lastOf(version.path),
    version: version.version,
    value: version.value,
    deleted: version.type === 'DELETE',
    createdAt,
    updatedAt: version.updatedAt === version.createdAt ? createdAt : formatTimestamp(version.updatedAt),
    actor: version.actor,
    cursor: version.revision === revision ? asOf : formatCursor(epoch, version.revision),
    asOf,
  }
}

/** Rendered changes by commit: thousands of readers share them. Commits and changes are immutable. */
const cachedChanges = new WeakMap<Commit, readonly Change[]>()

/** The changes of a commit, one per version, rendered once. */
export function changesOf(epoch: string, commit: Commit): readonly Change[] {
  const cached = cachedChanges.get(commit)
  if (cached !== undefined) return cached
  const changes = commit.versions.map((version) => toChange(epoch, version))
  cachedChanges.set(commit, changes)
  return changes
}

/** Actor of the commits by which retention deletes documents. */
export const RETENTION_ACTOR = 'sys:retention'

function reasonOf({ type, actor, purged }: Version): ChangeReason {
  if (purged === true) return 'PURGED'
  return type === 'DELETE' && actor === RETENTION_ACTOR ? 'EXPIRED' : 'WRITE'
}

function toChange(epoch: string, version: Version): Change {
  const document = toDocument(version, readPlace(epoch, version.revision))
  return {
    type: version.type,
    reason: reasonOf(version),
    path: document.path,
    document,
    before: null,
    fields: version.fields,
    commit: version.commit,
    // Version 0 is ephemeral: it is no part of the log.
    cursor: version.version === 0 ? null : document.cursor,
    at: document.updatedAt,
  }
}

/** The result of a write, as its caller gets it. */
export function toWriteResult(epoch: string, commit: Commit, repeated: boolean): WriteResult {
  return {
    id: commit.id,
    cursor: formatCursor(epoch, commit.revision),
    at: formatTimestamp(commit.at),
    actor: commit.actor,
    repeated,
    changes: changesOf(epoch, commit),
  }
}
