import { describe, expect } from 'vitest'
import { law, summary, wholeLog, type DatabaseSubject } from './subject.ts'

export function races(subject: DatabaseSubject): void {
  describe('races', () => {
    law(
      subject,
      'RA1 a thousand puts at once to one document give versions 1 to 1000, and none conflicts',
      async ({ db }) => {
        const commits = await Promise.all(Array.from({ length: 1_000 }, (_, i) => db.put('posts/1', { i })))
        const versions = commits.map(({ changes }) => changes[0]?.document.version)
        expect(versions.toSorted((a, b) => Number(a) - Number(b))).toEqual(
          Array.from({ length: 1_000 }, (_, i) => i + 1),
        )
        expect(new Set(commits.map(({ cursor }) => cursor)).size).toBe(1_000)
        const last = commits.find(({ changes }) => changes[0]?.document.version === 1_000)
        expect(await db.get('posts/1')).toEqual(last?.changes[0]?.document.value)
        expect((await db.history('posts/1', { last: 1_000 })).edges.map(({ node }) => node.version)).toEqual(
          Array.from({ length: 1_000 }, (_, i) => i + 1),
        )
      },
    )

    law(subject, 'RA2 puts of different fields of one document at once are all kept', async ({ db }) => {
      await db.put('posts/1', {})
      await Promise.all(
        Array.from({ length: 100 }, (_, i) =>
          i % 2 === 0 ? db.put(`posts/1/f${i}`, i) : db.patch('posts/1', { merge: { [`f${i}`]: i } }),
        ),
      )
      expect(await db.get('posts/1')).toEqual(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}`, i])))
      expect(await db.document('posts/1')).toMatchObject({ version: 101 })
    })

    law(subject, 'RA3 whatever races, a write without an expectation never answers CONFLICT', async ({ db }) => {
      const writes = Array.from({ length: 300 }, (_, i) => {
        const path = `a/${i % 3}`
        switch (i % 7) {
          case 0:
            return db.delete(path)
          case 1:
            return db.post(`${path}/b`, i, { id: 'x' })
          case 2:
            return db.delete('a')
          case 3:
            return db.patch(path, { merge: { i } })
          case 4:
            return db.transact([
              { kind: 'put', path, value: { i } },
              { kind: 'put', path: `${path}/n`, value: i },
            ])
          case 5:
            return db.put(`${path}/n`, i)
          default:
            return db.put(path, { i })
        }
      })
      const codes = (await Promise.allSettled(writes)).flatMap((outcome) =>
        outcome.status === 'rejected' ? [(outcome.reason as { code?: string }).code] : [],
      )
      expect([...new Set(codes)].filter((code) => code !== 'NOT_FOUND' && code !== 'EXISTS')).toEqual([])
    })

    law(
      subject,
      'RA4 after any race the versions of every document are dense, and a read gives the last one',
      async ({ db }) => {
        const paths = ['a/1', 'a/2', 'a/1/b/1']
        const writes = Array.from({ length: 200 }, (_, i) => {
          const path = paths[(i * 7) % 3] ?? 'a/1'
          return i % 9 === 0 ? db.delete(path) : db.put(path, { i, ...(path === 'a/1' ? { b: [] } : {}) })
        })
        await Promise.allSettled(writes)
        const log = await wholeLog(db)
        for (const path of paths) {
          const own = log.filter((change) => change.split(/[ @]/)[1] === path)
          expect(own.map((change) => Number(change.split('@')[1]))).toEqual(own.map((_, i) => i + 1))
          const last = (await db.history(path, { last: 1 })).edges[0]?.node
          expect((await db.document(path))?.version ?? null).toBe(
            last === undefined || last.deleted ? null : last.version,
          )
        }
      },
    )

    law(subject, 'RA5 an acknowledged write is seen by every read and feed that begins after it', async ({ db }) => {
      await Promise.all(
        Array.from({ length: 30 }, async (_, i) => {
          const commit = await db.put(`posts/${i}`, i)
          expect(await db.get(`posts/${i}`)).toBe(i)
          expect((await db.documents('posts')).edges.map(({ node }) => node.id)).toContain(String(i))
          expect(summary(await db.log([`posts/${i}`]))).toEqual(summary(commit))
        }),
      )
    })
  })
}
