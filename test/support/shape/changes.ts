import type { Change, Database } from '../../../src/core/database.ts'
import type { Json } from '../../../src/core/json/json.ts'
import type { ChangeType, Revision } from '../../../src/core/version.ts'
import { openEngine } from '../../../src/db/engine.ts'
import type { Store, TenantId } from '../../../src/store/store.ts'
import { follow, HEARTBEAT_MS, type Feeder } from '../writers/history-follower.ts'
import {
  logOf,
  readWholeLog,
  type FollowerRun,
  type LoggedCommit,
  type SeenChange,
  type ShownChange,
} from '../writers/history-run.ts'
import { brokenFeedLaws } from '../laws/feed.ts'
import { contiguous } from '../laws/log.ts'
import { shapedLog, type Delivery } from './oracle.ts'
import { Stage, type Scenario } from './stage.ts'
import type { Shape } from './shape.ts'
import { randomFrom } from '../writers/load.ts'

/** A follower of `changes` with a shape, and what `changes` owes it. */
export interface Reading extends Delivery {
  readonly shape: Shape
  readonly types?: readonly ChangeType[] | undefined
  /** Batches that move its cursor after which it dies. */
  readonly dieEvery: number
}

const TYPES: readonly ChangeType[] = ['NEW', 'UPDATE', 'DELETE']

/**
 * How a shape is read: sometimes with the values before, sometimes not all types, by those who die often, or seldom.
 */
function readingOf(shape: Shape, random: () => number): Reading {
  const replica = random() < 0.5 ? 'FULL' : 'DEFAULT'
  const types = random() < 0.2 ? TYPES.filter(() => random() < 0.5) : []
  return {
    shape,
    replica,
    types: types.length === 0 ? undefined : types,
    dieEvery: [1, 1, 2, 3, 7, Infinity][Math.floor(random() * 6)] ?? 1,
  }
}

/** How a follower reaches the database under test; `database` is another one after a restart. */
export type ReachChanges = (database: () => Database, reading: Reading) => Feeder

/**
 * `changes` of a database in this process, from the beginning on. What is told of a document beside its path and
 * version goes on as its value, so that the judges of plain feeds see all of it.
 */
export function changesFeeder(
  database: () => Pick<Database, 'changes'>,
  { shape: { paths, where, params, columns }, replica, types }: Reading,
): Feeder {
  return (after) => {
    const open: { feed?: ReturnType<Database['changes']> } = {}
    const from = after === undefined ? { start: 'BEGINNING' as const } : { after }
    return {
      next: async () => {
        open.feed ??= database().changes(paths, {
          ...from,
          where,
          params,
          columns,
          replica,
          types,
          heartbeatMs: HEARTBEAT_MS,
        })
        const { done, value } = await open.feed.next()
        return done === true ? null : { ...value, changes: value.changes.map(toldWhole) }
      },
      kill: async () => {
        await open.feed?.return?.()
      },
    }
  }
}

function toldWhole(change: Change): ShownChange {
  const {
    reason,
    before,
    document: { version, value, deleted },
  } = change
  const told: Json = { reason, before, value, deleted }
  return { ...change, document: { version, value: told } }
}

export interface ChangesRunResult {
  /** What is wrong, a sentence each. */
  readonly broken: readonly string[]
  readonly counts: ChangesCounts
}

/** So that a run in which nothing happens is noticed. */
export interface ChangesCounts {
  readonly sessions: number
  readonly changes: number
  readonly movedIn: number
  readonly movedOut: number
  readonly heartbeats: number
}

/**
 * Runs a scenario, without cuts of the log, in a tenant of its own, and judges every follower's life by the recorded
 * log.
 */
export async function runChanges(
  inner: Store,
  tenant: TenantId,
  { shapes, steps, seed }: Scenario,
  reach: ReachChanges = changesFeeder,
): Promise<ChangesRunResult> {
  const truth = await openEngine(inner)
  const db = truth.database(tenant, { actor: null })
  const stage = await Stage.open(inner, tenant, db)
  const random = randomFrom(seed)
  const readings = shapes.map((shape) => readingOf(shape, random))
  const { revived } = stage.surroundings()
  const isOver = (revision: Revision): boolean => stage.isOver(revision)
  try {
    const lives = readings.map((reading) =>
      follow({ open: reach(() => stage.database(), reading), dieEvery: reading.dieEvery, isOver, revived }),
    )
    const [runs] = await Promise.all([Promise.all(lives), stage.play(steps.filter(({ kind }) => kind !== 'cut'))])
    return judged(await readWholeLog(logOf(db)), readings, runs)
  } finally {
    await stage.close()
    await truth.close()
  }
}

function judged(
  log: readonly LoggedCommit[],
  readings: readonly Reading[],
  runs: readonly FollowerRun[],
): ChangesRunResult {
  const broken = readings.flatMap((reading, i) => {
    const due = shapedLog(log, reading.shape, reading)
    const sentences = brokenFeedLaws({ run: runs[i] ?? [], log: due, selects: () => true })
    return sentences.map(
      (sentence) => `${JSON.stringify({ ...reading, shape: { ...reading.shape, holds: undefined } })}: ${sentence}`,
    )
  })
  const batches = runs.flatMap((run) => run.flatMap((session) => session.batches))
  const changes = batches.flatMap((batch) => batch.changes)
  const moved = (reason: string): number =>
    changes.filter(({ value }: SeenChange) => value.includes(`"reason":"${reason}"`)).length
  const counts = {
    sessions: runs.reduce((sum, run) => sum + run.length, 0),
    changes: changes.length,
    movedIn: moved('MOVED_IN'),
    movedOut: moved('MOVED_OUT'),
    heartbeats: batches.filter((batch) => batch.changes.length === 0).length,
  }
  return { broken: [...contiguous(log), ...broken], counts }
}
