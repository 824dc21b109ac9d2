import type { Commit } from '../../core/commit.ts'
import type { Version, Write } from '../../core/version.ts'
import { draft } from './draft.ts'
import { collectReadSet, load } from './read-set.ts'
import type { Request } from './request.ts'
import { StagedDocuments } from './staged/staged-documents.ts'
import type { TenantContext } from '../log/tenant-context.ts'

/** The version number of ephemeral documents. */
const NO_VERSION = 0

/**
 * Delivers the commit that a request would make to the live readers of this process, and stores nothing. Throws as the
 * write would. Returns the commit, at the newest revision of the log, with documents at version 0.
 */
export async function publishEphemeral(context: TenantContext, request: Request, id: string): Promise<Commit> {
  const { store, tenant, tail, limits } = context
  const at = Math.max(context.now(), tail.writtenAt)
  const state = new StagedDocuments(
    await load({ store, tenant, revision: tail.last, readSet: collectReadSet([request]), limits }),
  )
  const { writes } = draft(request, state, { at, limits })
  const { actor } = request
  const [revision, digest] = [tail.last, null]
  const versionOf = ({ path, type, fields, value, createdAt }: Write): Version => ({
    path,
    version: NO_VERSION,
    type,
    fields,
    value,
    createdAt: createdAt ?? at,
    revision,
    updatedAt: at,
    actor,
    commit: id,
  })
  const commit: Commit = { id, revision, at, actor, digest, versions: writes.map(versionOf) }
  await tail.publishEphemeral(commit)
  return commit
}
