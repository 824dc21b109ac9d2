import { describe, expect } from 'vitest'
import { formatCursor, formatPartialCursor } from '../../../src/core/cursor.ts'
import type { ChangeBatch, Database } from '../../../src/core/database.ts'
import type { ChangesOptions, Cursor } from '../../../src/core/database/options.ts'
import { epochIn, inLog, revisionIn } from '../../support/writers/history-run.ts'
import { plantMany, shown, truth } from './live.ts'
import { following, law, reading, reasons, refusal, summary, wholeLog, type DatabaseSubject } from './subject.ts'

export function resumes(subject: DatabaseSubject): void {
  describe('live: where it goes on', () => {
    resuming(subject)
    halves(subject)
    resets(subject)
  })
  describe('changes: where it goes on', () => {
    stopping(subject)
    amounts(subject)
  })
}

/** With what the feed of a cursor begins: the reset, or the error's code. */
async function beginning(feed: () => ReturnType<Database['live']>): Promise<unknown> {
  let begun: unknown
  await reading(feed(), async (reader) => {
    begun = await reader.next().then(
      ({ reset }) => reset,
      async (error: unknown) => (await refusal(Promise.reject(error as Error))).code,
    )
  })
  return begun
}

function resuming(subject: DatabaseSubject): void {
  law(
    subject,
    'RE1 a reader of live that comes back is told what it missed, and nothing of what its cursor covers',
    async ({ db }) => {
      await plantMany(db, 3)
      let after = ''
      await reading(db.live(['a']), async (reader) => {
        await reader.upToDate()
        after = reader.batches.at(-1)?.cursor ?? ''
      })
      await db.put('a/001', 'changed')
      await db.put('b/1', 'not asked for')
      await db.delete('a/002')
      await reading(db.live(['a'], { after }), async (reader) => {
        expect((await reader.upToDate()).toSorted()).toEqual(['DELETE a/002@2', 'UPDATE a/001@2'])
        expect(reader.batches.map(({ reset }) => reset)).toEqual(reader.batches.map(() => null))
        await db.put('a/000', 'live')
        expect(reasons(await reader.next())).toEqual(['UPDATE WRITE a/000@2'])
      })
    },
  )

  law(subject, 'RE2 a reader of live that missed nothing is told that it is up to date, at once', async ({ db }) => {
    const { cursor } = await db.put('a/1', 1)
    await reading(db.live(['a'], { after: cursor, heartbeatMs: 60_000 }), async (reader) => {
      expect(inLog(await reader.next())).toEqual({ changes: [], cursor, upToDate: true, reset: null })
    })
    const last = await db.put('b/1', 1)
    await reading(db.live(['a'], { after: cursor, heartbeatMs: 60_000 }), async (reader) => {
      expect(inLog(await reader.next())).toEqual({ changes: [], cursor: last.cursor, upToDate: true, reset: null })
    })
  })

  law(
    subject,
    'RE3 the cursor of a write, of a document, of a page and of the log begin live where it stands',
    async ({ db }) => {
      await db.put('a/1', 1)
      const write = (await db.put('a/2', 2)).cursor
      const cursors = [
        write,
        (await db.document('a/2'))?.cursor,
        (await db.documents('a')).cursor,
        (await db.log(['*'])).cursor,
      ]
      await db.put('a/1', 3)
      for (const after of cursors) {
        await reading(db.live(['a'], { after }), async (reader) =>
          expect(await reader.upToDate()).toEqual(['UPDATE a/1@2']),
        )
      }
    },
  )

  law(
    subject,
    'RE4 heartbeats of live move the cursor over what does not match, and live goes on from them',
    async ({ db }) => {
      const { cursor } = await db.put('busy/1', 0)
      await reading(db.live(['rare'], { heartbeatMs: 100 }), async (reader) => {
        await reader.next()
        for (let i = 1; i <= 20; i++) await db.put('busy/1', i)
        const beat = await reader.next()
        expect(beat).toMatchObject({ changes: [], reset: null })
        expect(revisionIn(beat.cursor)).toBeGreaterThan(revisionIn(cursor))
        await db.put('rare/1', 1)
        await reading(db.live(['rare'], { after: beat.cursor }), async (resumed) => {
          expect(await resumed.upToDate()).toEqual(['NEW rare/1@1'])
          expect(resumed.batches[0]?.reset).toBe(null)
        })
      })
    },
  )
}

function halves(subject: DatabaseSubject): void {
  law(
    subject,
    'RE5 a cursor of half a snapshot gives a reset and a whole snapshot, an up-to-date one does not',
    async ({ db }) => {
      await plantMany(db, 600)
      const cursors: Cursor[] = []
      await reading(db.live(['a']), async (reader) => {
        await reader.next()
        await db.put('a/000', 'changed while the snapshot is read')
        await reader.upToDate()
        cursors.push(...reader.batches.map(({ cursor }) => cursor))
      })
      const last = cursors.pop()
      expect(cursors.length).toBeGreaterThan(1)
      for (const after of cursors) {
        await reading(db.live(['a'], { after }), async (reader) => {
          await reader.upToDate()
          expect(reader.batches.map(({ reset }) => reset)).toEqual(
            reader.batches.map((_, i) => (i === 0 ? 'CURSOR_EXPIRED' : null)),
          )
          expect(shown(reader)).toEqual(await truth(db, reader))
          expect(shown(reader).size).toBe(600)
        })
        expect(await refusal(db.changes(['a'], { after }).next())).toEqual({ code: 'CURSOR_UNKNOWN' })
        expect(await refusal(db.log(['a'], { after }))).toEqual({ code: 'CURSOR_UNKNOWN' })
        expect(await refusal(db.documents('a', { asOf: { cursor: after } }))).toEqual({ code: 'CURSOR_UNKNOWN' })
      }
      expect(await beginning(() => db.live(['a'], { after: last }))).toBe(null)
    },
  )
}

function resets(subject: DatabaseSubject): void {
  law(
    subject,
    'RE6 a cursor that cannot be resumed is a reset in live, an error in changes; damaged, an error in both',
    async ({ db }) => {
      const { cursor } = await db.put('a/1', 1)
      const epoch = epochIn(cursor)
      const cases = [
        [formatCursor('elsewhere', 1), 'RESTORED', 'CURSOR_UNKNOWN'],
        [formatCursor(epoch, 1_000), 'RESTORED', 'CURSOR_UNKNOWN'],
        [formatPartialCursor('elsewhere', 1), 'RESTORED', 'CURSOR_UNKNOWN'],
        [formatPartialCursor(epoch, 1), 'CURSOR_EXPIRED', 'CURSOR_UNKNOWN'],
        [`${cursor}x`, 'CURSOR_UNKNOWN', 'CURSOR_UNKNOWN'],
        [cursor.slice(1), 'CURSOR_UNKNOWN', 'CURSOR_UNKNOWN'],
        ['', 'CURSOR_UNKNOWN', 'CURSOR_UNKNOWN'],
      ] as const
      for (const [after, live, changes] of cases) {
        expect([
          after,
          await beginning(() => db.live(['a'], { after })),
          await beginning(() => db.changes(['a'], { after })),
        ]).toEqual([after, live, changes])
      }
    },
  )

  law(subject, 'RE7 after a reset comes a whole snapshot, then changes, on the same subscription', async ({ db }) => {
    await db.put('a/1', 1)
    await db.put('a/2', 2)
    await reading(db.live(['a'], { after: formatCursor('elsewhere', 7) }), async (reader) => {
      expect((await reader.upToDate()).toSorted()).toEqual(['NEW a/1@1', 'NEW a/2@1'])
      expect(reader.batches.map(({ reset }) => reset)).toEqual(
        reader.batches.map((_, i) => (i === 0 ? 'RESTORED' : null)),
      )
      await db.put('a/1', 3)
      expect(await reader.next()).toMatchObject({ upToDate: true, reset: null })
      expect(shown(reader)).toEqual(await truth(db, reader))
    })
  })

  law(subject, 'RE8 a reset to nothing is one empty batch that is up to date', async ({ db }) => {
    const { cursor } = await db.put('b/1', 1)
    await reading(db.live(['a'], { after: formatCursor('elsewhere', 7) }), async (reader) => {
      const batch = await reader.next()
      expect(batch).toMatchObject({ changes: [], upToDate: true, reset: 'RESTORED' })
      expect(revisionIn(batch.cursor)).toBe(revisionIn(cursor))
    })
  })

  law(
    subject,
    'RE9 a cursor of live with another shape is a reset, and with any other cursor live goes on',
    async ({ db }) => {
      const written = await db.put('a/1', { n: 1 })
      await db.put('a/2', { n: 2 })
      const shape = { where: 'value.n >= params.least', params: { least: 2 } }
      const reader = db.live(['a'], shape)
      const { value } = (await reader.next()) as { value: ChangeBatch }
      const { cursor: after } = value
      await reader.return?.()
      expect(value.upToDate).toBe(true)
      expect(await beginning(() => db.live(['a'], { ...shape, after }))).toBe(null)
      for (const other of [{}, { ...shape, params: { least: 1 } }, { ...shape, columns: ['n'] }]) {
        expect(await beginning(() => db.live(['a'], { ...other, after }))).toBe('SHAPE_CHANGED')
      }
      expect(await beginning(() => db.live(['b', 'a'], { ...shape, after }))).toBe('SHAPE_CHANGED')
      expect(await beginning(() => db.live(['b'], { after: written.cursor }))).toBe(null)
      expect(await beginning(() => db.changes(['b'], { after }))).toBe(null)
      expect((await db.documents('a', { asOf: { cursor: after } })).edges).toHaveLength(2)
    },
  )
}

const ROUNDS = 9

function stopping(subject: DatabaseSubject): void {
  const each = (subject.manyCommits ?? 4_500) / ROUNDS
  law(
    subject,
    'RE10 a reader that stops reading changes goes on from its place with everything, however much it was',
    async ({ db }) => {
      await following(db, ['a'], {}, async (stopped) => {
        await following(db, ['a'], { where: `value > ${(ROUNDS - 1) * each}` }, async (choosy) => {
          await Promise.all([stopped.next(), choosy.next()])
          for (let i = 0; i < ROUNDS; i++) {
            await Promise.all(Array.from({ length: each }, (_, k) => db.put(`a/${k}`, each * i + k)))
          }
          const whole = await wholeLog(db, ['a'])
          expect(whole).toHaveLength(ROUNDS * each)
          expect(await stopped.upToDate()).toEqual(whole)
          expect((await choosy.upToDate()).toSorted()).toEqual(
            whole
              .slice((ROUNDS - 1) * each)
              .filter((change) => change !== 'UPDATE a/0@9')
              .map((change) => change.replace('UPDATE', 'NEW'))
              .toSorted(),
          )
          const cursors = stopped.batches.map(({ cursor }) => revisionIn(cursor))
          expect(cursors).toEqual(cursors.toSorted((a, b) => a - b))
        })
      })
    },
  )
}

/** What a feed delivers that ends by itself, and whether its batches say that nothing is left. */
async function all(
  db: Database,
  options: ChangesOptions,
): Promise<{ readonly told: readonly string[]; readonly upToDate: readonly boolean[] }> {
  let upToDate: readonly boolean[] = []
  let told: readonly string[] = []
  await following(db, ['a'], { heartbeatMs: 60_000, ...options }, async (reader) => {
    told = await reader.rest()
    upToDate = reader.batches.map((batch) => batch.upToDate)
  })
  return { told, upToDate }
}

/** Commits of one, three, one and two changes in `a`, and others between. */
async function plantCommits(db: Database): Promise<readonly string[]> {
  const puts = (...ids: readonly number[]): Promise<unknown> =>
    db.transact(ids.map((id) => ({ kind: 'put', path: `a/${id}`, value: id })))
  for (const ids of [[1], [1, 2, 3], [2], [4, 5]]) {
    await puts(...ids)
    await db.put('b/1', 1)
  }
  return wholeLog(db, ['a'])
}

function amounts(subject: DatabaseSubject): void {
  law(
    subject,
    'RE11 a limit up to the backlog completes without waiting: the last batch says whether more is left',
    async ({ db }) => {
      const whole = await plantCommits(db)
      expect(whole).toHaveLength(7)
      const starts: readonly (readonly [ChangesOptions, readonly string[]])[] = [
        [{ start: 'BEGINNING' }, whole],
        [{ last: 7 }, whole],
        [{ last: 6 }, whole.slice(1)],
        [{ last: 3 }, whole.slice(4)],
        [{ last: 1 }, whole.slice(5)],
        [{ after: (await db.log(['a'], { first: 1 })).cursor }, whole.slice(1)],
        [{ after: (await db.log(['a'], { first: 1 })).cursor, last: 2, start: 'BEGINNING' }, whole.slice(1)],
      ]
      const ends = [1, 4, 5, 7]
      for (const [start, backlog] of starts) {
        for (let limit = 1; limit <= backlog.length; limit++) {
          const from = whole.length - backlog.length
          const end = ends.find((one) => one >= from + limit) ?? 0
          const { told, upToDate } = await all(db, { ...start, limit })
          expect([start, limit, told]).toEqual([start, limit, whole.slice(from, end)])
          // After the last change of `a` there is one more commit, which does not match.
          if (end < whole.length) expect([start, limit, upToDate.includes(true)]).toEqual([start, limit, false])
        }
      }
    },
  )

  law(subject, 'RE12 a limit above the backlog goes on live, and then completes', async ({ db }) => {
    const whole = await plantCommits(db)
    const fresh = ['a/6', 'a/7', 'a/8', 'a/9', 'a/10', 'a/11', 'a/12', 'a/13', 'a/14']
    for (const [start, count] of [
      [{ start: 'BEGINNING' }, Infinity],
      [{ last: 2 }, 2],
      [{ start: 'NOW' }, 0],
    ] as const) {
      const backlog = (await wholeLog(db, ['a'])).slice(count === 0 ? Infinity : -count)
      await following(db, ['a'], { ...start, limit: backlog.length + 2 }, async (reader) => {
        expect(await reader.upToDate()).toEqual(backlog)
        const rest = reader.rest()
        const paths = fresh.splice(0, 3)
        for (const path of paths) {
          await db.transact([
            { kind: 'put', path: 'b/1', value: path },
            { kind: 'put', path, value: 1 },
          ])
        }
        expect(await rest).toEqual([...backlog, ...paths.slice(0, 2).map((path) => `NEW ${path}@1`)])
      })
    }
    expect(await wholeLog(db, ['a'])).toHaveLength(whole.length + 9)
  })

  law(
    subject,
    'RE13 last counts matches of where, moves in and out too, and more than all begins at the beginning',
    async ({ db }) => {
      for (const value of [1, 9, 1, 9]) await db.put('a/1', value)
      for (const value of [1, 2]) await db.put('a/2', value)
      const where = 'value > 5'
      const moves = ['NEW MOVED_IN a/1@2', 'DELETE MOVED_OUT a/1@3', 'NEW MOVED_IN a/1@4']
      for (const last of [1, 2, 3, 4, 1_000]) {
        await following(db, ['a'], { where, last }, async (reader) => {
          await reader.upToDate()
          expect([last, reader.batches.flatMap(reasons)]).toEqual([last, moves.slice(-last)])
          expect(summary(await db.log(['a'], { where }))).toEqual(['NEW a/1@2', 'DELETE a/1@3', 'NEW a/1@4'])
        })
      }
    },
  )
}
