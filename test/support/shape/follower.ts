import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Change, ChangeBatch, ChangeReason, Database, Document, Reset } from '../../../src/core/database.ts'
import type { Cursor } from '../../../src/core/database/options.ts'
import { canonicalJson } from '../../../src/core/json/value.ts'
import type { ChangeType, Revision } from '../../../src/core/version.ts'
import { HEARTBEAT_MS } from '../writers/history-follower.ts'
import type { Shape } from './shape.ts'

/**
 * A client of `live`, written from the rules for clients alone:
 *
 * - NEW and UPDATE put a document in its place, DELETE takes it away, whatever the reason.
 * - What comes before the first `upToDate` is half a picture, and is not shown.
 * - `reset` begins a new picture; the old one is shown until the next `upToDate`.
 * - The cursor of a batch is stored after the batch was applied, with what is held then.
 */
export interface Holding {
  /** What is shown, by path. */
  readonly shown: ReadonlyMap<string, Held>
  /** A new picture that is not complete. */
  readonly coming: ReadonlyMap<string, Held> | null
  /** Where to go on; undefined: at the start. */
  readonly cursor: Cursor | undefined
}

/** `value` is canonical JSON, so that equal values are equal texts. */
export interface Held {
  readonly version: number
  readonly value: string
}

/** What the rules need to know of a batch, from whatever face it comes. */
export interface LiveBatch extends Pick<ChangeBatch, 'cursor' | 'upToDate' | 'reset'> {
  readonly changes: readonly LiveChange[]
}

export interface LiveChange extends Pick<Change, 'type' | 'reason' | 'path' | 'cursor'> {
  readonly document: Pick<Document, 'version' | 'value' | 'deleted'>
}

/** A client that begins. */
export const NOTHING: Holding = { shown: new Map(), coming: new Map(), cursor: undefined }

/** What a client holds after a batch. */
export function afterBatch(holding: Holding, batch: LiveBatch): Holding {
  const coming = batch.reset === null ? holding.coming : new Map<string, Held>()
  const picture = new Map(coming ?? holding.shown)
  for (const { type, path, document } of batch.changes) {
    if (type === 'DELETE') picture.delete(path)
    else picture.set(path, { version: document.version, value: canonicalJson(document.value) })
  }
  const complete = coming === null || batch.upToDate
  return { shown: complete ? picture : holding.shown, coming: complete ? null : picture, cursor: batch.cursor }
}

/** A change as a client saw it. */
export interface SeenLiveChange {
  readonly type: ChangeType
  readonly reason: ChangeReason
  readonly path: string
  readonly version: number
  readonly value: string
  readonly deleted: boolean
  /** The cursor of its commit. */
  readonly cursor: Cursor | null
  /** Whether the client held the document when the change came. */
  readonly held: boolean
}

/** A batch as a client saw it, and what it held afterwards. */
export interface SeenLiveBatch {
  readonly changes: readonly SeenLiveChange[]
  readonly cursor: Cursor
  readonly upToDate: boolean
  readonly reset: Reset | null
  readonly holding: Holding
  /** Cursors below this revision were too old when the batch had come. */
  readonly floor: Revision
}

/** What a client got between two disconnections. */
export interface LiveSession {
  /** What it had stored when it began. */
  readonly from: Holding
  /** `foreign`: its cursor was replaced by one that is intact, but of other data or ahead of everything. */
  readonly kind: 'stored' | 'foreign'
  /** Cursors below this revision were too old for certain when it began. */
  readonly floor: Revision
  readonly batches: readonly SeenLiveBatch[]
}

/** A client's life. */
export type LiveRun = readonly LiveSession[]

/** An open `live`. */
export interface OpenLive {
  /** Null when it ended by itself. */
  next(): Promise<LiveBatch | null>
  kill(): Promise<void>
}

export type LiveFeeder = (after: Cursor | undefined) => OpenLive

/** What surrounds a client. */
export interface Surroundings {
  readonly open: LiveFeeder
  /** Numbers below 1, always in the same order. */
  readonly random: () => number
  /** Cursors below `sure` are too old for certain, those from `asked` on are not. */
  readonly floors: () => { readonly sure: Revision; readonly asked: Revision }
  /** Intact cursors that cannot be resumed from; none when there are none yet. */
  readonly foreign: () => readonly Cursor[]
  /** Resolves when the writers have gone on a while, or are done. */
  readonly goOn: () => Promise<void>
  /** Resolves when there is a database to go on with after this error; rejects when it should not have happened. */
  readonly revived: (error: unknown) => Promise<void>
  /** Whether a client that is up to date at this cursor has seen everything. */
  readonly isOver: (cursor: Cursor) => boolean
}

const DIE = 0.15
const DAWDLE = 0.2
const EARLIER = 0.35
const FOREIGN = 0.06

/** Follows until it is over, dies at random, and goes on from what it stored last or at any time before. */
export async function followShape(around: Surroundings): Promise<LiveRun> {
  const run: LiveSession[] = []
  const stored: Holding[] = []
  for (let from = NOTHING, kind: LiveSession['kind'] = 'stored'; ;) {
    const batches: SeenLiveBatch[] = []
    run.push({ from, kind, floor: around.floors().sure, batches })
    if (await liveOn(around, batches, from)) return run
    stored.push(...batches.map(({ holding }) => holding))
    // A store in memory answers without a turn: the writers and the timers of the test would not get one.
    await nextTurn()
    ;({ from, kind } = beginAgain(around, stored))
  }
}

function beginAgain({ random, foreign }: Surroundings, stored: readonly Holding[]): Pick<LiveSession, 'from' | 'kind'> {
  const back = random() < EARLIER ? random() : 1
  const holding = stored[Math.min(Math.floor(back * stored.length), stored.length - 1)] ?? NOTHING
  const cursors = random() < FOREIGN && holding.cursor !== undefined ? foreign() : []
  const cursor = cursors[Math.floor(random() * cursors.length)]
  return cursor === undefined ? { from: holding, kind: 'stored' } : { from: { ...holding, cursor }, kind: 'foreign' }
}

/** One session; true when it is over. */
async function liveOn(around: Surroundings, batches: SeenLiveBatch[], from: Holding): Promise<boolean> {
  let feed: OpenLive | undefined
  try {
    feed = around.open(from.cursor)
    return await take(around, batches, { feed, from })
  } catch (error) {
    await around.revived(error)
    return false
  } finally {
    await feed?.kill()
  }
}

async function take(
  around: Surroundings,
  batches: SeenLiveBatch[],
  { feed, from }: { feed: OpenLive; from: Holding },
): Promise<boolean> {
  for (let holding = from; ;) {
    if (around.random() < DAWDLE) await around.goOn()
    const batch = await feed.next()
    if (batch === null) throw new Error(`The feed ended by itself after ${holding.cursor ?? 'nothing'}.`)
    const seen = seenLiveBatch(holding, batch, around.floors().asked)
    batches.push(seen)
    holding = seen.holding
    if (batch.upToDate && around.isOver(batch.cursor)) return true
    if (around.random() < DIE) return false
  }
}

/** A batch as a client saw it that held this. */
export function seenLiveBatch(holding: Holding, batch: LiveBatch, floor: Revision): SeenLiveBatch {
  const { cursor, upToDate, reset } = batch
  const picture = new Set(reset === null ? (holding.coming ?? holding.shown).keys() : [])
  const changes = batch.changes.map(({ type, reason, path, document, cursor: place }) => {
    const held = picture.has(path)
    if (type === 'DELETE') picture.delete(path)
    else picture.add(path)
    return {
      type,
      reason,
      path,
      version: document.version,
      value: canonicalJson(document.value),
      deleted: document.deleted,
      cursor: place,
      held,
    }
  })
  return { changes, cursor, upToDate, reset, floor, holding: afterBatch(holding, batch) }
}

/** `live` of a database in this process. */
export function liveFeeder(db: () => Pick<Database, 'live'>, { paths, where, params, columns }: Shape): LiveFeeder {
  return (after) => {
    const feed = db().live(paths, { after, where, params, columns, heartbeatMs: HEARTBEAT_MS })
    return {
      next: async () => {
        const { done, value } = await feed.next()
        return done === true ? null : value
      },
      kill: async () => {
        await feed.return?.()
      },
    }
  }
}
