import { setImmediate as nextTurn } from 'node:timers/promises'
import { DatabaseError } from '../../core/error.ts'
import type { Store, TenantId } from '../../store/store.ts'

/** How long what a purge has erased is left to the process that purged, before another one goes on with it, ms. */
const GRACE_MS = 1_000
/** The longest wait of a purge until all is erased, ms: less than the 30 s after which a quiet connection is ended. */
const FINISH_MS = 20_000

/**
 * Removes from the disk what the purges of one tenant have erased. Readers never wait for it: from the purge on, they
 * get marks.
 */
export class Eraser {
  readonly #store: Store
  readonly #tenant: TenantId
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(store: Store, tenant: TenantId) {
    this.#store = store
    this.#tenant = tenant
  }

  /**
   * Erases in a while, in case that no purge waits for it: one that a killed process left, or that of another process.
   */
  wake(): void {
    if (this.#timer !== undefined || this.#stopped) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      // The store does not answer at the moment: it is tried again.
      this.#running = this.#eraseAll(Infinity).catch(() => this.wake())
    }, GRACE_MS).unref()
  }

  /**
   * Resolves when nothing is left of what was purged before the call. Throws TIMEOUT when that takes too long, and when
   * the eraser is stopped; the erasing goes on then, here or at the next start.
   */
  async finish(): Promise<void> {
    this.wake()
    await this.#eraseAll(performance.now() + FINISH_MS)
    if (this.#stopped) throw lateError('the server was stopped')
  }

  /** Resolves when no step is running. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#running
  }

  async #eraseAll(until: number): Promise<void> {
    while (!this.#stopped && (await this.#store.erase(this.#tenant))) {
      if (performance.now() > until) throw lateError(`it took more than ${FINISH_MS} ms`)
      // The embedded store answers without waiting: yield to the event loop before the next step.
      await nextTurn()
    }
  }
}

function lateError(why: string): DatabaseError {
  const message =
    `Everything was purged, but not all of it is off the disk yet: ${why}. That goes on; ` +
    'the same purge again, with its key, waits for it.'
  return new DatabaseError('TIMEOUT', message, { outcome: 'UNKNOWN' })
}
