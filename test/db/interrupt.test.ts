import { describe, expect, onTestFinished, test } from 'vitest'
import type { ChangeBatch, Database, ObservedValue } from '../../src/core/database.ts'
import { DatabaseError } from '../../src/core/error.ts'
import { openEngine } from '../../src/db/engine.ts'
import type { Authorize, GrantedView } from '../../src/db/feed/authorize.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { refusal, summary } from '../contract/database/subject.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'
import { turns } from '../support/time/turns.ts'
import { pull } from '../support/database/pull.ts'

/** Decides as the test says, which changes its mind. */
class Gate {
  /** Null: what was asked for. */
  view: GrantedView | null = null
  refuses: unknown = null
  asked = 0
  /** Until when a decision that was taken is not told. */
  held: Promise<void> = Promise.resolve()

  readonly authorize: Authorize = async (asked) => {
    this.asked++
    const { refuses, view } = this
    await this.held
    if (refuses !== null) throw refuses as Error
    return view ?? asked
  }

  /** Holds decisions back until the function that it gives is called. */
  hold(): () => void {
    let release = (): void => {}
    this.held = new Promise((resolve) => {
      release = resolve
    })
    return release
  }
}

interface Stage {
  readonly gate: Gate
  readonly db: Database
  /** The database as another actor sees it. */
  readonly other: Database
  /** Number of distinct shapes that are followed. */
  readonly shapes: () => number
}

async function openLmdb(): Promise<Store> {
  const directory = await freshDirectory()
  onTestFinished(() => directory[Symbol.asyncDispose]())
  return openLmdbStore({ directory: directory.path })
}

async function stageOn(openStore: () => Promise<Store>): Promise<Stage> {
  const store = await openStore()
  const gate = new Gate()
  const engine = await openEngine(store, { authorize: gate.authorize })
  onTestFinished(async () => {
    await engine.close()
    await store.close()
  })
  const [db, other] = ['ann', 'bob'].map((actor) => engine.database('default', { actor }))
  if (db === undefined || other === undefined) throw new Error('There must be two.')
  await db.put('posts/1', { n: 1 })
  await db.put('users/1', { n: 1 })
  return { gate, db, other, shapes: () => engine.counts().shapes }
}

/** Interrupts while the reader waits, or while it sits on what it has, and then gives what it gets next. */
type Interrupting = <T>(feed: AsyncIterator<T>, interrupt: () => Promise<void>) => Promise<T>

const READERS: readonly (readonly [name: string, next: Interrupting])[] = [
  [
    'waits',
    async (feed, interrupt) => {
      const next = pull(feed)
      next.catch(() => {})
      await turns()
      await interrupt()
      return next
    },
  ],
  [
    'is slow',
    async (feed, interrupt) => {
      await interrupt()
      return pull(feed)
    },
  ],
]

const FORBIDDEN = new DatabaseError('FORBIDDEN', 'No longer.')
const STORES = [
  ['memory', async () => new MemoryStore()],
  ['lmdb', openLmdb],
] as const

describe.each(STORES)('an interrupt on %s, where what may be seen changes', (_, openStore) => {
  describe.each(READERS)('of a reader that %s', (_, next) => {
    const interrupting = (db: Database, count: number) => async (): Promise<void> => {
      expect(await db.interrupt({ paths: ['posts'] })).toBe(count)
    }

    test('live begins again with a reset, on the same subscription, and goes on with the new shape', async () => {
      const { gate, db } = await stageOn(openStore)
      const feed = db.live(['posts'])
      expect(summary(await pull(feed))).toEqual(['NEW posts/1@1'])
      gate.view = { paths: ['users'], filter: { where: 'value.n < params.max', params: { max: 5 } } }
      const batch = await next(feed, interrupting(db, 1))
      expect(batch).toMatchObject({ reset: 'SHAPE_CHANGED', upToDate: true })
      expect(summary(batch)).toEqual(['NEW users/1@1'])
      await db.put('posts/1', { n: 2 })
      await db.put('users/2', { n: 9 })
      await db.put('users/1', { n: 2 })
      const after = await pull(feed)
      expect(after.reset).toBeNull()
      expect(summary(after)).toEqual(['UPDATE users/1@2'])
      await feed.return?.()
    })

    test('changes goes on from its place with the new shape; nothing it may see is missing or twice', async () => {
      const { gate, db } = await stageOn(openStore)
      const feed = db.changes(['posts', 'users'])
      const first = await pull(feed)
      gate.view = { paths: ['users'], filter: {} }
      const rest: ChangeBatch[] = [
        await next(feed, async () => {
          await interrupting(db, 1)()
          for (let i = 0; i < 3; i++) {
            await db.transact([
              { kind: 'put', path: 'posts/1', value: i },
              { kind: 'put', path: 'users/1', value: i },
            ])
          }
        }),
      ]
      while (rest.flatMap(summary).length < 3) rest.push(await pull(feed))
      expect(rest.flatMap(summary)).toEqual(['UPDATE users/1@2', 'UPDATE users/1@3', 'UPDATE users/1@4'])
      expect(rest.every(({ reset }) => reset === null)).toBe(true)
      expect(summary(await db.log(['users'], { after: first.cursor }))).toEqual(rest.flatMap(summary))
      await feed.return?.()
    })

    test('watch begins again with the value that it may see', async () => {
      const { gate, db } = await stageOn(openStore)
      const feed = db.watch('posts')
      await pull(feed)
      gate.view = { paths: ['posts/1/n'], filter: {} }
      expect(await next<ObservedValue>(feed, interrupting(db, 1))).toEqual({ value: 1 })
      await db.put('posts/2', { n: 2 })
      await db.put('posts/1', { n: 3 })
      expect(await pull(feed)).toEqual({ value: 3 })
      await feed.return?.()
    })

    test.each([
      ['FORBIDDEN, for which it was refused', FORBIDDEN, 'FORBIDDEN'],
      ['INTERNAL, where the decision failed', new TypeError('x'), 'INTERNAL'],
    ])('every feed ends with %s', async (_, refuses, code) => {
      const { gate, db } = await stageOn(openStore)
      for (const kind of ['live', 'changes'] as const) {
        const feed = db[kind](['posts'])
        await pull<ChangeBatch>(feed)
        gate.refuses = refuses
        expect(await refusal(next<ChangeBatch>(feed, interrupting(db, 1)))).toEqual({ code })
        expect(await feed.next()).toEqual({ done: true, value: undefined })
        gate.refuses = null
      }
      const watching = db.watch('posts')
      await pull(watching)
      gate.refuses = refuses
      expect(await refusal(next(watching, interrupting(db, 1)))).toEqual({ code })
      expect(await db.interrupt({ paths: ['*'] })).toBe(0)
    })

    test('nobody notices who may see the same, nor who is not meant', async () => {
      const { gate, db, other } = await stageOn(openStore)
      const [meant, elsewhere, bobs] = [db.live(['posts']), db.live(['users']), other.live(['posts'])]
      for (const feed of [meant, elsewhere, bobs]) await pull(feed)
      gate.view = { paths: ['posts'], filter: { where: undefined } }
      const told = await next(meant, async () => {
        expect(await db.interrupt({ paths: ['posts'], actor: 'ann' })).toBe(1)
        await db.put('posts/1', 2)
      })
      expect(told).toMatchObject({ reset: null, changes: [{ type: 'UPDATE' }] })
      gate.refuses = FORBIDDEN
      expect(await db.interrupt({ paths: ['posts'], actor: 'ann' })).toBe(1)
      expect(await pull(bobs)).toMatchObject({ reset: null, changes: [{ type: 'UPDATE' }] })
      await db.put('users/1', 2)
      expect(await pull(elsewhere)).toMatchObject({ reset: null, changes: [{ type: 'UPDATE' }] })
      expect(gate.asked).toBe(5)
      for (const feed of [elsewhere, bobs]) await feed.return?.()
    })
  })

  test('a view that is no view ends the feed with INTERNAL, one in parts cannot be watched', async () => {
    const { gate, db } = await stageOn(openStore)
    gate.view = { paths: ['posts'], filter: { where: 'value.n >' } }
    expect(await refusal(db.changes(['posts']).next())).toEqual({ code: 'INTERNAL' })
    expect(await refusal(db.watch('posts').next())).toEqual({ code: 'FORBIDDEN' })
    gate.view = { paths: ['posts/1', 'posts/2'], filter: {} }
    expect(await refusal(db.watch('posts').next())).toEqual({ code: 'FORBIDDEN' })
  })

  test('a feed that has just begun is decided again too', async () => {
    const { gate, db } = await stageOn(openStore)
    const feed = db.live(['posts'])
    gate.view = { paths: ['none'], filter: {} }
    expect(await db.interrupt({ paths: ['posts'] })).toBe(1)
    expect(await pull(feed)).toMatchObject({ changes: [], upToDate: true })
    await feed.return?.()
  })

  test('of two decisions the later one holds, however long the earlier one takes', async () => {
    const { gate, db } = await stageOn(openStore)
    const feed = db.live(['posts'])
    await pull(feed)
    gate.view = { paths: ['users'], filter: {} }
    const release = gate.hold()
    const earlier = db.interrupt({ paths: ['posts'] })
    await turns()
    gate.held = Promise.resolve()
    gate.view = { paths: ['none'], filter: {} }
    const later = db.interrupt({ paths: ['posts'] })
    await turns()
    release()
    expect(await Promise.all([earlier, later])).toEqual([1, 1])
    expect(await pull(feed)).toMatchObject({ changes: [], reset: 'SHAPE_CHANGED' })
    await feed.return?.()
  })

  test('changes repeats nothing that it delivered while it was decided', async () => {
    const { gate, db } = await stageOn(openStore)
    const feed = db.changes(['posts', 'users'])
    await pull(feed)
    gate.view = { paths: ['posts'], filter: {} }
    const release = gate.hold()
    const interrupted = db.interrupt({ paths: ['posts'] })
    await turns()
    await db.put('posts/1', 2)
    expect(summary(await pull(feed))).toEqual(['UPDATE posts/1@2'])
    release()
    await interrupted
    await db.put('users/1', 2)
    await db.put('posts/1', 3)
    expect(summary(await pull(feed))).toEqual(['UPDATE posts/1@3'])
    await feed.return?.()
  })

  test('what is ephemeral reaches a feed by its new shape, whatever passed the old one', async () => {
    const { gate, db } = await stageOn(openStore)
    const feed = db.changes(['posts'])
    await pull(feed)
    for (let i = 0; i < 3; i++) await db.post('posts', i, { ephemeral: true })
    expect((await pull(feed)).changes).toHaveLength(3)
    gate.view = { paths: ['typing'], filter: {} }
    await db.interrupt({ paths: ['posts'] })
    await db.post('posts', 1, { ephemeral: true })
    await db.post('typing', 1, { ephemeral: true, id: 'a' })
    expect(summary(await pull(feed))).toEqual(['NEW typing/a@0'])
    await feed.return?.()
  })

  test('a hundred readers under writes are moved from shape to shape, and each ends with what is there', async () => {
    const { gate, db } = await stageOn(openStore)
    const held = Array.from({ length: 100 }, () => new Map<string, number>())
    const collection = (): string => gate.view?.paths[0] ?? 'posts'
    let over = ''
    const feeds = held.map(() => db.live(['posts']))
    const read = async (i: number): Promise<void> => {
      const picture = held[i] ?? expect.fail()
      for await (const { changes, reset, upToDate } of feeds[i] ?? expect.fail()) {
        if (reset !== null) picture.clear()
        for (const { type, path, document } of changes) {
          if (type === 'DELETE') picture.delete(path)
          else picture.set(path, document.version)
        }
        if (over !== '' && upToDate && picture.has(over)) return
      }
    }
    const reading = Promise.all(held.map((_, i) => read(i)))
    for (let i = 0; i < 30; i++) {
      gate.view = { paths: [i % 2 === 0 ? 'users' : 'posts'], filter: {} }
      await Promise.all([db.put(`posts/${i % 5}`, i), db.put(`users/${i % 5}`, i), db.interrupt({ paths: ['posts'] })])
    }
    over = `${collection()}/end`
    await db.put(over, 1)
    await reading
    const { edges } = await db.documents(collection())
    const expected = Object.fromEntries(edges.map(({ node }) => [node.path, node.version]))
    for (const picture of held) expect(Object.fromEntries(picture)).toEqual(expected)
  })
})

describe('a feed that ends while it is authorized leaves nothing behind', () => {
  test('at its start', async () => {
    const { gate, db, shapes } = await stageOn(async () => new MemoryStore())
    const release = gate.hold()
    const feed = db.live(['posts'])
    await turns()
    await feed.return?.()
    release()
    await turns()
    expect([gate.asked, shapes()]).toEqual([1, 0])
  })

  test('anew', async () => {
    const { gate, db, shapes } = await stageOn(async () => new MemoryStore())
    const feed = db.live(['posts'])
    await pull(feed)
    expect(shapes()).toBe(1)
    gate.view = { paths: ['users'], filter: {} }
    const release = gate.hold()
    const interrupted = db.interrupt({ paths: ['posts'] })
    await turns()
    await feed.return?.()
    release()
    await interrupted
    expect([gate.asked, shapes()]).toEqual([2, 0])
  })
})
