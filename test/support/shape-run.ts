import fc from 'fast-check'
import { formatCursor } from '../../src/core/cursor.ts'
import type { Cursor, Database } from '../../src/core/database.ts'
import { DatabaseError } from '../../src/core/error.ts'
import type { Revision } from '../../src/core/version.ts'
import { openEngine, type Engine } from '../../src/db/engine.ts'
import type { Store, TenantId } from '../../src/store/store.ts'
import { epochIn, revisionIn } from './history-run.ts'
import { brokenLiveLaws } from './law-live.ts'
import { shape } from './shape-arbitrary.ts'
import { followShape, liveFeeder, type LiveFeeder, type LiveRun } from './shape-follower.ts'
import { Truth } from './shape-oracle.ts'
import type { Shape } from './shape.ts'
import { COLLECTIONS, plan, World, type Plan } from './shape-world.ts'
import { cutting, type CuttingStore } from './store-cutting.ts'
import { randomFrom } from './writer-load.ts'

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
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('burst'), plans: fc.array(plan, { minLength: 2, maxLength: 12 }) }) },
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

/** What a run came to. */
export interface ShapeRunResult {
  /** What is wrong, a sentence each. */
  readonly broken: readonly string[]
  /** So that a run in which nothing happens is noticed. */
  readonly counts: ShapeCounts
}

export interface ShapeCounts {
  readonly sessions: number
  readonly upToDates: number
  readonly resets: number
  readonly movedIn: number
  readonly movedOut: number
  readonly shown: number
}

/** How a client reaches the database under test; `database` is another one after a restart. */
export type Reach = (database: () => Database, shape: Shape) => LiveFeeder

/** Runs a scenario in a tenant of its own, and judges every client's life. */
export async function runScenario(inner: Store, tenant: TenantId, { shapes, steps, seed }: Scenario, reach: Reach = liveFeeder): Promise<ShapeRunResult> {
  const truth = await openEngine(inner)
  const stage = await Stage.open(inner, tenant, truth.database(tenant, { actor: null }))
  const random = randomFrom(seed)
  try {
    const lives = shapes.map((one) => {
      const own = randomFrom(Math.floor(random() * 2 ** 32))
      return followShape({ ...stage.surroundings(), random: own, open: reach(() => stage.database(), one), goOn: () => stage.goOn(own) })
    })
    const [runs] = await Promise.all([Promise.all(lives), stage.play(steps)])
    return await judged(truth.database(tenant, { actor: null }), shapes, runs, stage.end)
  } finally {
    await stage.close()
    await truth.close()
  }
}

async function judged(db: Database, shapes: readonly Shape[], runs: readonly LiveRun[], end: Cursor): Promise<ShapeRunResult> {
  const oracle = new Truth(db, COLLECTIONS)
  const batches = runs.flatMap((run) => run.flatMap((session) => session.batches))
  const complete = batches.filter(({ upToDate }) => upToDate)
  await oracle.look(complete.map(({ cursor }) => cursor))
  const broken = shapes.flatMap((one, i) =>
    brokenLiveLaws({ run: runs[i] ?? [], truth: oracle.of(one), end }).map((sentence) => `${JSON.stringify({ ...one, holds: undefined })}: ${sentence}`))
  const changes = batches.flatMap((batch) => batch.changes)
  const counts = {
    sessions: runs.reduce((sum, run) => sum + run.length, 0),
    upToDates: complete.length,
    resets: batches.filter(({ reset }) => reset !== null).length,
    movedIn: changes.filter(({ reason }) => reason === 'MOVED_IN').length,
    movedOut: changes.filter(({ reason }) => reason === 'MOVED_OUT').length,
    shown: complete.reduce((sum, { holding }) => sum + holding.shown.size, 0),
  }
  return { broken, counts }
}

/** Adds up what runs came to. */
export function sumOf(all: readonly ShapeCounts[]): ShapeCounts {
  const zero: ShapeCounts = { sessions: 0, upToDates: 0, resets: 0, movedIn: 0, movedOut: 0, shown: 0 }
  const names = Object.keys(zero) as (keyof ShapeCounts)[]
  return Object.fromEntries(names.map((name) => [name, all.reduce((sum, counts) => sum + counts[name], 0)])) as unknown as ShapeCounts
}

/** The database under test over a store that is cut and an engine that is restarted, and a second engine that also writes. */
class Stage {
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
  #waiting: (() => void)[] = []
  #database: Database

  private constructor(tenant: TenantId, engine: Engine, options: { readonly cutting: CuttingStore; readonly elsewhere: Database }) {
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
    if (this.#restarting !== null) throw new DatabaseError('UNAVAILABLE', 'The engine is being restarted.', { retryAfterMs: 1 })
    return this.#database
  }

  get end(): Cursor {
    return this.#world.last?.cursor ?? ''
  }

  surroundings(): Pick<Parameters<typeof followShape>[0], 'floors' | 'foreign' | 'revived' | 'isOver'> {
    return {
      floors: () => ({ sure: this.#sure, asked: this.#cutting.floor(this.#tenant) }),
      foreign: () => [formatCursor('elsewhere', 3), formatCursor(epochIn(this.end), revisionIn(this.end) + 1_000_000)],
      revived: (error) => this.#revived(error),
      isOver: (cursor) => this.#over && revisionIn(cursor) >= revisionIn(this.end),
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
    await this.#engine.close()
  }

  async #play(one: Step): Promise<void> {
    switch (one.kind) {
      case 'write':
        return this.#world.write(one.elsewhere ? this.#elsewhere : this.database(), one.plan)
      case 'burst':
        return void await Promise.all(one.plans.map((planned) => this.#world.write(this.database(), planned)))
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
    if (!(error instanceof DatabaseError && error.code === 'UNAVAILABLE')) throw error
    await this.#restarting
  }
}
