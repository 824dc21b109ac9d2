import { isTransient } from '../failure.ts'
import { repair } from './heads.ts'
import type { MongoTables } from '../tables.ts'
import type { HeadOverlay } from '../read/head-overlay.ts'
import { sweep, type Tenants } from '../read/tenants.ts'

/** How often it looks, ms. */
const EVERY_MS = 500
/** Commits younger than this are left to the process that made them, ms. */
const GRACE_MS = 1_000
/** A tenant that nobody asked for in this time lets go what it holds in memory, ms. */
const IDLE_MS = 30_000

/**
 * Repairs the heads of what this process has seen commit, so that a process that died between log and heads leaves
 * no trace after two seconds. Stops when disposed of, after what it is at.
 */
export class Janitor implements AsyncDisposable {
  readonly #tables: MongoTables
  readonly #tenants: Tenants
  /** Told when the heads cannot be repaired for another reason than a server that is away. */
  readonly #onStatus: (line: string) => void
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(tables: MongoTables, tenants: Tenants, onLine: (line: string) => void) {
    this.#tables = tables
    this.#tenants = tenants
    this.#onStatus = onLine
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
    }, EVERY_MS)
    this.#timer.unref()
  }

  async #clean(): Promise<void> {
    for (const tail of this.#tenants.tails()) {
      if (this.#stopped) return
      try {
        await repair(this.#tables, tail, tail.knownFor(GRACE_MS))
        await this.#sweep(tail)
      } catch (error) {
        // A server that is away is found out by those who wait for it; the next round tries again.
        if (!isTransient(error)) this.#onStatus(`The heads of tenant ${tail.tenant} could not be repaired: ${String(error)}`)
        break
      }
    }
    this.#tenants.evictIdle(IDLE_MS)
  }

  /** Removes what a process left that died, or was too slow, while it dropped the tenant. */
  async #sweep(tail: HeadOverlay): Promise<void> {
    for (const epoch of tail.dead) await sweep(this.#tables, { tenant: tail.tenant, epoch })
    tail.dead = []
  }
}
