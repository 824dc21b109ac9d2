import { describe, expect } from 'vitest'
import type { Database } from '../../../src/core/database.ts'
import { plantForest } from './deletes.ts'
import { law, readerOf, refusal, summary, wholeLog, type DatabaseSubject } from './subject.ts'

/** Commits of one, two and three changes. */
async function plant(db: Database): Promise<readonly string[]> {
  const commits = [
    await db.put('a/1', 1),
    await db.transact([
      { kind: 'put', path: 'a/2', value: 1 },
      { kind: 'put', path: 'b/1', value: 1 },
    ]),
    await db.put('b/1', 2),
    await db.transact([
      { kind: 'put', path: 'a/3', value: 1 },
      { kind: 'delete', path: 'a/1' },
      { kind: 'put', path: 'b/2', value: 1 },
    ]),
    await db.put('a/2', 2),
  ]
  return commits.flatMap(summary)
}

export function logs(subject: DatabaseSubject): void {
  describe('log', () => {
    law(subject, 'LO1 the log of nothing is empty and up to date, with a cursor to go on from', async ({ db }) => {
      const page = await db.log(['posts'])
      expect(page).toMatchObject({ changes: [], upToDate: true })
      await db.put('posts/1', 1)
      expect(summary(await db.log(['posts'], { after: page.cursor }))).toEqual(['NEW posts/1@1'])
    })

    law(subject, 'LO2 first counts changes, rounded up to whole commits', async ({ db }) => {
      const all = await plant(db)
      const sizes = [1, 2, 3, 4, 5, 7, 8, 100].map(async (first) => (await db.log(['*'], { first })).changes.length)
      expect(await Promise.all(sizes)).toEqual([1, 3, 3, 4, 7, 7, 8, 8])
      expect(summary(await db.log(['*'], { first: 5 }))).toEqual(all.slice(0, 7))
    })

    law(
      subject,
      'LO3 pages of any size give every change once, and the last one says that nothing is left',
      async ({ db }) => {
        const all = await plant(db)
        for (const first of [1, 2, 3, 8, 50]) expect(await wholeLog(db, ['*'], first)).toEqual(all)
        expect(await wholeLog(db, ['b'], 1)).toEqual(all.filter((change) => change.includes(' b/')))
        expect((await db.log(['*'], { first: 3 })).upToDate).toBe(false)
        expect((await db.log(['a'], { first: 3 })).upToDate).toBe(false)
        expect((await db.log(['*'], { first: 8 })).upToDate).toBe(true)
      },
    )

    law(subject, 'LO4 patterns and types choose, and what they leave out does not count', async ({ db }) => {
      await plant(db)
      expect(summary(await db.log(['*'], { types: ['DELETE'] }))).toEqual(['DELETE a/1@2'])
      expect(summary(await db.log(['b'], { types: ['NEW'], first: 2 }))).toEqual(['NEW b/1@1', 'NEW b/2@1'])
      expect(summary(await db.log(['a/2', 'b/1'], { types: ['UPDATE'] }))).toEqual(['UPDATE b/1@2', 'UPDATE a/2@2'])
      expect(summary(await db.log(['a/2', 'a']))).toEqual([
        'NEW a/1@1',
        'NEW a/2@1',
        'NEW a/3@1',
        'DELETE a/1@2',
        'UPDATE a/2@2',
      ])
      expect(await db.log(['none'])).toMatchObject({ changes: [], upToDate: true })
    })

    law(subject, 'LO5 the log is what changes delivers, of any patterns', async ({ db }) => {
      await plantForest(db)
      await db.put('posts/1/title', 'b')
      await db.delete('posts/1')
      for (const paths of [
        ['*'],
        ['posts/*/comments'],
        ['posts/1'],
        ['posts/1/title'],
        ['posts/2', 'posts/1/comments/c2'],
        ['*/*/*/c1'],
      ]) {
        const feed = db.changes(paths, { start: 'BEGINNING' })
        const told = await readerOf(feed).upToDate()
        await feed.return?.()
        expect(told).toEqual(await wholeLog(db, paths, 2))
      }
    })

    law(
      subject,
      'LO6 a page that would be larger than an answer may be is shorter, and says that something is left',
      async ({ db }) => {
        for (let i = 0; i < 6; i++) await db.put('posts/1', 'x'.repeat(300))
        const page = await db.log(['*'])
        expect(page.changes.length).toBeGreaterThan(0)
        expect(page.changes.length).toBeLessThan(6)
        expect(page.upToDate).toBe(false)
        expect(await wholeLog(db)).toHaveLength(6)
      },
      { pageBytes: 700 },
    )

    law(subject, 'LO7 first outside 1 to 1,000 is refused', async ({ db }) => {
      for (const first of [0, -1, 1.5]) {
        expect(await refusal(db.log(['*'], { first }))).toEqual({ code: 'BAD_REQUEST', argument: 'first' })
      }
      expect(await refusal(db.log(['*'], { first: 1_001 }))).toEqual({
        code: 'TOO_LARGE',
        limit: 'pageSize',
        max: 1_000,
      })
    })

    law(subject, 'LO8 a page has 100 changes unless it is told', async ({ db }) => {
      await db.put('a/0', 0)
      for (let i = 0; i < 105; i++) await db.put('a/1', i)
      const page = await db.log(['*'])
      expect(page.changes).toHaveLength(100)
      expect(page.upToDate).toBe(false)
    })
  })
}
