import { isPassing } from './failure.ts'
import { repair } from './heads.ts'
import type { Tables } from './tables.ts'
import type { Tenants } from './tenants.ts'

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
  readonly #tables: Tables
  readonly #tenants: Tenants
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(tables: Tables, tenants: Tenants) {
    this.#tables = tables
    this.#tenants = tenants
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
      const upTo = tail.knownFor(GRACE_MS)
      if (this.#stopped || upTo <= tail.applied) continue
      try {
        await repair(this.#tables, tail, upTo)
      } catch (error) {
        // A server that is away is found out by those who wait for it; the next round tries again.
        if (!isPassing(error)) throw error
        break
      }
    }
    this.#tenants.rest(IDLE_MS)
  }
}
