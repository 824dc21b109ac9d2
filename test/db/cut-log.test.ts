import { expect, test } from 'vitest'
import { formatCursor } from '../../src/core/cursor.ts'
import type { Database } from '../../src/core/database.ts'
import type { Cursor } from '../../src/core/database/options.ts'
import { openEngine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { reading, reasons, refusal } from '../contract/database/subject.ts'
import { epochIn, inLog, revisionIn } from '../support/writers/history-run.ts'
import { afterBatch, NOTHING } from '../support/shape/follower.ts'
import { cutting } from '../support/store/cutting.ts'

/** Of 24 of these more is written than a running engine keeps of the log in memory. */
const LARGE = 'x'.repeat(1_000_000)

interface Cuttable {
  /** Of an engine that runs all the time. */
  readonly db: Database
  /** Of an engine that begins now. */
  readonly begin: () => Promise<Database>
  /** The log forgets all up to a cursor. */
  readonly cut: (cursor: Cursor) => void
}

async function withCuttable(use: (cuttable: Cuttable) => Promise<void>): Promise<void> {
  const inner = new MemoryStore()
  const log = cutting(inner)
  const engines = [await openEngine(log.store)]
  const begin = async (): Promise<Database> => {
    const engine = await openEngine(log.store)
    engines.push(engine)
    return engine.database('default', { actor: null })
  }
  try {
    await use({ db: await begin(), begin, cut: (cursor) => log.cut('default', revisionIn(cursor)) })
  } finally {
    for (const engine of engines) await engine.close()
    await inner.close()
  }
}

/** Commits after which nothing from before is in memory. Resolves with the last one's cursor. */
async function putMuch(db: Database): Promise<Cursor> {
  for (let i = 0; i < 24; i++) await db.put(`large/${i % 2}`, `${i}${LARGE}`)
  return (await db.put('large/0', 0)).cursor
}

test('below the floor changes and log are CURSOR_EXPIRED, live is a reset and a whole snapshot', async () => {
  await withCuttable(async ({ db, begin, cut }) => {
    const after = (await db.put('a/1', 1)).cursor
    await db.put('a/1', 2)
    const { cursor } = await db.put('a/2', 2)
    await db.put('a/3', 3)
    cut(cursor)
    const fresh = await begin()
    const expired = { code: 'CURSOR_EXPIRED', floor: cursor }
    expect(await refusal(fresh.changes(['a'], { after }).next())).toEqual(expired)
    expect(await refusal(fresh.log(['a'], { after }))).toEqual(expired)
    await reading(fresh.live(['a'], { after }), async (reader) => {
      expect((await reader.upToDate()).toSorted()).toEqual(['NEW a/1@2', 'NEW a/2@1', 'NEW a/3@1'])
      expect(reader.batches.map(({ reset }) => reset)).toEqual(
        reader.batches.map((_, i) => (i === 0 ? 'CURSOR_EXPIRED' : null)),
      )
    })
    await reading(fresh.live(['a'], { after: cursor }), async (reader) => {
      expect(await reader.upToDate()).toEqual(['NEW a/3@1'])
      expect(reader.batches[0]?.reset).toBe(null)
    })
  })
})

test('a page of the log after a place that is cut off meanwhile is refused', async () => {
  await withCuttable(async ({ db, cut }) => {
    const { cursor: after } = await db.put('a/1', 1)
    await db.put('a/1', 2)
    const floor = await putMuch(db)
    await db.put('a/1', 3)
    const page = await db.log(['a'], { last: 1, before: floor })
    expect([reasons(page), page.pageInfo?.hasPreviousPage]).toEqual([['UPDATE WRITE a/1@2'], true])
    cut(floor)
    expect(await refusal(db.log(['a'], { after }))).toEqual({ code: 'CURSOR_EXPIRED', floor })
    expect(reasons(await db.log(['a']))).toEqual(['UPDATE WRITE a/1@3'])
    const older = await db.log(['a'], { last: 5 })
    expect([reasons(older), older.pageInfo?.hasPreviousPage]).toEqual([['UPDATE WRITE a/1@3'], false])
  })
})

test('a reader whose place is cut off while it pauses gets a reset in live, an error in changes', async () => {
  await withCuttable(async ({ db, cut }) => {
    await db.put('a/gone', 0)
    const changes = db.changes(['a'])
    await changes.next()
    await reading(db.live(['a']), async (reader) => {
      await reader.upToDate()
      await db.delete('a/gone')
      await db.put('a/new', 1)
      const floor = await putMuch(db)
      cut(floor)
      await reader.upToDate()
      const [, again, ...rest] = reader.batches.map(({ reset }) => reset)
      expect([again, rest]).toEqual(['CURSOR_EXPIRED', rest.map(() => null)])
      const { shown } = reader.batches.reduce(afterBatch, NOTHING)
      expect([...shown.keys()]).toEqual(['a/new'])
      await db.put('a/new', 'live')
      expect(reasons(await reader.next())).toEqual(['UPDATE WRITE a/new@2'])
      expect(await refusal(changes.next())).toEqual({ code: 'CURSOR_EXPIRED', floor })
      expect(await changes.next()).toEqual({ done: true, value: undefined })
    })
  })
})

test('what moves in and out is decided by the version before, however old, whoever wrote it', async () => {
  await withCuttable(async ({ db, begin }) => {
    await db.put('b/in', 1)
    await db.put('b/out', 9)
    await db.put('b/gone', 9)
    await putMuch(db)
    for (const database of [db, await begin()]) {
      await reading(database.live(['b'], { where: 'value > 5', replica: 'FULL' }), async (live) => {
        await live.upToDate()
        const feed = database.changes(['b'], { where: 'value > 5', replica: 'FULL' })
        await reading(feed, async (changes) => {
          await changes.next()
          await db.transact([
            { kind: 'put', path: 'b/in', value: 9 },
            { kind: 'put', path: 'b/out', value: 1 },
            { kind: 'delete', path: 'b/gone' },
          ])
          const batch = await changes.next()
          expect(batch.changes.map(({ type, reason, path, before }) => [type, reason, path, before])).toEqual([
            ['NEW', 'MOVED_IN', 'b/in', 1],
            ['DELETE', 'MOVED_OUT', 'b/out', 9],
            ['DELETE', 'WRITE', 'b/gone', 9],
          ])
          expect((await live.next()).changes).toEqual(batch.changes)
        })
      })
      await db.transact([
        { kind: 'put', path: 'b/in', value: 1 },
        { kind: 'put', path: 'b/out', value: 9 },
        { kind: 'put', path: 'b/gone', value: 9 },
      ])
      await putMuch(db)
    }
  })
})

test('a cursor ahead is RESTORED in live and CURSOR_UNKNOWN in changes, until the log reaches it', async () => {
  await withCuttable(async ({ db, begin }) => {
    const { cursor } = await db.put('a/1', 1)
    const ahead = formatCursor(epochIn(cursor), revisionIn(cursor) + 1)
    const fresh = await begin()
    expect(await refusal(fresh.changes(['a'], { after: ahead }).next())).toEqual({ code: 'CURSOR_UNKNOWN' })
    await reading(fresh.live(['a'], { after: ahead }), async (reader) => {
      expect((await reader.next()).reset).toBe('RESTORED')
    })
    await db.put('a/1', 2)
    await reading(fresh.live(['a'], { after: ahead }), async (reader) => {
      expect(inLog(await reader.next())).toMatchObject({ changes: [], reset: null, cursor: ahead })
    })
  })
})
