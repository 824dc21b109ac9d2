import type { Commit } from '../../../core/commit.ts'
import { pathText } from '../../../core/path.ts'
import type { Millis, Revision, Version } from '../../../core/version.ts'
import { erasedCommit, purgedBy, type Purges } from '../../erasure.ts'
import type { TenantId } from '../../store.ts'
import { Touched } from '../../touched.ts'
import { scopeOf, type LogEntry, type MetaRow } from '../rows.ts'

/** Most commits, and their bytes, that stay in memory although the heads contain them. */
const MAX_OVERLAY_COMMITS = 512
const MAX_OVERLAY_BYTES = 8_388_608
/** Most version numbers of documents in memory. */
const MAX_VERSIONS = 20_000

interface SeenVersion extends LogEntry {
  /** When this process first saw the commit, by its monotonic clock, ms. */
  readonly seenAt: Millis
}

/**
 * The newest commits of a tenant in memory, all in (base, last]: an overlay over `heads`, which may lag behind the log.
 * No I/O.
 *
 * Only commits that are on a majority may be pushed, in order (L0). `base` is never above `applied`, so that heads and
 * overlay together are the exact state at `last`, even if a process died before it wrote the heads.
 */
export class HeadOverlay {
  readonly tenant: TenantId
  readonly epoch: string
  readonly scope: string
  floor: Revision
  last: Revision
  lastAt: Millis
  /** Ended epochs of the tenant of which rows may be left. */
  endedEpochs: readonly string[]
  /** The highest revision of which listeners were notified. */
  lastNotified: Revision
  usedAt: Millis = performance.now()
  #applied: Revision
  #recent: SeenVersion[] = []
  #bytes = 0
  /** Purges whose erased versions may be in the log: those in memory are erased. */
  #purges: Purges = new Map()
  /** The notes of these purges (`MetaRow.purging`). */
  purging: readonly string[]
  readonly #newest = new Map<string, Version>()
  readonly #byId = new Map<string, LogEntry>()
  readonly #versions = new Map<string, number>()

  /** An empty overlay at `applied`; the caller pushes the commits after it. */
  constructor(meta: MetaRow, appliedAt: Millis) {
    this.tenant = meta._id
    this.epoch = meta.epoch
    this.scope = scopeOf(meta._id, meta.epoch)
    this.floor = Number(meta.floor)
    this.#applied = Number(meta.applied)
    this.last = this.#applied
    this.lastAt = appliedAt
    this.lastNotified = this.#applied
    this.endedEpochs = meta.dead
    this.purging = meta.purging ?? []
  }

  /** On a majority of the members, the heads contain all commits up to this revision. */
  get applied(): Revision {
    return this.#applied
  }

  set applied(revision: Revision) {
    this.#applied = Math.min(Math.max(this.#applied, revision), this.last)
  }

  /** The overlay has all commits after this revision, up to `last`. */
  get base(): Revision {
    return this.last - this.#recent.length
  }

  /** Whether the overlay exceeds twice its bounds because the heads are behind. */
  get isOverfull(): boolean {
    return this.#recent.length > 2 * MAX_OVERLAY_COMMITS || this.#bytes > 2 * MAX_OVERLAY_BYTES
  }

  /**
   * Adds the commit that follows `last`; any other is ignored, so that concurrent readers may push the same commits.
   */
  push(entry: LogEntry): void {
    const { commit } = entry
    if (commit.revision !== this.last + 1) return
    this.addPurges(commit)
    this.#recent.push({ ...entry, seenAt: performance.now() })
    this.#bytes += entry.bytes
    this.last = commit.revision
    this.lastAt = commit.at
    this.#byId.set(commit.id, entry)
    for (const version of commit.versions) {
      const text = pathText(version.path)
      this.#newest.set(text, version)
      this.cacheVersion(text, version.version)
    }
  }

  get purges(): Purges {
    return this.#purges
  }

  /** Adds what a commit has purged, and erases it in memory. */
  addPurges(commit: Commit): void {
    const purged = purgedBy(commit)
    if (purged.length === 0) return
    this.#purges = new Map([...this.#purges, ...purged.map((text) => [text, commit.revision] as const)])
    this.rewrite((each) => erasedCommit(each, this.#purges))
  }

  /** Replaces the commits in memory that `edit` changes. */
  rewrite(edit: (commit: Commit) => Commit): void {
    this.#recent = this.#recent.map((entry) => {
      const commit = edit(entry.commit)
      if (commit === entry.commit) return entry
      this.#byId.delete(entry.commit.id)
      this.#byId.set(commit.id, { ...entry, commit })
      for (const version of commit.versions) {
        const text = pathText(version.path)
        if (this.#newest.get(text)?.revision === version.revision) this.#newest.set(text, version)
      }
      return { ...entry, commit }
    })
  }

  /** Forgets purges of which all is erased in the log, unless a later purge has replaced them. */
  dropPurges(done: Purges): void {
    if (done.size === 0) return
    this.#purges = new Map([...this.#purges].filter(([text, revision]) => done.get(text) !== revision))
  }

  /** Caches the version number of a document at `last`; 0: it has none. */
  cacheVersion(text: string, version: number): void {
    this.#versions.delete(text)
    this.#versions.set(text, version)
  }

  /** The version number of a document at `last`; undefined when it is not in memory. */
  versionOf(text: string): number | undefined {
    return this.#newest.get(text)?.version ?? this.#versions.get(text)
  }

  /** The newest version of a document, if it was written in (base, last]. */
  newest(text: string): Version | undefined {
    return this.#newest.get(text)
  }

  /** The newest versions of all documents that were written after `after`. */
  *newestAfter(after: Revision): Generator<Version> {
    for (const version of this.#newest.values()) if (version.revision > after) yield version
  }

  /** The commit at a revision, if it is in memory. */
  at(revision: Revision): LogEntry | undefined {
    return this.#recent[revision - this.base - 1]
  }

  byId(id: string): LogEntry | undefined {
    return this.#byId.get(id)
  }

  /** Commits after `after`, which must not be below `base`. */
  after(after: Revision): readonly LogEntry[] {
    return this.#recent.slice(Math.max(0, after - this.base))
  }

  /** The paths written after `since`, which must not be below `base`. */
  touched(since: Revision): Touched {
    const touched = new Touched()
    for (const { commit } of this.after(since)) for (const { path } of commit.versions) touched.add(path)
    return touched
  }

  /** The last revision that this process saw at least `ms` ago. */
  seenBefore(ms: number): Revision {
    const limit = performance.now() - ms
    const young = this.#recent.findIndex(({ seenAt }) => seenAt > limit)
    return young < 0 ? this.last : this.base + young
  }

  /**
   * Evicts commits that the heads contain, down to the bounds; with `all`, all such commits and all cached version
   * numbers.
   */
  trim(all = false): void {
    const evictable = Math.max(0, this.#applied - this.base)
    let count = all ? evictable : Math.min(evictable, Math.max(0, this.#recent.length - MAX_OVERLAY_COMMITS))
    let bytes = this.#bytes - this.#bytesOf(count)
    while (bytes > MAX_OVERLAY_BYTES && count < evictable) bytes -= this.#recent[count++]?.bytes ?? 0
    if (count > 0) this.#recent.splice(0, count).forEach(({ commit }) => this.#unindex(commit))
    this.#bytes = bytes
    const most = all ? 0 : MAX_VERSIONS
    for (const text of this.#versions.keys()) {
      if (this.#versions.size <= most) break
      this.#versions.delete(text)
    }
  }

  #bytesOf(count: number): number {
    return this.#recent.slice(0, count).reduce((sum, { bytes }) => sum + bytes, 0)
  }

  #unindex(commit: Commit): void {
    this.#byId.delete(commit.id)
    for (const { path, revision } of commit.versions) {
      const text = pathText(path)
      if (this.#newest.get(text)?.revision === revision) this.#newest.delete(text)
    }
  }
}
