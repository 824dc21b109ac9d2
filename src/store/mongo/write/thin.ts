import { pathText } from '../../../core/path.ts'
import type { Commit } from '../../../core/commit.ts'
import type { Millis, Version } from '../../../core/version.ts'
import { thinnedCommit } from '../../erasure.ts'
import type { Thinned, Thinning } from '../../store.ts'
import type { MongoReader } from '../read/latest.ts'
import { rewriteCommits } from './rewrite-log.ts'

/** Removes versions until a time (monotonic clock, ms). */
export async function thinDocuments(
  reader: MongoReader,
  documents: readonly Thinning[],
  until: Millis,
): Promise<Thinned> {
  let removed = 0
  for (const document of documents) {
    for (let more = true; more;) {
      const thinned = await thinDocument(reader, document)
      removed += thinned.removed
      more = thinned.more
      if (performance.now() > until) return { removed, more: true }
    }
  }
  return { removed, more: false }
}

/** Removes some versions of a document, but not the newest at the floor, which every read from there on needs (L16). */
async function thinDocument({ tables, overlay }: MongoReader, { path, keep }: Thinning): Promise<Thinned> {
  const { scope, floor } = overlay
  const text = pathText(path)
  const filter = { t: scope, 'ops.p': text, n: { $lte: floor } }
  const options = { sort: { n: -1 }, projection: { n: 1 }, maxTimeMS: tables.readMs } as const
  const newest = await tables.call(tables.log.findOne(filter, options))
  if (newest === null) return { removed: 0, more: false }
  const isRemoved = (version: Version): boolean => version.version < keep && pathText(version.path) === text
  const section = { scope, text, after: 0, before: Number(newest.n) }
  const edit = (commit: Commit): Commit =>
    commit.revision < section.before ? thinnedCommit(commit, isRemoved) : commit
  const { removed, next } = await rewriteCommits(tables, section, edit)
  if (removed > 0) overlay.rewrite(edit)
  // Numbers grow along the log, so a page of which nothing was removed is behind the last one to remove.
  return { removed, more: next !== null && (removed > 0 || next === 0) }
}
