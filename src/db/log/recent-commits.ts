import type { Commit } from '../../core/commit.ts'
import { estimateJsonBytes } from '../../core/json/value.ts'
import { pathText } from '../../core/path.ts'
import type { Revision, Version } from '../../core/version.ts'
import { purgedBy } from '../../store/erasure.ts'
import { PageCounter } from '../../store/page.ts'
import type { Limit } from '../../store/store.ts'
import type { PreviousValues } from '../shape/previous-values.ts'

/** A tenant's newest commits, without gaps: the oldest are dropped when a bound is exceeded. */
export class RecentCommits {
  readonly #maxCommits: number
  readonly #maxBytes: number
  readonly #commits = new Map<Revision, { readonly commit: Commit; readonly bytes: number }>()
  /** The newest version of each document in the buffer. */
  readonly #newest = new Map<string, Version>()
  #oldest = 1
  #bytes = 0

  constructor(bounds: { readonly maxCommits: number; readonly maxBytes: number }) {
    this.#maxCommits = bounds.maxCommits
    this.#maxBytes = bounds.maxBytes
  }

  /**
   * Adds a commit. One that does not follow the newest clears the buffer first; so does one that purges documents, as
   * their content must not stay in memory. Replaced versions go to `previousValues`.
   */
  push(commit: Commit, previousValues?: Pick<PreviousValues, 'remember'>): void {
    const follows = this.#commits.has(commit.revision - 1)
    if (!follows || purgedBy(commit).length > 0) this.#clear(commit.revision)
    const bytes = estimateCommitBytes(commit)
    this.#commits.set(commit.revision, { commit, bytes })
    this.#bytes += bytes
    for (const version of commit.versions) this.#trackNewest(version, previousValues)
    while (this.#commits.size > 1 && (this.#commits.size > this.#maxCommits || this.#bytes > this.#maxBytes)) {
      this.#dropOldest()
    }
  }

  /** Drops all; the next commit may be any. */
  clear(): void {
    this.#clear(1)
  }

  get(revision: Revision): Commit | undefined {
    return this.#commits.get(revision)?.commit
  }

  #trackNewest(version: Version, previousValues: Pick<PreviousValues, 'remember'> | undefined): void {
    const path = pathText(version.path)
    const previous = this.#newest.get(path)
    if (previous !== undefined) previousValues?.remember(version, previous)
    this.#newest.set(path, version)
  }

  /**
   * The commits after `revision`, within the limit but at least one if there is any; null when the buffer starts later.
   */
  after(revision: Revision, limit: Limit): readonly Commit[] | null {
    if (this.#commits.size === 0 || revision + 1 < this.#oldest) return null
    const commits: Commit[] = []
    const counter = new PageCounter(limit)
    for (let next = revision + 1; ; next++) {
      const entry = this.#commits.get(next)
      if (entry === undefined || !counter.take(entry.bytes)) return commits
      commits.push(entry.commit)
    }
  }

  #dropOldest(): void {
    const oldest = this.#commits.get(this.#oldest)
    this.#bytes -= oldest?.bytes ?? 0
    for (const version of oldest?.commit.versions ?? []) {
      const path = pathText(version.path)
      if (this.#newest.get(path) === version) this.#newest.delete(path)
    }
    this.#commits.delete(this.#oldest)
    this.#oldest++
  }

  #clear(oldest: Revision): void {
    this.#commits.clear()
    this.#newest.clear()
    this.#oldest = oldest
    this.#bytes = 0
  }
}

/** Estimated memory of a version without its value and fields. */
const COMMIT_BYTES = 400

function estimateCommitBytes(commit: Commit): number {
  return commit.versions.reduce(
    (sum, version) => sum + COMMIT_BYTES + estimateJsonBytes(version.value) + estimateJsonBytes(version.fields),
    0,
  )
}
