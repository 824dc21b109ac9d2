import type { ObservedValue } from '../../core/database.ts'
import type { Json } from '../../core/json/json.ts'
import { equalJson } from '../../core/json/value.ts'
import type { Revision } from '../../core/version.ts'
import type { LogTail } from '../log/log-tail.ts'
import { isHistoryExpired } from '../read/as-of.ts'
import type { FeedSource, FeedPosition, FeedStep } from './cohort/feed-source.ts'

interface ValueSourceOptions {
  readonly tail: LogTail
  /** Reads the value as of a revision. */
  readonly read: (at: Revision) => Promise<Json>
}

/** Source of `watch`: the value at a path, now and after every change of it. */
export class WatchSource implements FeedSource<ObservedValue> {
  readonly #options: ValueSourceOptions
  /** The newest value read, so that the next one is compared without a second read. */
  #cached: { readonly revision: Revision; readonly item: ObservedValue } | null = null

  constructor(options: ValueSourceOptions) {
    this.#options = options
  }

  livePosition(revision: Revision): FeedPosition {
    return { revision, live: true }
  }

  /** `watch` has no heartbeats. */
  heartbeat(): null {
    return null
  }

  /** `watch` shows stored values only. */
  ephemeralItem(): null {
    return null
  }

  async read({ revision, live }: FeedPosition, until: Revision): Promise<FeedStep<ObservedValue>> {
    const last = Math.min(until, this.#options.tail.last)
    const next = this.livePosition(last)
    const before = live ? await this.#valueAt(revision).catch(unknownIfExpired) : undefined
    const now = await this.#valueAt(last)
    if (before !== undefined && equalJson(before.value, now.value)) {
      return { batch: null, next, upToDate: true, bytes: 0 }
    }
    return { batch: now, next, upToDate: true, bytes: 1_000 }
  }

  async #valueAt(revision: Revision): Promise<ObservedValue> {
    const isPurged = this.#options.tail.lastPurge > revision
    if (this.#cached?.revision === revision && !isPurged) return this.#cached.item
    const item = { value: await this.#options.read(revision) }
    if (revision >= (this.#cached?.revision ?? 0)) this.#cached = { revision, item }
    return item
  }
}

/**
 * Of a revision below the floor the value may not be known any more: then the value now is delivered, changed or not.
 */
function unknownIfExpired(error: unknown): undefined {
  if (!isHistoryExpired(error)) throw error
}
