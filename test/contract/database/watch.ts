import { describe, expect } from 'vitest'
import type { Database } from '../../../src/core/database.ts'
import type { Json } from '../../../src/core/json/json.ts'
import { law, refusal, type DatabaseSubject } from './subject.ts'

type Next = () => Promise<Json>

/** Watches a path while `run` runs. */
async function watching(db: Database, path: string, run: (next: Next) => Promise<void>, depth?: number): Promise<void> {
  const feed = db.watch(path, { depth })
  try {
    await run(async () => {
      const { done, value } = await feed.next()
      if (done === true) throw new Error('The watch has ended.')
      return value.value
    })
  } finally {
    await feed.return?.()
  }
}

export function watches(subject: DatabaseSubject): void {
  describe('watch', () => {
    values(subject)
    meanings(subject)
    slowness(subject)
    ends(subject)
  })
}

function values(subject: DatabaseSubject): void {
  law(
    subject,
    'WA1 a path is watched before it exists: null, then what is there after every change',
    async ({ db }) => {
      await watching(db, 'a/1', async (next) => {
        expect(await next()).toBe(null)
        for (const value of [{ n: 1 }, 'text', null, 0, [1], { n: 2 }]) {
          const write = next()
          await db.put('a/1', { other: value })
          expect(await write).toEqual({ other: value })
        }
        await db.put('a/1/other', { deep: 1 })
        expect(await next()).toEqual({ other: { deep: 1 } })
        await db.delete('a/1')
        expect(await next()).toBe(null)
        await db.put('a/1', 'back')
        expect(await next()).toBe('back')
      })
    },
  )

  law(subject, 'WA2 each value is what get gives', async ({ db }) => {
    await db.put('a/1', { title: 't', n: [] })
    await db.put('a/2', 2)
    const writes = [
      () => db.put('a/1/n/x', 1),
      () => db.put('a/3', 3),
      () => db.delete('a/2'),
      () => db.put('a/1/title', 'u'),
      () => db.delete('a/1'),
      () => db.delete('a/3'),
    ]
    await watching(db, 'a', async (next) => {
      expect(await next()).toEqual(await db.get('a'))
      for (const write of writes) {
        await write()
        expect(await next()).toEqual(await db.get('a'))
      }
      expect(await db.get('a')).toEqual([])
    })
  })

  law(subject, 'WA3 a commit that does not change what is there delivers nothing', async ({ db }) => {
    await db.put('a/1', { likes: 1, title: 't' })
    await watching(db, 'a/1/likes', async (next) => {
      expect(await next()).toBe(1)
      const write = next()
      await db.put('a/1/title', 'u')
      await db.put('a/1/likes', 1)
      await db.put('a/1', { likes: 1 })
      await db.put('a/2', { likes: 5 })
      await db.put('b/1', { likes: 6 })
      await db.put('a/1/likes', 2)
      expect(await write).toBe(2)
    })
  })
}

function meanings(subject: DatabaseSubject): void {
  law(subject, 'WA4 a field is watched before its document exists, and across its deletion', async ({ db }) => {
    await watching(db, 'a/1/meta/likes', async (next) => {
      expect(await next()).toBe(null)
      for (const [write, expected] of [
        [() => db.put('a/1', { meta: { likes: 1 } }), 1],
        [() => db.put('a/1/meta', { likes: 2, other: 3 }), 2],
        [() => db.put('a/1', { meta: 'text' }), null],
        [() => db.put('a/1', { meta: { likes: [3] } }), [3]],
        [() => db.delete('a/1'), null],
      ] as const) {
        await write()
        expect(await next()).toEqual(expected)
      }
    })
  })

  law(subject, 'WA5 depth bounds the levels of collections that are watched', async ({ db }) => {
    await db.put('a/1', { n: [] })
    await db.put('a/1/n/x', { m: [] })
    await watching(
      db,
      'a/1',
      async (bare) => {
        await watching(
          db,
          'a/1',
          async (one) => {
            expect(await bare()).toEqual({ n: [] })
            expect(await one()).toEqual(await db.get('a/1', { depth: 1 }))
            await db.put('a/1/n/x/m/y', 1)
            await db.put('a/1/n/z', 1)
            expect(await one()).toEqual(await db.get('a/1', { depth: 1 }))
            await db.put('a/1/title', 't')
            expect(await bare()).toEqual({ n: [], title: 't' })
          },
          1,
        )
      },
      0,
    )
  })

  law(
    subject,
    'WA6 a nested collection is watched from when it does not exist: null, then empty or not',
    async ({ db }) => {
      await watching(db, 'a/1/n', async (next) => {
        expect(await next()).toBe(null)
        await db.put('a/1', { n: [] })
        expect(await next()).toEqual([])
        await db.put('a/1/n/x', 1)
        expect(await next()).toMatchObject([{ id: 'x', value: 1 }])
        await db.delete('a/1/n/x')
        expect(await next()).toEqual([])
      })
    },
  )
}

function slowness(subject: DatabaseSubject): void {
  law(subject, 'WA7 a slow watcher skips to the latest, and then is told of every change again', async ({ db }) => {
    await watching(db, 'a/1', async (next) => {
      expect(await next()).toBe(null)
      for (let i = 0; i < 500; i++) await db.put('a/1', i)
      expect(await next()).toBe(499)
      const write = next()
      await db.put('a/1', 'later')
      expect(await write).toBe('later')
    })
  })

  law(subject, 'WA8 a slow watcher of what changed and changed back is told nothing', async ({ db }) => {
    await db.put('a/1', 1)
    await watching(db, 'a/1', async (next) => {
      expect(await next()).toBe(1)
      await db.put('a/1', 2)
      await db.put('a/1', 1)
      const write = next()
      await db.put('a/1', 3)
      expect(await write).toBe(3)
    })
  })

  law(subject, 'WA9 with many writers a watcher ends with the last value, and never goes back', async ({ db }) => {
    await db.put('a/1', 0)
    let last = 0
    await watching(db, 'a/1', async (next) => {
      const writes = (async () => {
        for (let i = 1; i <= 200; i++) await Promise.all([db.put('a/1', i), db.put('b/1', i)])
      })()
      while (last < 200) {
        const value = Number(await next())
        expect(value).toBeGreaterThanOrEqual(last)
        last = value
      }
      await writes
    })
  })
}

function ends(subject: DatabaseSubject): void {
  const DONE = { done: true, value: undefined }

  law(subject, 'WA10 a watch ends by return and by abort, also while it waits', async ({ db }) => {
    const abort = new AbortController()
    const [one, other] = [db.watch('a/1'), db.watch('a/1', { signal: abort.signal })]
    await Promise.all([one.next(), other.next()])
    const waiting = [one.next(), other.next()]
    expect(await one.return?.()).toEqual(DONE)
    abort.abort()
    expect(await Promise.all(waiting)).toEqual([DONE, DONE])
    expect([await one.next(), await other.next()]).toEqual([DONE, DONE])
  })

  law(subject, 'WA11 a path or a depth that is none is refused at once', async ({ db }) => {
    const refused = (path: string, depth?: number): Promise<unknown> =>
      refusal((async () => void db.watch(path, { depth }))())
    for (const path of ['', '/a', 'a//b', '__proto__/1']) {
      expect(await refused(path)).toMatchObject({ code: 'INVALID_PATH' })
    }
    for (const depth of [-1, 0.5, Number.NaN]) {
      expect(await refused('a', depth)).toEqual({ code: 'BAD_REQUEST', argument: 'depth' })
    }
  })

  law(subject, 'WA12 all watchers of one path get the same value', async ({ db }) => {
    await db.put('a/1', { n: 1 })
    const watchers = [db.watch('a/1'), db.watch('a/1')]
    for (const n of [1, 2, 3]) {
      const [one, other] = await Promise.all(
        watchers.map(async (watcher) => ((await watcher.next()) as { readonly value: unknown }).value),
      )
      expect(one).toEqual({ value: { n } })
      expect(one).toBe(other)
      await db.put('a/1', { n: n + 1 })
    }
    for (const watcher of watchers) await watcher.return?.()
  })
}
