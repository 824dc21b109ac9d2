import { describe, expect } from 'vitest'
import type { Database } from '../../../src/core/database.ts'
import { plantForest } from './deletes.ts'
import { following, law, reading, readerOf, refusal, summary, wholeLog, type DatabaseSubject } from './subject.ts'

const C1 = 'posts/1/comments/c1'

/** The paths that `log`, `changes` from the beginning, and the snapshot of `live` have of a shape. */
async function seenBy(db: Database, paths: readonly string[], depth?: number): Promise<readonly (readonly string[])[]> {
  const log = (await db.log(paths, { depth })).changes
  const changes = db.changes(paths, { start: 'BEGINNING', depth })
  const live = db.live(paths, { depth })
  const told = [await readerOf(changes).upToDate(), await readerOf(live).upToDate()]
  await changes.return?.()
  await live.return?.()
  const pathsOf = (summaries: readonly string[]): readonly string[] =>
    [...new Set(summaries.map((each) => each.replace(/^\w+ (.*)@\d+$/, '$1')))].toSorted()
  return [pathsOf(summary({ changes: log })), ...told.map(pathsOf)]
}

export function depthsOfFeeds(subject: DatabaseSubject): void {
  describe('depth of log and feeds', () => {
    law(subject, 'DP1 depth counts the levels of collections below what a pattern names', async ({ db }) => {
      await plantForest(db)
      const posts = ['posts/1', 'posts/2']
      const comments = [C1, 'posts/1/comments/c2']
      const reply = `${C1}/replies/r1`
      const cases: readonly (readonly [readonly string[], number | undefined, readonly string[]])[] = [
        [['posts'], 0, posts],
        [['posts'], 1, [...posts, ...comments]],
        [['posts'], 2, [...posts, ...comments, reply]],
        [['posts'], undefined, [...posts, ...comments, reply]],
        [['posts/1'], 0, ['posts/1']],
        [['posts/1'], 1, ['posts/1', ...comments]],
        [['*'], 0, posts],
        [['*/1'], 0, ['posts/1']],
        [['posts/*'], 0, posts],
        [['posts', 'posts/1/comments'], 0, [...posts, ...comments]],
        [['posts/1/comments', 'posts'], 1, [...posts, ...comments, reply]],
        [['posts/2', C1], 0, ['posts/2', C1]],
      ]
      for (const [paths, depth, expected] of cases) {
        const all = expected.toSorted()
        expect([paths, depth, await seenBy(db, paths, depth)]).toEqual([paths, depth, [all, all, all]])
      }
    })

    law(subject, 'DP2 a snapshot has each document once, whatever its patterns share', async ({ db }) => {
      await plantForest(db)
      const feed = db.live(['posts/1/comments', 'posts', 'posts/1', C1], { depth: 1 })
      const told = await readerOf(feed).upToDate()
      await feed.return?.()
      expect(told.toSorted()).toEqual(
        ['posts/1', 'posts/2', C1, 'posts/1/comments/c2', `${C1}/replies/r1`].map((path) => `NEW ${path}@1`).toSorted(),
      )
    })

    law(subject, 'DP3 what is deeper is not delivered, and the cursor still goes on over it', async ({ db }) => {
      await plantForest(db)
      await following(db, ['posts'], { depth: 0, heartbeatMs: 100 }, async (reader) => {
        await reader.next()
        const { cursor } = await db.put(`${C1}/text`, 'deeper')
        while ((await reader.next()).cursor !== cursor);
        await db.put('posts/3', 3)
        expect(await reader.until(1)).toEqual(['NEW posts/3@1'])
      })
      await reading(db.live(['posts/1'], { depth: 0 }), async (reader) => {
        await reader.upToDate()
        await db.put(`${C1}/text`, 'again')
        await db.put('posts/1/title', 'c')
        expect(await reader.until(2)).toEqual(['NEW posts/1@1', 'UPDATE posts/1@2'])
      })
    })

    law(subject, 'DP4 a pattern inside a document has the document at any depth', async ({ db }) => {
      await db.put('posts/1', { likes: 1, comments: [] })
      await db.put('posts/1/comments/c1', { likes: 5 })
      for (const depth of [0, 1]) {
        expect(await seenBy(db, ['posts/1/likes'], depth)).toEqual([['posts/1'], ['posts/1'], ['posts/1']])
      }
      expect(await wholeLog(db, ['posts/1/likes'])).toEqual(['NEW posts/1@1'])
    })

    law(subject, 'DP5 depth is part of the shape: a cursor of live with another one gives a reset', async ({ db }) => {
      await plantForest(db)
      const shallow = db.live(['posts'], { depth: 0 })
      const [first] = [await shallow.next()]
      await shallow.return?.()
      const { cursor: after } = first.value as { cursor: string }
      const resets = [0, 1, undefined].map(async (depth) => {
        const feed = db.live(['posts'], { depth, after })
        const { value } = await feed.next()
        await feed.return?.()
        return (value as { reset: unknown }).reset
      })
      expect(await Promise.all(resets)).toEqual([null, 'SHAPE_CHANGED', 'SHAPE_CHANGED'])
    })

    law(subject, 'DP6 a depth that is no whole number from 0 is BAD_REQUEST', async ({ db }) => {
      for (const depth of [-1, 0.5, Number.NaN]) {
        expect(await refusal(db.log(['*'], { depth }))).toEqual({ code: 'BAD_REQUEST', argument: 'depth' })
        for (const open of [() => db.changes(['*'], { depth }), () => db.live(['*'], { depth })]) {
          expect(await refusal((async () => open().next())())).toEqual({ code: 'BAD_REQUEST', argument: 'depth' })
        }
      }
    })
  })
}
