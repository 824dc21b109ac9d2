import { isTransient } from '../failure.ts'
import { repair } from './heads.ts'
import type { MongoTables } from '../tables.ts'
import type { HeadOverlay } from '../read/head-overlay.ts'
import { sweep, type Tenants } from '../read/tenants.ts'

/** Interval between two rounds, ms. */
const INTERVAL_MS = 500
/** Age below which the heads of a commit are left to the process that made it, ms. */
const GRACE_MS = 1_000
/** Time without a call after which the overlay of a tenant is trimmed, ms. */
const IDLE_MS = 30_000

/**
 * Repairs the heads of all commits that this process has seen, so that heads which a process did not write before it
 * died are complete after two seconds. Disposal stops it after the current round.
 */
export class Janitor implements AsyncDisposable {
  readonly #tables: MongoTables
  readonly #tenants: Tenants
  /** Called with one line when the heads cannot be repaired, except for transient errors. */
  readonly #onStatus: (line: string) => void
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(tables: MongoTables, tenants: Tenants, onStatus: (line: string) => void) {
    this.#tables = tables
    this.#tenants = tenants
    this.#onStatus = onStatus
    this.#schedule()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#round
  }

  #schedule(): void {
    if (this.#stopped) return
    this.#timer = setTimeout(() => {
      this.#round = this.#clean().finally(() => this.#schedule())
    }, INTERVAL_MS)
    this.#timer.unref()
  }

  async #clean(): Promise<void> {
    for (const overlay of this.#tenants.overlays()) {
      if (this.#stopped) return
      try {
        await this.#repair(overlay)
        await this.#sweep(overlay)
      } catch (error) {
        // Calls report an unreachable server; the next round tries again.
        if (!isTransient(error)) {
          this.#onStatus(`The heads of tenant ${overlay.tenant} could not be repaired: ${String(error)}`)
        }
        break
      }
    }
    this.#tenants.evictIdle(IDLE_MS)
  }

  async #repair(overlay: HeadOverlay): Promise<void> {
    const upTo = overlay.seenBefore(GRACE_MS)
    if (upTo <= overlay.applied) return
    // The heads of a database that was restored meanwhile are not those of the commits in memory.
    await this.#tenants.verify(overlay)
    await repair(this.#tables, overlay, upTo)
  }

  /** Removes the rows that a process left which died or timed out while it dropped the tenant. */
  async #sweep(overlay: HeadOverlay): Promise<void> {
    for (const epoch of overlay.endedEpochs) await sweep(this.#tables, { tenant: overlay.tenant, epoch })
    overlay.endedEpochs = []
  }
}
