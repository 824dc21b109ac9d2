import type { Commit } from '../../../core/commit.ts'
import type { Millis, Revision } from '../../../core/version.ts'
import { erasedCommit, purgedBy, type Purges } from '../../erasure.ts'
import type { HeadOverlay } from '../read/head-overlay.ts'
import type { MongoReader } from '../read/latest.ts'
import { parsePurgeNote, purgeNote } from '../rows.ts'
import { findByIds, type MongoTables } from '../tables.ts'
import type { PreparedDraft } from '../append/group-append.ts'
import { repair } from './heads.ts'
import { rewriteCommits } from './rewrite-log.ts'

/** Age of a note without a commit after which its append was given up, ms; clocks of servers differ by less. */
const ABANDONED_NOTE_MS = 600_000

/**
 * Notes the purges of drafts in the row of the tenant, before their commits are inserted: whichever process opens the
 * tenant later knows what is not erased in the log.
 */
export async function notePurges(
  tables: MongoTables,
  { tenant, epoch }: HeadOverlay,
  group: readonly PreparedDraft[],
): Promise<void> {
  for (const { draft } of group) {
    if (!draft.writes.some(({ purged }) => purged === true)) continue
    const note = purgeNote(Date.now(), draft.id)
    await tables.updateMeta({ _id: tenant, epoch }, { $addToSet: { purging: note } })
  }
}

/** How far the erasure of one purge has come in this process. */
interface ErasureProgress {
  /** The documents before this index are done. */
  readonly document: number
  /** Of that document, the versions up to this revision. */
  readonly upTo: Revision
}

const START: ErasureProgress = { document: 0, upTo: 0 }

/** Erases versions in the log. All that it does may be done twice, and by several processes at once. */
export class LogEraser {
  /** Scope and note of a purge → its progress. */
  readonly #progress = new Map<string, ErasureProgress>()

  /** Erases until a time (monotonic clock, ms); whether something may be left. */
  async step(reader: MongoReader, until: Millis): Promise<boolean> {
    const { tables, tenants, overlay } = reader
    await tenants.refresh(overlay)
    const { purging, scope } = overlay
    const found = await findByIds(
      tables,
      scope,
      purging.map((note) => parsePurgeNote(note).id),
    )
    for (const note of purging) {
      const { at, id } = parsePurgeNote(note)
      const commit = found.get(id)?.commit
      if (commit === undefined) {
        if (Date.now() - at > ABANDONED_NOTE_MS) await removeNote(tables, overlay, note)
        continue
      }
      if (!(await this.#erase(reader, { note, commit }, until))) return true
      await removeNote(tables, overlay, note)
    }
    return false
  }

  /** Erases what one commit has purged; false when there is no time left. */
  async #erase(
    { tables, overlay }: MongoReader,
    { note, commit }: { readonly note: string; readonly commit: Commit },
    until: Millis,
  ): Promise<boolean> {
    const key = `${overlay.scope} ${note}`
    const paths = purgedBy(commit)
    const purges = new Map(paths.map((text) => [text, commit.revision]))
    for (let { document, upTo } = this.#progress.get(key) ?? START; ;) {
      const text = paths[document]
      if (text === undefined) break
      const next = await eraseVersions(tables, { scope: overlay.scope, text, purges, after: upTo })
      ;[document, upTo] = next === null ? [document + 1, 0] : [document, next]
      this.#progress.set(key, { document, upTo })
      if (performance.now() > until) return false
    }
    // The heads have content, too, until the mark of the purge replaces it.
    await repair(tables, overlay, commit.revision)
    if (overlay.applied < commit.revision) return false
    this.#progress.delete(key)
    return true
  }
}

async function removeNote(tables: MongoTables, { tenant, epoch }: HeadOverlay, note: string): Promise<void> {
  await tables.updateMeta({ _id: tenant, epoch }, { $pull: { purging: note } })
}

interface VersionsOfDocument {
  readonly scope: string
  /** The document's path. */
  readonly text: string
  readonly purges: Purges
  readonly after: Revision
}

/** Erases some commits that wrote a document; the revision from which to go on, null when all are erased. */
async function eraseVersions(
  tables: MongoTables,
  { scope, text, purges, after }: VersionsOfDocument,
): Promise<Revision | null> {
  const section = { scope, text, after, before: purges.get(text) ?? 0 }
  return (await rewriteCommits(tables, section, (commit) => erasedCommit(commit, purges))).next
}
