import type { Commit } from '../core/commit.ts'
import type { Json } from '../core/json.ts'
import type { Revision } from '../core/version.ts'
import type { Limit } from '../store/store.ts'

/** The newest commits of a tenant, in memory, without gaps; the oldest fall out when a bound is reached. */
export class Ring {
  readonly #maxCommits: number
  readonly #maxBytes: number
  readonly #commits = new Map<Revision, { readonly commit: Commit; readonly bytes: number }>()
  #oldest = 1
  #bytes = 0

  constructor(bounds: { readonly maxCommits: number; readonly maxBytes: number }) {
    this.#maxCommits = bounds.maxCommits
    this.#maxBytes = bounds.maxBytes
  }

  /** Adds the commit that follows the newest one; anything else begins the ring anew. */
  push(commit: Commit): void {
    if (!this.#commits.has(commit.revision - 1)) this.#clear(commit.revision)
    const bytes = roughBytes(commit)
    this.#commits.set(commit.revision, { commit, bytes })
    this.#bytes += bytes
    while (this.#commits.size > 1 && (this.#commits.size > this.#maxCommits || this.#bytes > this.#maxBytes)) this.#drop()
  }

  /** The commits after `revision`, within the limit but one at least; null when they are no longer, or not yet, all here. */
  after(revision: Revision, limit: Limit): readonly Commit[] | null {
    if (this.#commits.size === 0 || revision + 1 < this.#oldest) return null
    const commits: Commit[] = []
    let bytes = 0
    for (let next = revision + 1; commits.length < limit.rows; next++) {
      const entry = this.#commits.get(next)
      bytes += entry?.bytes ?? 0
      if (entry === undefined || (commits.length > 0 && bytes > limit.bytes)) break
      commits.push(entry.commit)
    }
    return commits
  }

  #drop(): void {
    this.#bytes -= this.#commits.get(this.#oldest)?.bytes ?? 0
    this.#commits.delete(this.#oldest)
    this.#oldest++
  }

  #clear(oldest: Revision): void {
    this.#commits.clear()
    this.#oldest = oldest
    this.#bytes = 0
  }
}

const COMMIT_BYTES = 400

function roughBytes(commit: Commit): number {
  return commit.versions.reduce((sum, version) => sum + COMMIT_BYTES + roughSize(version.value), 0)
}

/** About what a value takes in memory: it need not be exact, but it must not cost what writing it out would. */
function roughSize(value: Json): number {
  if (typeof value === 'string') return 16 + 2 * value.length
  if (typeof value !== 'object' || value === null) return 8
  let size = 32
  if (Array.isArray(value)) for (const item of value as readonly Json[]) size += roughSize(item)
  else for (const [key, item] of Object.entries(value as { readonly [key: string]: Json })) size += 2 * key.length + roughSize(item)
  return size
}
