import { describe, expect } from 'vitest'
import { inLog } from '../../support/writers/history-run.ts'
import { following, law, readerOf, refusal, type DatabaseSubject } from './subject.ts'

export function interrupts(subject: DatabaseSubject): void {
  describe('an interrupt', () => {
    counts(subject)
    silence(subject)
  })
}

function counts(subject: DatabaseSubject): void {
  law(subject, 'IN1 means the running feeds whose patterns overlap one of its own', async ({ db }) => {
    const feeds = [
      db.changes(['posts']),
      db.changes(['posts/*/comments', 'users']),
      db.live(['posts/1']),
      db.watch('posts/1/title'),
      db.changes(['tags']),
    ]
    for (const feed of feeds) await feed.next()
    const meant = (...paths: string[]): Promise<number> => db.interrupt({ paths })
    expect(await meant('*')).toBe(5)
    expect(await meant('posts')).toBe(4)
    expect(await meant('posts/2')).toBe(2)
    expect(await meant('posts/1/title')).toBe(3)
    expect(await meant('posts/1', 'tags/*/x')).toBe(5)
    expect(await meant('posts2', 'user')).toBe(0)
    for (const feed of feeds) await feed.return?.()
    expect(await meant('*')).toBe(0)
  })

  law(
    subject,
    'IN2 means those only that were opened with its where and its params, where it gives any',
    async ({ db }) => {
      const where = 'value.n > params.min'
      const open = [{}, { where: 'value.n > 1' }, { where, params: { min: 1, max: 2 } }, { where, params: { min: 2 } }]
      const feeds = open.flatMap((options) => [db.changes(['posts'], options), db.live(['posts'], options)])
      feeds.push(db.changes(['users'], { where, params: { min: 1 } }))
      for (const feed of feeds) await feed.next()
      const paths = ['posts']
      expect(await db.interrupt({ paths })).toBe(8)
      expect(await db.interrupt({ paths, where: 'value.n > 1' })).toBe(2)
      expect(await db.interrupt({ paths, where: 'value.n  > 1' })).toBe(0)
      expect(await db.interrupt({ paths, where })).toBe(4)
      expect(await db.interrupt({ paths, where, params: { max: 2, min: 1 } })).toBe(2)
      expect(await db.interrupt({ paths, params: { min: 2 } })).toBe(2)
      expect(await db.interrupt({ paths, where, params: {} })).toBe(0)
      expect(await db.interrupt({ paths, actor: 'nobody' })).toBe(0)
      for (const feed of feeds) await feed.return?.()
    },
  )

  law(subject, 'IN3 is refused without a pattern, and with one that is none', async ({ db }) => {
    expect(await refusal(db.interrupt({ paths: [] }))).toEqual({ code: 'BAD_REQUEST', argument: 'paths' })
    expect(await refusal(db.interrupt({ paths: ['a*b'] }))).toEqual({ code: 'INVALID_PATH', path: 'a*b' })
    expect(await refusal(db.interrupt({ paths: ['a'], params: 2 ** 60 }))).toMatchObject({ code: 'INVALID_VALUE' })
  })
}

function silence(subject: DatabaseSubject): void {
  law(subject, 'IN4 is noticed by no feed that may show the same', async ({ db }) => {
    const living = db.live(['posts'])
    const live = readerOf(living)
    await live.upToDate()
    const watching = db.watch('posts/1')
    await watching.next()
    await following(db, ['posts'], {}, async (reader) => {
      await reader.upToDate()
      const [changed, shown, value] = [reader.next(), live.next(), watching.next()]
      expect(await db.interrupt({ paths: ['posts'] })).toBe(3)
      const { cursor } = await db.put('posts/1', 1)
      for (const batch of [await changed, await shown]) {
        expect(inLog(batch)).toMatchObject({ cursor, upToDate: true, reset: null, changes: [{ path: 'posts/1' }] })
      }
      expect(await value).toEqual({ done: false, value: { value: 1 } })
    })
    await living.return?.()
    await watching.return?.()
  })
}
