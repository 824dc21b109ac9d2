import type { Database } from '../../../src/core/database.ts'
import type { Cursor } from '../../../src/core/database/options.ts'
import { belowAny } from '../shape/shape.ts'
import type { ChangeType, Revision } from '../../../src/core/version.ts'
import {
  revisionIn,
  seenBatch,
  type FollowerRun,
  type SeenChange,
  type Session,
  type ShownBatch,
} from './history-run.ts'

/** An open feed that can be killed at any moment. */
export interface OpenFeed {
  /** The next batch; null when the feed ended by itself. */
  next(): Promise<ShownBatch | null>
  kill(): Promise<void>
}

/** Opens a feed after a cursor; at the beginning without one. */
export type Feeder = (after: Cursor | undefined) => OpenFeed

/** What a follower wants to see. */
export interface Interest {
  readonly paths: readonly string[]
  readonly types?: readonly ChangeType[] | undefined
}

export interface FollowOptions {
  readonly open: Feeder
  /** Batches that move its cursor after which the follower dies; never by default. */
  readonly dieEvery?: number | undefined
  /** Whether the follower may stop once it has this revision. */
  readonly isOver: (revision: Revision) => boolean
  /** Resolves when it may try again after its feed broke with an error; without it, a broken feed is the end. */
  readonly revived?: ((error: unknown) => Promise<void>) | undefined
}

/** At the least that a feed offers, so that a follower of what rarely happens stays resumable. */
export const HEARTBEAT_MS = 100

/**
 * Follows until it is over. With `dieEvery` it stores the cursor of every k-th batch, dies while the next batch is on
 * its way (which is lost), and begins again after the stored cursor. Batches that leave the cursor where it was do not
 * count: a resumed feed begins with one, and a follower that died of it would never live.
 */
export async function follow(options: FollowOptions): Promise<FollowerRun> {
  const run: Session[] = []
  for (let stored: Cursor | undefined; ;) {
    const life = await live(options, stored)
    run.push({ after: stored === undefined ? 0 : revisionIn(stored), batches: life.batches.map(seenBatch) })
    if (life.over) return run
    stored = life.batches.at(-1)?.cursor ?? stored
  }
}

interface Life {
  readonly batches: readonly ShownBatch[]
  readonly over: boolean
}

async function live(options: FollowOptions, after: Cursor | undefined): Promise<Life> {
  const feed = options.open(after)
  const batches: ShownBatch[] = []
  try {
    return { batches, over: await fill(batches, { ...options, feed, after }) }
  } catch (error) {
    if (options.revived === undefined) throw error
    await options.revived(error)
    return { batches, over: false }
  } finally {
    await feed.kill()
  }
}

interface Filling extends FollowOptions {
  readonly feed: OpenFeed
  readonly after: Cursor | undefined
}

/** Takes batches until the follower dies (false) or is done (true). */
async function fill(batches: ShownBatch[], { feed, after, dieEvery = Infinity, isOver }: Filling): Promise<boolean> {
  let moves = 0
  for (let at = after; ; at = batches.at(-1)?.cursor) {
    const batch = await feed.next()
    if (batch === null) throw new Error(`The feed ended by itself after ${at ?? 'nothing'}.`)
    if (moves >= dieEvery) return false
    batches.push(batch)
    if (batch.cursor !== at) moves++
    if (batch.upToDate && isOver(revisionIn(batch.cursor))) return true
  }
}

/** Feeds of a database in this process. */
export function feederOf(db: Pick<Database, 'changes'>, { paths, types }: Interest): Feeder {
  return (after) => {
    const from = after === undefined ? { start: 'BEGINNING' as const } : { after }
    const feed = db.changes(paths, { ...from, types, heartbeatMs: HEARTBEAT_MS })
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

/**
 * Which changes an interest means, decided on the texts of its patterns and paths alone; patterns end at documents or
 * collections here.
 */
export function selects({ paths, types }: Interest): (change: SeenChange) => boolean {
  const isBelow = belowAny(paths)
  return ({ path, type }) => (types === undefined || types.includes(type)) && isBelow(path)
}
