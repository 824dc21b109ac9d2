import type { Commit } from '../../../core/commit.ts'
import type { ChangeBatch } from '../../../core/database.ts'
import type { Revision } from '../../../core/version.ts'
import type { Matcher } from '../../shape/matcher.ts'

/** Ephemeral commits that are retained for readers between two pulls; also the bound of rendered items. */
const MAX_EPHEMERAL = 64

/** Ephemeral commits rendered for a reader. */
export interface EphemeralItem<T> {
  readonly item: T
  /** Sequence number of the newest commit in the item. */
  readonly seq: number
}

/** Renders ephemeral commits for readers at a revision; null when none of them matches. */
export type RenderEphemeral<T> = (commits: readonly Commit[], at: Revision) => T | null

/**
 * The newest ephemeral commits that match one cohort, with sequence numbers from 1. A reader between two pulls gets the
 * missed ones at its next pull; a reader that missed more than `MAX_EPHEMERAL` loses the oldest.
 */
export class EphemeralBuffer<T> {
  readonly #render: RenderEphemeral<T>
  #commits: readonly Commit[] = []
  #lastSeq = 0
  /** By revision and number of commits, so that readers with equal needs share one object. */
  readonly #rendered = new Map<string, EphemeralItem<T> | null>()

  constructor(render: RenderEphemeral<T>) {
    this.#render = render
  }

  /** Sequence number of the newest commit; 0 before the first one. */
  get lastSeq(): number {
    return this.#lastSeq
  }

  /** Retains a commit for readers at a revision, unless it does not match. */
  add(commit: Commit, at: Revision): void {
    if (this.#render([commit], at) === null) return
    this.#commits = [...this.#commits, commit].slice(-MAX_EPHEMERAL)
    this.#lastSeq++
    this.#rendered.clear()
  }

  /** The retained commits after number `seq`, rendered for a reader at a revision; null when there are none. */
  after(seq: number, at: Revision): EphemeralItem<T> | null {
    const count = Math.min(this.#lastSeq - seq, this.#commits.length)
    if (count <= 0) return null
    const key = `${at} ${count}`
    const cached = this.#rendered.get(key)
    if (cached !== undefined) return cached
    const item = this.#render(this.#commits.slice(-count), at)
    const rendered = item === null ? null : { item, seq: this.#lastSeq }
    // The revision may advance while no commit is added: items of older revisions are of no use then.
    if (this.#rendered.size >= MAX_EPHEMERAL) this.#rendered.clear()
    this.#rendered.set(key, rendered)
    return rendered
  }
}

/** The heartbeat `quiet` with the changes of ephemeral commits that match; null when none matches. */
export function ephemeralBatch(matcher: Matcher, commits: readonly Commit[], quiet: ChangeBatch): ChangeBatch | null {
  const changes = commits.flatMap((commit) => {
    const selected = matcher.match(commit)
    // The matcher returns a promise only to read an older version; an ephemeral commit writes a NEW, which has none.
    return selected instanceof Promise ? [] : selected
  })
  return changes.length === 0 ? null : { ...quiet, changes }
}
