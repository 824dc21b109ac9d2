import { Cohort, type CohortOptions } from './cohort.ts'
import { BatchCache } from './batch-cache.ts'
import type { FeedPosition } from './feed-source.ts'

/** About how much of what was read for feeds is kept for those that come a little later, in bytes, per tenant. */
const CACHE_BYTES = 33_554_432

type UnknownCohort = Cohort<unknown, FeedPosition>

interface CohortEntry {
  readonly cohort: UnknownCohort
  readers: number
}

/** A reader's place among the readers of its shape. */
export interface Membership<T, P extends FeedPosition> {
  readonly cohort: Cohort<T, P>
  /** The same for shapes that show the same. */
  readonly key: string
  /** Where it begins. */
  readonly place: P
  /** Leaves the cohort. */
  readonly leave: () => void
}

/** The cohorts of a tenant, by what makes their readers equal. One without readers is gone. */
export class Cohorts {
  readonly #cache = new BatchCache(CACHE_BYTES)
  readonly #entries = new Map<string, CohortEntry>()

  /** Distinct shapes that are followed. */
  get size(): number {
    return this.#entries.size
  }

  /** Joins the cohort `key`, made where there is none; the reader begins where `begin` says. */
  async join<T, P extends FeedPosition>(
    key: string, make: () => Omit<CohortOptions<T, P>, 'cache'>, begin: (cohort: Cohort<T, P>) => Promise<P>,
  ): Promise<Membership<T, P>> {
    const entry = this.#entries.get(key) ?? { cohort: new Cohort({ ...make(), cache: this.#cache }) as unknown as UnknownCohort, readers: 0 }
    this.#entries.set(key, entry)
    entry.readers++
    const leave = (): void => this.#leave(key, entry)
    // The key tells of which kind it is.
    const cohort = entry.cohort as unknown as Cohort<T, P>
    try {
      return { key, cohort, place: await begin(cohort), leave }
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
