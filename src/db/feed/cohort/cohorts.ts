import { Cohort, type CohortOptions } from './cohort.ts'
import { BatchCache } from './batch-cache.ts'
import type { FeedPosition } from './feed-source.ts'

/** Bound of the batch cache of one tenant, in estimated bytes. */
const CACHE_BYTES = 33_554_432

type UnknownCohort = Cohort<unknown, FeedPosition>

interface CohortEntry {
  readonly cohort: UnknownCohort
  readers: number
}

/** A reader's membership in the cohort of its shape. */
export interface Membership<T, P extends FeedPosition> {
  readonly cohort: Cohort<T, P>
  /** Equal for shapes that show the same. */
  readonly key: string
  /** The position at which the reader starts. */
  readonly start: P
  /** Leaves the cohort; to be called once. */
  readonly leave: () => void
}

/** The cohorts of a tenant, by key. A cohort is closed when its last reader leaves. */
export class Cohorts {
  readonly #cache = new BatchCache(CACHE_BYTES)
  readonly #entries = new Map<string, CohortEntry>()
  readonly #share: () => number

  /** `share`: of the event loop, that the broadcasts of one cohort may take now. */
  constructor(share: () => number) {
    this.#share = share
  }

  /** Number of distinct shapes that are followed. */
  get size(): number {
    return this.#entries.size
  }

  /** Drops all cached steps; readers read them again. */
  forgetSteps(): void {
    this.#cache.clear()
  }

  /** Joins the cohort `key`, which `init` describes if there is none. Rejects, and leaves it, when `start` rejects. */
  async join<T, P extends FeedPosition>(
    key: string,
    init: () => Omit<CohortOptions<T, P>, 'cache' | 'share'>,
    start: (cohort: Cohort<T, P>) => Promise<P>,
  ): Promise<Membership<T, P>> {
    const entry = this.#entries.get(key) ?? {
      cohort: new Cohort({ ...init(), cache: this.#cache, share: this.#share }) as unknown as UnknownCohort,
      readers: 0,
    }
    this.#entries.set(key, entry)
    entry.readers++
    const leave = (): void => this.#leave(key, entry)
    // The key begins with the kind of feed, so T and P are those of the cohort.
    const cohort = entry.cohort as unknown as Cohort<T, P>
    try {
      return { key, cohort, start: await start(cohort), leave }
    } catch (error) {
      leave()
      throw error
    }
  }

  #leave(key: string, entry: CohortEntry): void {
    if (--entry.readers > 0) return
    this.#entries.delete(key)
    this.#cache.forget(entry.cohort)
    entry.cohort.close()
  }
}
