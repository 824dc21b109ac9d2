import type { ObservedValue } from '../../core/database.ts'
import type { Json } from '../../core/json/json.ts'
import { equalJson } from '../../core/json/value.ts'
import type { Revision } from '../../core/version.ts'
import type { LogTail } from '../log/log-tail.ts'
import type { FeedSource, FeedPosition, FeedStep } from './cohort/feed-source.ts'

export interface ValueSourceOptions {
  readonly tail: LogTail
  /** The value as of a revision. */
  readonly read: (at: Revision) => Promise<Json>
}

/** The value at a path, now and after every change of it. */
export class ValueSource implements FeedSource<ObservedValue> {
  readonly #options: ValueSourceOptions
  /** What was read last, so that a change is compared with it without reading again. */
  #known: { readonly position: Revision; readonly item: ObservedValue } | null = null

  constructor(options: ValueSourceOptions) {
    this.#options = options
  }

  livePosition(position: Revision): FeedPosition {
    return { position, live: true }
  }

  /** A value has no sign of life. */
  heartbeat(): null {
    return null
  }

  /** A value is what is stored. */
  ephemeral(): null {
    return null
  }

  async read({ position, live }: FeedPosition, until: Revision): Promise<FeedStep<ObservedValue>> {
    const last = Math.min(until, this.#options.tail.last)
    const next = this.livePosition(last)
    const before = live ? await this.#valueAt(position) : undefined
    const now = await this.#valueAt(last)
    if (before !== undefined && equalJson(before.value, now.value)) return { batch: null, next, upToDate: true, bytes: 0 }
    return { batch: now, next, upToDate: true, bytes: 1_000 }
  }

  async #valueAt(position: Revision): Promise<ObservedValue> {
    if (this.#known?.position === position) return this.#known.item
    const item = { value: await this.#options.read(position) }
    if (position >= (this.#known?.position ?? 0)) this.#known = { position, item }
    return item
  }
}
