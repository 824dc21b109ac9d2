import { describe, expect } from 'vitest'
import type { Database } from '../../../src/core/database.ts'
import type { FeedOptions } from '../../../src/core/database/options.ts'
import { everything } from '../../support/shape/shape.ts'
import { afterBatch, NOTHING, type Held } from '../../support/shape/follower.ts'
import { documentsAt, pictureOf } from '../../support/shape/oracle.ts'
import { inLog } from '../../support/writers/history-run.ts'
import { law, reading, reasons, refusal, type DatabaseSubject, type Reader } from './subject.ts'

export function lives(subject: DatabaseSubject): void {
  describe('live: the snapshot', () => {
    snapshots(subject)
    emptySnapshots(subject)
    largeSnapshots(subject)
  })
  describe('live: what comes after the snapshot', () => {
    coalescing(subject)
    coalescedSets(subject)
  })
}

/** Documents `a/000`, `a/001` …; a snapshot of 600 is more than one batch. */
export async function plantMany(db: Database, count: number): Promise<void> {
  const ops = Array.from(
    { length: count },
    (_, i) => ({ kind: 'put', path: `a/${String(i).padStart(3, '0')}`, value: i }) as const,
  )
  for (let i = 0; i < ops.length; i += 500) await db.transact(ops.slice(i, i + 500))
}

/** What a client shows that took all these batches. */
export function shown({ batches }: Pick<Reader, 'batches'>): ReadonlyMap<string, Held> {
  return batches.reduce(afterBatch, NOTHING).shown
}

/** What a fresh read of `a` gives at the cursor of the last batch. */
export function truth(db: Database, { batches }: Pick<Reader, 'batches'>): Promise<ReadonlyMap<string, Held>> {
  const documents = documentsAt(db, batches.at(-1)?.cursor ?? '', { top: ['a'], nested: [] })
  return documents.then((all) => pictureOf(everything('a'), all))
}

function snapshots(subject: DatabaseSubject): void {
  law(
    subject,
    'LV1 a live feed gives the documents that match, then says that it is up to date, then gives their changes',
    async ({ db }) => {
      await db.put('a/1', { n: 1, comments: [] })
      await db.put('a/1/comments/c', 'nested')
      await db.put('a/2', 2)
      await db.put('a/2', 3)
      await db.put('ab/1', 'not below a')
      const { cursor } = await db.delete('ab/1')
      await reading(db.live(['a']), async (reader) => {
        expect((await reader.upToDate()).toSorted()).toEqual(['NEW a/1/comments/c@1', 'NEW a/1@1', 'NEW a/2@2'])
        expect(reader.batches.map(inLog).at(-1)).toMatchObject({ upToDate: true, reset: null, cursor })
        for (const { document, commit, ...change } of reader.batches.flatMap(({ changes }) => changes)) {
          expect(document).toEqual(await db.document(change.path))
          const { path, cursor: at, updatedAt } = document
          expect(change).toEqual({
            type: 'NEW',
            reason: 'WRITE',
            before: null,
            fields: [],
            path,
            cursor: at,
            at: updatedAt,
          })
          expect((await db.log([path], { first: 1_000 })).changes.map((one) => one.commit)).toContain(commit)
        }
        const commit = await db.put('a/2', 4)
        expect(inLog(await reader.next())).toEqual({
          changes: commit.changes,
          cursor: commit.cursor,
          upToDate: true,
          reset: null,
        })
      })
    },
  )

  law(subject, 'LV2 a document that several patterns name is given once, and so are its changes', async ({ db }) => {
    await db.put('a/1', { n: [] })
    await db.put('a/1/n/x', 0)
    for (const [i, paths] of [
      ['a', 'a/1', 'a/*'],
      ['*', 'a/1/n', 'a/1/n/x'],
      ['a/1/n/x', 'a/1'],
      ['*/*', '*/1', 'a/1/field'],
    ].entries()) {
      await reading(db.live(paths), async (reader) => {
        expect([paths, (await reader.upToDate()).toSorted()]).toEqual([paths, [`NEW a/1/n/x@${i + 1}`, 'NEW a/1@1']])
        await db.put('a/1/n/x', i)
        expect(reasons(await reader.next())).toEqual([`UPDATE WRITE a/1/n/x@${i + 2}`])
      })
    }
  })
}

function emptySnapshots(subject: DatabaseSubject): void {
  law(subject, 'LV3 a snapshot of nothing is one empty batch that is up to date, at once', async ({ db }) => {
    await db.put('a/1', 1)
    await db.put('b/1', 1)
    const { cursor } = await db.delete('a/1')
    for (const [paths, options] of [
      [['nowhere'], {}],
      [['a'], {}],
      [['b'], { where: 'value > 1' }],
      [['*/*/n'], {}],
      [['b/1/field'], {}],
    ] as const) {
      await reading(db.live(paths, { ...options, heartbeatMs: 60_000 }), async (reader) => {
        expect([paths, inLog(await reader.next())]).toEqual([
          paths,
          { changes: [], cursor, upToDate: true, reset: null },
        ])
      })
    }
    await reading(db.live(['a'], { heartbeatMs: 60_000 }), async (reader) => {
      await reader.next()
      const next = reader.next()
      await db.put('b/1', 2)
      await db.put('a/1', 2)
      expect(reasons(await next)).toEqual(['NEW WRITE a/1@3'])
    })
  })

  law(
    subject,
    'LV4 a live feed of a database in which nothing was ever written is up to date, and then live',
    async ({ db }) => {
      await reading(db.live(['*']), async (reader) => {
        expect(await reader.next()).toMatchObject({ changes: [], upToDate: true, reset: null })
        await db.put('a/1', 1)
        expect(await reader.until(1)).toEqual(['NEW a/1@1'])
      })
    },
  )
}

function largeSnapshots(subject: DatabaseSubject): void {
  law(subject, 'LV5 a large snapshot comes in parts, and is of one moment when it is up to date', async ({ db }) => {
    await plantMany(db, 600)
    await reading(db.live(['a']), async (reader) => {
      expect((await reader.next()).upToDate).toBe(false)
      for (let i = 0; i < 10; i++) {
        await db.put(`a/00${i}`, 'changed in a part that was read')
        await db.put(`a/59${i}`, 'changed in a part that was not')
        await db.put(`a/0000${i}`, 'new in a part that was read')
        await db.put(`a/9${i}`, 'new in a part that was not')
        await db.delete(`a/01${i}`)
        await db.delete(`a/58${i}`)
      }
      await reader.upToDate()
      expect(reader.batches.length).toBeGreaterThan(2)
      expect(reader.batches.map(({ upToDate }) => upToDate)).toEqual(
        reader.batches.map((_, i) => i === reader.batches.length - 1),
      )
      expect(shown(reader)).toEqual(await truth(db, reader))
      expect(shown(reader).size).toBe(600)
    })
  })

  law(
    subject,
    'LV6 no batch of a snapshot has a document twice, and none comes in two batches of it',
    async ({ db }) => {
      await plantMany(db, 600)
      await reading(db.live(['a', 'a/001', 'a/599', '*/300']), async (reader) => {
        expect(new Set(await reader.upToDate()).size).toBe(600)
        expect(reader.batches.flatMap(({ changes }) => changes)).toHaveLength(600)
      })
    },
  )
}

/** What a reader of `a` who was up to date finds who comes back after `writes`: all of it in one batch. */
async function missed(db: Database, options: FeedOptions, writes: () => Promise<unknown>): Promise<readonly string[]> {
  let told: readonly string[] = []
  await reading(db.live(['a'], options), async (reader) => {
    await reader.upToDate()
    await writes()
    const batch = await reader.next()
    expect(inLog(batch)).toMatchObject({ upToDate: true, reset: null, cursor: (await db.log(['nowhere'])).cursor })
    told = reasons(batch)
  })
  return told
}

function coalescing(subject: DatabaseSubject): void {
  law(subject, 'LV7 a slow reader gets one change for each document, that of both: all four pairs', async ({ db }) => {
    await db.put('a/gone', 0)
    await db.put('a/back', 0)
    const told = await missed(db, {}, async () => {
      await db.put('a/came', 1)
      await db.put('a/came', 2)
      await db.put('a/passed', 1)
      await db.delete('a/passed')
      await db.delete('a/back')
      await db.put('a/back', 2)
      await db.put('a/gone', 1)
      await db.delete('a/gone')
    })
    expect(told).toEqual(['NEW WRITE a/came@2', 'UPDATE WRITE a/back@3', 'DELETE WRITE a/gone@3'])
  })

  law(
    subject,
    'LV8 many changes of a document are one too, with the latest document and the value before all',
    async ({ db }) => {
      await db.put('a/1', 'before')
      await db.put('a/2', 'before')
      await reading(db.live(['a'], { replica: 'FULL' }), async (reader) => {
        await reader.upToDate()
        await db.put('a/1', 'between')
        await db.delete('a/1')
        await db.put('a/1', 'again')
        const last = await db.put('a/1', 'after')
        for (const value of [1, 2, 3]) await db.put('a/3', value)
        await db.delete('a/3')
        const again = await db.put('a/3', 'again')
        for (const value of [1, 2]) await db.put('a/2', value)
        const gone = await db.delete('a/2')
        expect((await reader.next()).changes).toEqual([
          { ...last.changes[0], type: 'UPDATE', before: 'before', fields: [] },
          { ...again.changes[0], type: 'NEW', before: null, fields: [] },
          { ...gone.changes[0], type: 'DELETE', before: 'before', fields: [] },
        ])
      })
    },
  )

  law(subject, 'LV9 the fields of a change of several are those that any of them wrote', async ({ db }) => {
    await db.put('a/1', { x: 0, y: 0 })
    await db.put('a/2', { x: 0 })
    await reading(db.live(['a']), async (reader) => {
      await reader.upToDate()
      for (const field of ['x', 'y', 'x']) await db.put(`a/1/${field}`, 1)
      await db.put('a/2/x', 1)
      await db.put('a/2', { x: 2 })
      expect((await reader.next()).changes.map(({ fields }) => fields.toSorted())).toEqual([['x', 'y'], []])
    })
  })
}

function coalescedSets(subject: DatabaseSubject): void {
  law(
    subject,
    'LV10 what moved in and out is brought together by the same rules, and tells why it came or went',
    async ({ db }) => {
      for (const [id, value] of Object.entries({ in: 1, out: 9, both: 1, back: 9, deleted: 9, changed: 1 })) {
        await db.put(`a/${id}`, value)
      }
      const told = await missed(db, { where: 'value > 5' }, async () => {
        await db.put('a/in', 9)
        await db.put('a/changed', 8)
        await db.put('a/changed', 9)
        await db.put('a/both', 9)
        await db.put('a/both', 1)
        await db.put('a/back', 1)
        await db.put('a/back', 9)
        await db.put('a/out', 8)
        await db.put('a/out', 1)
        await db.put('a/out', 2)
        await db.put('a/deleted', 8)
        await db.delete('a/deleted')
        await db.put('a/never', 1)
        await db.put('a/never', 2)
      })
      expect(told.toSorted()).toEqual([
        'DELETE MOVED_OUT a/out@3',
        'DELETE WRITE a/deleted@3',
        'NEW MOVED_IN a/changed@3',
        'NEW MOVED_IN a/in@2',
        'UPDATE WRITE a/back@3',
      ])
    },
  )

  law(
    subject,
    'LV11 where everything that a slow reader missed comes to nothing, only its cursor moves',
    async ({ db }) => {
      await db.put('a/1', 1)
      await reading(db.live(['a'], { heartbeatMs: 100 }), async (reader) => {
        await reader.upToDate()
        await db.put('a/2', 1)
        const { cursor } = await db.delete('a/2')
        expect(inLog(await reader.next())).toEqual({ changes: [], cursor, upToDate: true, reset: null })
      })
    },
  )

  law(subject, 'LV12 arguments out of their range are refused at once', async ({ db }) => {
    const refused = (paths: readonly string[], options: FeedOptions = {}): Promise<unknown> =>
      refusal((async () => void db.live(paths, options))())
    for (const heartbeatMs of [99, 60_001, 0, -1, Number.NaN]) {
      expect(await refused(['a'], { heartbeatMs })).toEqual({ code: 'BAD_REQUEST', argument: 'heartbeatMs' })
    }
    expect(await refused([])).toEqual({ code: 'BAD_REQUEST', argument: 'paths' })
    expect(await refused(['a/**'])).toEqual({ code: 'INVALID_PATH', path: 'a/**' })
    expect(await refused(Array.from({ length: 33 }, (_, i) => `a/${i}`))).toEqual({
      code: 'TOO_LARGE',
      limit: 'patterns',
      max: 32,
    })
  })
}
