import type { Commit } from '../../../core/commit.ts'
import type { ChangeBatch } from '../../../core/database.ts'
import type { Revision } from '../../../core/version.ts'
import type { Matcher } from '../../shape/matcher.ts'

/** Ephemeral commits that are kept for readers between two pulls. */
const MAX_EPHEMERAL = 64

/** What a reader is shown of what passed, and up to which number that goes. */
export interface EphemeralItem<T> {
  readonly item: T
  readonly seq: number
}

/** Makes the item that shows ephemeral commits to readers who stand at a revision; null: they match nothing. */
export type RenderEphemeral<T> = (commits: readonly Commit[], at: Revision) => T | null

/**
 * The newest ephemeral commits that one cohort shows, numbered 1, 2, 3 …: who waits is told at once, who is between two
 * pulls finds them at the next, and who is further behind than what is kept misses the oldest.
 */
export class EphemeralBuffer<T> {
  readonly #render: RenderEphemeral<T>
  #commits: readonly Commit[] = []
  #last = 0
  /** By place and number: who stands at one place gets one object. */
  readonly #rendered = new Map<string, EphemeralItem<T> | null>()

  constructor(show: RenderEphemeral<T>) {
    this.#render = show
  }

  /** The number of the newest. */
  get last(): number {
    return this.#last
  }

  /** Keeps a commit, if the shape shows anything of it, for readers who stand at a revision. */
  add(commit: Commit, at: Revision): void {
    if (this.#render([commit], at) === null) return
    this.#commits = [...this.#commits, commit].slice(-MAX_EPHEMERAL)
    this.#last++
    this.#rendered.clear()
  }

  /** What came after `number`, for a reader who stands at a revision; null when that is nothing. */
  after(number: number, at: Revision): EphemeralItem<T> | null {
    const count = Math.min(this.#last - number, this.#commits.length)
    if (count <= 0) return null
    const key = `${at} ${count}`
    const known = this.#rendered.get(key)
    if (known !== undefined) return known
    const item = this.#render(this.#commits.slice(-count), at)
    const passed = item === null ? null : { item, seq: this.#last }
    // The edge moves on while nothing is added: only its newest places are of use.
    if (this.#rendered.size >= MAX_EPHEMERAL) this.#rendered.clear()
    this.#rendered.set(key, passed)
    return passed
  }
}

/** The batch that shows ephemeral commits to whoever was told `quiet`, a batch without changes; null when none matches. */
export function ephemeralBatch(matcher: Matcher, commits: readonly Commit[], quiet: ChangeBatch): ChangeBatch | null {
  const changes = commits.flatMap((commit) => {
    const selected = matcher.match(commit)
    // Only older versions are waited for, and a NEW has none.
    return selected instanceof Promise ? [] : selected
  })
  return changes.length === 0 ? null : { ...quiet, changes }
}
