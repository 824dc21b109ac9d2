import { formatCursor } from '../../../src/core/cursor.ts'
import type { Database } from '../../../src/core/database.ts'
import type { Cursor } from '../../../src/core/database/options.ts'
import { isObject, type Json } from '../../../src/core/json/json.ts'
import type { Feeder, OpenFeed } from '../writers/history-follower.ts'
import { epochIn, revisionIn, type ShownBatch, type ShownChange } from '../writers/history-run.ts'
import { changesFeeder, type Reading } from './changes.ts'
import { turns } from '../time/turns.ts'

/** A mistake in `changes` that somebody once made. */
export type ChangesBug =
  /** The log is read, then what comes from now on is followed; what came between is lost. */
  | 'snapshot before subscribe'
  /** A reader that is slow has a queue of some changes; what does not fit is skipped. */
  | 'skipped on a full queue'
  | 'resumes one too late'
  | 'resumes one too early'
  /** A batch that is full has a cursor that was made when it was sent. */
  | 'fresh cursor at the threshold'
  | 'leaving is not told'
  | 'leaving is told as UPDATE'
  | 'entering is not told'
  | 'entering is told as UPDATE'
  | 'what left keeps its value'
  | 'a heartbeat has the newest cursor'

const QUEUE = 2

type Spoil = (batch: ShownBatch, newest: () => Promise<Cursor>) => Promise<ShownBatch>

/** `changes` of a database with a bug before it. */
export function spoiledFeeder(bug: ChangesBug): (database: () => Database, reading: Reading) => Feeder {
  return (database, reading) => {
    const plain = changesFeeder(database, reading)
    const newest = async (): Promise<Cursor> => (await database().log(['nowhere'], { first: 1_000 })).cursor
    if (bug === 'snapshot before subscribe') {
      return (after) => (after === undefined ? new SnapshotFirst(plain, newest) : plain(after))
    }
    const by = bug === 'resumes one too late' ? 1 : bug === 'resumes one too early' ? -1 : 0
    return (after) =>
      spoiled(
        plain(after === undefined ? undefined : beside(after, by)),
        (batch) => SPOILS[bug]?.(batch, newest) ?? Promise.resolve(batch),
      )
  }
}

function beside(cursor: Cursor, by: number): Cursor {
  return formatCursor(epochIn(cursor), Math.max(revisionIn(cursor) + by, 0))
}

const SPOILS: Readonly<Partial<Record<ChangesBug, Spoil>>> = {
  'skipped on a full queue': async (batch) => ({ ...batch, changes: batch.changes.slice(0, QUEUE) }),
  'fresh cursor at the threshold': async (batch, newest) =>
    batch.changes.length < QUEUE ? batch : { ...batch, cursor: await newest() },
  'a heartbeat has the newest cursor': async (batch, newest) =>
    batch.changes.length > 0 ? batch : { ...batch, cursor: await newest() },
  'leaving is not told': async (batch) => ({
    ...batch,
    changes: batch.changes.filter((change) => reasonOf(change) !== 'MOVED_OUT'),
  }),
  'entering is not told': async (batch) => ({
    ...batch,
    changes: batch.changes.filter((change) => reasonOf(change) !== 'MOVED_IN'),
  }),
  'leaving is told as UPDATE': async (batch) => each(batch, 'MOVED_OUT', (change) => ({ ...change, type: 'UPDATE' })),
  'entering is told as UPDATE': async (batch) => each(batch, 'MOVED_IN', (change) => ({ ...change, type: 'UPDATE' })),
  'what left keeps its value': async (batch) => each(batch, 'MOVED_OUT', withValue),
}

function each(batch: ShownBatch, reason: string, spoil: (change: ShownChange) => ShownChange): ShownBatch {
  return { ...batch, changes: batch.changes.map((change) => (reasonOf(change) === reason ? spoil(change) : change)) }
}

/** What was told of a change stands where its value is. */
function reasonOf({ document: { value } }: ShownChange): Json | undefined {
  return isObject(value) ? value['reason'] : undefined
}

function withValue(change: ShownChange): ShownChange {
  const { document } = change
  return {
    ...change,
    document: { ...document, value: isObject(document.value) ? { ...document.value, value: 'secret' } : null },
  }
}

function spoiled(feed: OpenFeed, spoil: (batch: ShownBatch) => Promise<ShownBatch>): OpenFeed {
  return {
    next: async () => {
      const batch = await feed.next()
      return batch === null ? null : spoil(batch)
    },
    kill: () => feed.kill(),
  }
}

/** The backlog is read to its end; what is followed then begins where the log is by now. */
class SnapshotFirst implements OpenFeed {
  readonly #feeder: Feeder
  readonly #newest: () => Promise<Cursor>
  #feed: OpenFeed
  #follows = false

  constructor(feeder: Feeder, newest: () => Promise<Cursor>) {
    this.#feeder = feeder
    this.#newest = newest
    this.#feed = feeder(undefined)
  }

  async next(): Promise<ShownBatch | null> {
    const batch = await this.#feed.next()
    if (batch === null || this.#follows || !batch.upToDate) return batch
    this.#follows = true
    await this.#feed.kill()
    // Something is always written meanwhile.
    await turns()
    this.#feed = this.#feeder(await this.#newest())
    return batch
  }

  kill(): Promise<void> {
    return this.#feed.kill()
  }
}
