import fc from 'fast-check'
import { formatCursor } from '../../../src/core/cursor.ts'
import type { Database } from '../../../src/core/database.ts'
import type { Cursor } from '../../../src/core/database/options.ts'
import { DatabaseError } from '../../../src/core/error.ts'
import type { Revision } from '../../../src/core/version.ts'
import { openEngine, type Engine } from '../../../src/db/engine.ts'
import type { Store, TenantId } from '../../../src/store/store.ts'
import { epochIn, revisionIn } from '../writers/history-run.ts'
import { shape } from './arbitrary.ts'
import type { Surroundings } from './follower.ts'
import type { Shape } from './shape.ts'
import { plan, World, type Plan } from './world.ts'
import { cutting, type CuttingStore } from '../store/cutting.ts'

/** What happens while clients look on. */
export type Step =
  | { readonly kind: 'write'; readonly plan: Plan; readonly elsewhere: boolean }
  /** Writes that do not wait for one another. */
  | { readonly kind: 'burst'; readonly plans: readonly Plan[] }
  /** What retention leaves of the log: the newest of so many thousandths. */
  | { readonly kind: 'cut'; readonly keep: number }
  | { readonly kind: 'restart' }

export interface Scenario {
  readonly shapes: readonly Shape[]
  readonly steps: readonly Step[]
  /** Of the clients' moods. */
  readonly seed: number
}

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 30, arbitrary: fc.record({ kind: fc.constant('write'), plan, elsewhere: fc.boolean() }) },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('burst'), plans: fc.array(plan, { minLength: 2, maxLength: 12 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cut'), keep: fc.nat({ max: 1_000 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('restart') }) },
) as fc.Arbitrary<Step>

/** Scenarios with so many shapes and steps. */
export function scenario(shapes: number, steps: number): fc.Arbitrary<Scenario> {
  return fc.record({
    shapes: fc.array(shape, { minLength: shapes, maxLength: shapes }),
    steps: fc.array(step, { minLength: Math.ceil(steps / 2), maxLength: steps }),
    seed: fc.nat(),
  })
}

/**
 * The database under test over a store that is cut and an engine that is restarted, and a second engine that also
 * writes.
 */
export class Stage {
  readonly #tenant: TenantId
  readonly #cutting: CuttingStore
  readonly #elsewhere: Database
  readonly #world = new World()
  #engine: Engine
  /** Below this the log was cut before the engine began. */
  #sure: Revision = 0
  #restarting: Promise<void> | null = null
  #done = 0
  #over = false
  #closed = false
  #waiting: (() => void)[] = []
  #database: Database

  private constructor(
    tenant: TenantId,
    engine: Engine,
    options: { readonly cutting: CuttingStore; readonly elsewhere: Database },
  ) {
    this.#tenant = tenant
    this.#engine = engine
    this.#cutting = options.cutting
    this.#elsewhere = options.elsewhere
    this.#database = engine.database(tenant, { actor: null })
  }

  static async open(inner: Store, tenant: TenantId, elsewhere: Database): Promise<Stage> {
    const cuttingStore = cutting(inner)
    const stage = new Stage(tenant, await openEngine(cuttingStore.store), { cutting: cuttingStore, elsewhere })
    // So that there is a last commit, and a cursor of this tenant.
    await stage.#world.write(stage.database(), { kind: 'put', path: 'a/1', value: {} })
    return stage
  }

  database(): Database {
    if (this.#restarting !== null) {
      throw new DatabaseError('UNAVAILABLE', 'The engine is being restarted.', { retryAfterMs: 1 })
    }
    return this.#database
  }

  /** Whether everything was written, and `revision` is not before the end of it. */
  isOver(revision: Revision): boolean {
    return this.#over && revision >= revisionIn(this.end)
  }

  get end(): Cursor {
    return this.#world.last?.cursor ?? ''
  }

  surroundings(): Pick<Surroundings, 'floors' | 'foreign' | 'revived' | 'isOver'> {
    return {
      floors: () => ({ sure: this.#sure, asked: this.#cutting.floor(this.#tenant) }),
      foreign: () => [formatCursor('elsewhere', 3), formatCursor(epochIn(this.end), revisionIn(this.end) + 1_000_000)],
      revived: (error) => this.#revived(error),
      isOver: (cursor) => this.isOver(revisionIn(cursor)),
    }
  }

  /** Plays the steps one after the other; between two of them the clients have their turns. */
  async play(steps: readonly Step[]): Promise<void> {
    for (const one of steps) {
      await this.#play(one)
      this.#done++
      for (const wake of this.#waiting.splice(0)) wake()
    }
    this.#over = true
    for (const wake of this.#waiting.splice(0)) wake()
  }

  /** Waits while some steps are played. */
  async goOn(random: () => number): Promise<void> {
    const until = this.#done + 1 + Math.floor(random() * 12)
    while (!this.#over && this.#done < until) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  async close(): Promise<void> {
    this.#over = true
    this.#closed = true
    await this.#engine.close()
  }

  async #play(one: Step): Promise<void> {
    switch (one.kind) {
      case 'write':
        return this.#world.write(one.elsewhere ? this.#elsewhere : this.database(), one.plan)
      case 'burst':
        return void (await Promise.all(one.plans.map((planned) => this.#world.write(this.database(), planned))))
      case 'cut':
        return this.#cut(one.keep / 1_000)
      case 'restart':
        this.#restarting = this.#restart()
        return this.#restarting
    }
  }

  /** Retention is slower than the servers: it takes nothing that they have not seen. */
  async #cut(keep: number): Promise<void> {
    const { cursor } = await this.database().log(['nowhere'], { first: 1_000 })
    this.#cutting.cut(this.#tenant, Math.floor(revisionIn(cursor) * (1 - keep)))
  }

  async #restart(): Promise<void> {
    await this.#engine.close()
    this.#engine = await openEngine(this.#cutting.store)
    this.#sure = this.#cutting.floor(this.#tenant)
    this.#database = this.#engine.database(this.#tenant, { actor: null })
    this.#restarting = null
  }

  async #revived(error: unknown): Promise<void> {
    if (this.#closed || !(error instanceof DatabaseError && error.code === 'UNAVAILABLE')) throw error
    await this.#restarting
  }
}
