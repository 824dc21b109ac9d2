import type { Database } from '../../../src/core/database.ts'
import type { Cursor } from '../../../src/core/database/options.ts'
import { openEngine } from '../../../src/db/engine.ts'
import type { Store, TenantId } from '../../../src/store/store.ts'
import { brokenLiveLaws } from '../laws/live.ts'
import { followShape, liveFeeder, type LiveFeeder, type LiveRun } from './follower.ts'
import { Truth } from './oracle.ts'
import { Stage, type Scenario } from './stage.ts'
import type { Shape } from './shape.ts'
import { COLLECTIONS } from './world.ts'
import { randomFrom } from '../writers/load.ts'

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
export async function runScenario(
  inner: Store,
  tenant: TenantId,
  { shapes, steps, seed }: Scenario,
  reach: Reach = liveFeeder,
): Promise<ShapeRunResult> {
  const truth = await openEngine(inner)
  const stage = await Stage.open(inner, tenant, truth.database(tenant, { actor: null }))
  const random = randomFrom(seed)
  try {
    const lives = shapes.map((one) => {
      const own = randomFrom(Math.floor(random() * 2 ** 32))
      return followShape({
        ...stage.surroundings(),
        random: own,
        open: reach(() => stage.database(), one),
        goOn: () => stage.goOn(own),
      })
    })
    const [runs] = await Promise.all([Promise.all(lives), stage.play(steps)])
    return await judged(truth.database(tenant, { actor: null }), shapes, runs, stage.end)
  } finally {
    await stage.close()
    await truth.close()
  }
}

async function judged(
  db: Database,
  shapes: readonly Shape[],
  runs: readonly LiveRun[],
  end: Cursor,
): Promise<ShapeRunResult> {
  const oracle = new Truth(db, COLLECTIONS)
  const batches = runs.flatMap((run) => run.flatMap((session) => session.batches))
  const complete = batches.filter(({ upToDate }) => upToDate)
  await oracle.look(complete.map(({ cursor }) => cursor))
  const broken = shapes.flatMap((one, i) =>
    brokenLiveLaws({ run: runs[i] ?? [], truth: oracle.of(one), end }).map(
      (sentence) => `${JSON.stringify({ ...one, holds: undefined })}: ${sentence}`,
    ),
  )
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
  return Object.fromEntries(
    names.map((name) => [name, all.reduce((sum, counts) => sum + counts[name], 0)]),
  ) as unknown as ShapeCounts
}
