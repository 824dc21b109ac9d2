import type { Commit } from '../../../core/commit.ts'
import { pathText } from '../../../core/path.ts'
import type { Millis, Revision, Version } from '../../../core/version.ts'
import type { TenantId } from '../../store.ts'
import { Touched } from '../../touched.ts'
import { scopeOf, type LogEntry, type MetaRow } from '../rows.ts'

/** How many commits, and bytes of them, stay in memory when the heads hold them. */
const MAX_OVERLAY_COMMITS = 512
const MAX_OVERLAY_BYTES = 8_388_608
/** How many documents' version numbers stay in memory. */
const MAX_VERSIONS = 20_000

interface SeenVersion extends LogEntry {
  /** When this process learned of it, by its monotonic clock, ms. */
  readonly seenAt: Millis
}

/**
 * The end of a tenant's log as this process knows it: every commit in (base, last]. Pure memory.
 *
 * Only commits that a majority has may be pushed, in order (L0). `base` never passes `applied`, so that the heads
 * and this together are the exact state at `last`, even if a process died before it wrote the heads.
 */
export class HeadOverlay {
  readonly tenant: TenantId
  readonly epoch: string
  readonly scope: string
  readonly floor: Revision
  last: Revision
  lastAt: Millis
  /** Epochs of the tenant that ended and whose rows may still be there. */
  dead: readonly string[]
  /** The highest revision whose ring was sent. */
  lastNotified: Revision
  usedAt: Millis = performance.now()
  #applied: Revision
  #recent: SeenVersion[] = []
  #bytes = 0
  readonly #newest = new Map<string, Version>()
  readonly #byId = new Map<string, LogEntry>()
  readonly #versions = new Map<string, number>()

  /** Begins with what the heads hold; the commits after it are to be pushed. */
  constructor(meta: MetaRow, appliedAt: Millis) {
    this.tenant = meta._id
    this.epoch = meta.epoch
    this.scope = scopeOf(meta._id, meta.epoch)
    this.floor = Number(meta.floor)
    this.#applied = Number(meta.applied)
    this.last = this.#applied
    this.lastAt = appliedAt
    this.lastNotified = this.#applied
    this.dead = meta.dead
  }

  /** The heads of a majority hold everything up to here. */
  get applied(): Revision {
    return this.#applied
  }

  set applied(revision: Revision) {
    this.#applied = Math.min(Math.max(this.#applied, revision), this.last)
  }

  /** Commits after this one are here. */
  get base(): Revision {
    return this.last - this.#recent.length
  }

  /** Whether it holds more than it should because the heads are behind. */
  get overfull(): boolean {
    return this.#recent.length > 2 * MAX_OVERLAY_COMMITS || this.#bytes > 2 * MAX_OVERLAY_BYTES
  }

  /** Takes the commit that follows `last`; any other is ignored, so that readers may bring the same ones. */
  push(entry: LogEntry): void {
    const { commit } = entry
    if (commit.revision !== this.last + 1) return
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

  /** Remembers the version number of a document, 0 for none, as it is at `last`. */
  cacheVersion(text: string, version: number): void {
    this.#versions.delete(text)
    this.#versions.set(text, version)
  }

  /** The version number of a document at `last`, where it is known. */
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

  byId(id: string): LogEntry | undefined {
    return this.#byId.get(id)
  }

  /** Commits after `after`, which must not lie below `base`. */
  after(after: Revision): readonly LogEntry[] {
    return this.#recent.slice(Math.max(0, after - this.base))
  }

  /** What was written after `since`, which must not lie below `base`. */
  touched(since: Revision): Touched {
    const touched = new Touched()
    for (const { commit } of this.after(since)) for (const { path } of commit.versions) touched.add(path)
    return touched
  }

  /** The last revision that this process has known for at least `ms`. */
  knownFor(ms: number): Revision {
    const limit = performance.now() - ms
    const young = this.#recent.findIndex(({ seenAt }) => seenAt > limit)
    return young < 0 ? this.last : this.base + young
  }

  /** Lets go what the heads hold and what is beyond the bounds; everything that it may, when `all`. */
  trim(all = false): void {
    const spare = Math.max(0, this.#applied - this.base)
    let count = all ? spare : Math.min(spare, Math.max(0, this.#recent.length - MAX_OVERLAY_COMMITS))
    let bytes = this.#bytes - this.#bytesOf(count)
    while (bytes > MAX_OVERLAY_BYTES && count < spare) bytes -= this.#recent[count++]?.bytes ?? 0
    if (count > 0) this.#recent.splice(0, count).forEach(({ commit }) => this.#forget(commit))
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

  #forget(commit: Commit): void {
    this.#byId.delete(commit.id)
    for (const { path, revision } of commit.versions) {
      const text = pathText(path)
      if (this.#newest.get(text)?.revision === revision) this.#newest.delete(text)
    }
  }
}
