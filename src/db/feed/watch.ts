import type { Observed } from '../../core/database.ts'
import type { Json } from '../../core/json.ts'
import { equalJson } from '../../core/value.ts'
import type { Revision } from '../../core/version.ts'
import type { Tail } from '../tail.ts'
import type { Kind, Place, Step } from './step.ts'

export interface WatchKindOptions {
  readonly tail: Tail
  /** The value as of a revision. */
  readonly read: (at: Revision) => Promise<Json>
}

/** The value at a path, now and after every change of it. */
export class WatchKind implements Kind<Observed> {
  readonly #options: WatchKindOptions
  /** What was read last, so that a change is compared with it without reading again. */
  #known: { readonly position: Revision; readonly item: Observed } | null = null

  constructor(options: WatchKindOptions) {
    this.#options = options
  }

  at(position: Revision): Place {
    return { position, live: true }
  }

  /** A value has no sign of life. */
  beat(): null {
    return null
  }

  /** A value is what is stored. */
  passing(): null {
    return null
  }

  async read({ position, live }: Place, until: Revision): Promise<Step<Observed>> {
    const last = Math.min(until, this.#options.tail.last)
    const next = this.at(last)
    const before = live ? await this.#valueAt(position) : undefined
    const now = await this.#valueAt(last)
    if (before !== undefined && equalJson(before.value, now.value)) return { item: null, next, upToDate: true, bytes: 0 }
    return { item: now, next, upToDate: true, bytes: 1_000 }
  }

  async #valueAt(position: Revision): Promise<Observed> {
    if (this.#known?.position === position) return this.#known.item
    const item = { value: await this.#options.read(position) }
    if (position >= (this.#known?.position ?? 0)) this.#known = { position, item }
    return item
  }
}
