import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { formatCursor } from '../../src/core/cursor.ts'
import type { Database } from '../../src/core/database.ts'
import type { Cursor } from '../../src/core/database/options.ts'
import type { Revision } from '../../src/core/version.ts'
import { openEngine, type Engine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { feederOf, follow, selects, type Feeder, type Interest } from '../support/writers/history-follower.ts'
import {
  epochIn,
  logOf,
  readWholeLog,
  revisionIn,
  type LoggedCommit,
  type ShownBatch,
} from '../support/writers/history-run.ts'
import { FEED_LAWS } from '../support/laws/feed.ts'
import { load } from '../support/writers/load.ts'

/**
 * Positive controls: the same followers and judges as in followers.test.ts, on feeds with a bug in front. Each names
 * the laws that must catch it, so that a judge which falls asleep is noticed.
 */
const INTEREST: Interest = { paths: ['*'] }
const TOTAL = 200

interface Fixture {
  readonly engine: Engine
  readonly db: Database
  readonly log: readonly LoggedCommit[]
  readonly epoch: string
}

let fixture: Fixture

beforeEach(async () => {
  const engine = await openEngine(new MemoryStore())
  const db = engine.database('default', { actor: null })
  await load({
    commit: ({ ops, key }) => db.transact(ops, { key }),
    crew: 'w',
    writers: 4,
    commits: TOTAL / 4,
    seed: 6,
  })
  fixture = { engine, db, log: await readWholeLog(logOf(db)), epoch: epochIn((await db.log(['*'])).cursor) }
})

afterEach(() => fixture.engine.close())

/** Names of the laws that a follower's life on this feed breaks. */
async function brokenBy(open: Feeder, dieEvery?: number): Promise<readonly string[]> {
  const run = await follow({ open, dieEvery, isOver: (revision) => revision >= TOTAL })
  const followed = { run, log: fixture.log, selects: selects(INTEREST) }
  return Object.entries(FEED_LAWS)
    .filter(([, law]) => law(followed).length > 0)
    .map(([name]) => name)
}

function plain(): Feeder {
  return feederOf(fixture.db, INTEREST)
}

/** A feed whose batches go through `change` on their way. */
function spoiled(open: Feeder, change: (batch: ShownBatch) => ShownBatch): Feeder {
  return (after) => {
    const feed = open(after)
    return {
      next: async () => {
        const batch = await feed.next()
        return batch === null ? null : change(batch)
      },
      kill: () => feed.kill(),
    }
  }
}

/** A feed that resumes `by` revisions beside the cursor it was given. */
function resumingOff(by: number): Feeder {
  return (after) => plain()(after === undefined ? undefined : shifted(after, by))
}

function shifted(cursor: Cursor, by: number): Cursor {
  return formatCursor(fixture.epoch, Math.min(revisionIn(cursor) + by, TOTAL))
}

/** Without the changes of one revision. */
function dropping(revision: Revision): (batch: ShownBatch) => ShownBatch {
  return (batch) => ({ ...batch, changes: batch.changes.filter(({ cursor }) => revisionIn(cursor) !== revision) })
}

/** Two commits take their numbers before they are durable, and the later one is durable first. */
function visibleEarly(revision: Revision): (batch: ShownBatch) => ShownBatch {
  let late: ShownBatch['changes'] = []
  return (batch) => {
    const own = batch.changes.filter(({ cursor }) => revisionIn(cursor) !== revision)
    const changes = [...own, ...late]
    late = batch.changes.filter(({ cursor }) => revisionIn(cursor) === revision)
    return { ...batch, changes }
  }
}

/** The first change of a batch that has a commit of several goes ahead of the rest. */
function tearing(): (batch: ShownBatch) => ShownBatch {
  let rest: ShownBatch['changes'] = []
  return (batch) => {
    const torn = batch.changes.findIndex((change, i) => i > 0 && change.cursor === batch.changes[i - 1]?.cursor)
    const all = [...rest, ...batch.changes]
    const end = torn < 0 || rest.length > 0 ? all.length : torn
    rest = all.slice(end)
    return { ...batch, changes: all.slice(0, end) }
  }
}

/**
 * The log is read to its end, something happens, then a subscription is opened: after what was read, or from now on.
 */
function snapshotThenSubscribe(from: 'SNAPSHOT' | 'NOW', between: () => Promise<unknown>): Feeder {
  return () => {
    const live = { feed: null as AsyncIterableIterator<ShownBatch> | null }
    return {
      next: async () => {
        if (live.feed === null) {
          const snapshot = await fixture.db.log(INTEREST.paths, { first: 1_000 })
          await between()
          live.feed = fixture.db.changes(INTEREST.paths, {
            heartbeatMs: 100,
            ...(from === 'SNAPSHOT' && { after: snapshot.cursor }),
          })
          return { ...snapshot, upToDate: false }
        }
        const { done, value } = await live.feed.next()
        return done === true ? null : value
      },
      kill: async () => {
        await live.feed?.return?.()
      },
    }
  }
}

describe('a follower on a feed', () => {
  test('without a planted bug breaks no law', async () => {
    expect(await brokenBy(plain(), 2)).toEqual([])
  })

  test('that drops an event is found out', async () => {
    expect(await brokenBy(spoiled(plain(), dropping(57)))).toEqual(
      expect.arrayContaining(['reliable', 'resumable', 'bookmarkable']),
    )
  })

  test('that drops the last event is found out', async () => {
    expect(await brokenBy(spoiled(plain(), dropping(TOTAL)))).toEqual(
      expect.arrayContaining(['reliable', 'resumable', 'bookmarkable']),
    )
  })

  test('that resumes one revision too late is found out', async () => {
    expect(await brokenBy(resumingOff(1), 1)).toEqual(expect.arrayContaining(['reliable', 'resumable', 'bookmarkable']))
  })

  test('that resumes one revision too early is found out', async () => {
    expect(await brokenBy(resumingOff(-1), 1)).toEqual(
      expect.arrayContaining(['ordered', 'unique', 'resumable', 'bookmarkable']),
    )
  })

  test('that shows a revision before an earlier one is found out', async () => {
    expect(await brokenBy(spoiled(plain(), visibleEarly(20)))).toEqual(
      expect.arrayContaining(['ordered', 'bookmarkable']),
    )
  })

  test('that tears a commit apart is found out', async () => {
    expect(await brokenBy(spoiled(plain(), tearing()))).toEqual(expect.arrayContaining(['atomic']))
  })

  test('that says it is up to date and stands still is found out', async () => {
    const stuck = (batch: ShownBatch): ShownBatch => ({ ...batch, cursor: shifted(batch.cursor, -1) })
    const run = await follow({ open: spoiled(plain(), stuck), isOver: (revision) => revision >= TOTAL - 1 })
    expect(FEED_LAWS['arrives']?.({ run, log: fixture.log, selects: selects(INTEREST) })).not.toEqual([])
  })

  for (const [from, missing] of [
    ['SNAPSHOT', 0],
    ['NOW', 1],
  ] as const) {
    test(`that subscribes from ${from} after a snapshot misses ${missing} of what happened in between`, async () => {
      const write = (): Promise<unknown> => fixture.db.put('shared/between', 1)
      const run = await follow({ open: snapshotThenSubscribe(from, write), isOver: (revision) => revision > TOTAL })
      const broken = FEED_LAWS['reliable']?.({
        run,
        log: await readWholeLog(logOf(fixture.db)),
        selects: selects(INTEREST),
      })
      expect(broken).toEqual([`revision ${TOTAL + 1} of shared/between (version 1) is missing`].slice(0, missing))
    })
  }
})
