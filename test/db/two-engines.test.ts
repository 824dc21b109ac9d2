import { expect, test } from 'vitest'
import { formatCursor } from '../../src/core/cursor.ts'
import type { ChangeBatch, Database } from '../../src/core/database.ts'
import { openEngine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { following, readerOf, refusal, summary, wholeLog, type Reader } from '../contract/database/subject.ts'
import { distant, withBell, wrapped } from './store-wrappers.ts'
import { turn } from '../support/time/turns.ts'
import { until } from '../support/time/until.ts'

/** Two engines over one store, as two processes would be. */
async function withTwo(
  run: (a: Database, b: Database, store: Store) => Promise<void>,
  wrap: (store: Store) => Store = distant,
): Promise<void> {
  const store = new MemoryStore()
  const engines = await Promise.all([openEngine(wrap(store)), openEngine(wrap(store))])
  const [a, b] = engines.map((engine) => engine.database('default', { actor: null }))
  if (a === undefined || b === undefined) throw new Error('There must be two.')
  try {
    await run(a, b, store)
  } finally {
    await Promise.all(engines.map((engine) => engine.close()))
  }
}

function codesOf(outcomes: readonly PromiseSettledResult<unknown>[]): readonly string[] {
  return outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [String((outcome.reason as { code?: string }).code)] : [],
  )
}

/** Writes of all kinds to few documents, none with an expectation. */
function mixed(db: Database, i: number): Promise<unknown> {
  const path = `a/${i % 3}`
  switch (i % 6) {
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
        { kind: 'put', path: `c/${i % 2}`, value: i },
      ])
    default:
      return db.put(path, { i })
  }
}

test('what one writes, the feeds of the other deliver once, in the order of the log', async () => {
  await withTwo(async (a, b) => {
    const feeds = [a.changes(['*']), b.changes(['*']), b.changes(['shared'])]
    const readers = feeds.map(readerOf)
    for (const reader of readers) await reader.next()
    const write = async (db: Database, name: string): Promise<void> => {
      for (let i = 0; i < 60; i++) await (i % 4 === 0 ? db.put(`shared/${i % 3}`, name) : db.put(`${name}/${i % 5}`, i))
    }
    await Promise.all([write(a, 'a'), write(b, 'b'), write(a, 'c'), write(b, 'd')])
    // The last writes of the other one may come to this one a little later.
    await until(async () => expect(await wholeLog(a)).toHaveLength(240))
    const whole = await wholeLog(a)
    expect(await readers[0]?.until(240)).toEqual(whole)
    expect(await readers[1]?.until(240)).toEqual(whole)
    expect(await readers[2]?.until(60)).toEqual(whole.filter((change) => change.includes(' shared/')))
    for (const feed of feeds) await feed.return?.()
  })
})

test('a race between them is drawn anew: puts to one document give dense versions, and none conflicts', async () => {
  await withTwo(async (a, b) => {
    const commits = await Promise.all(Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? a : b).put('a/1', i)))
    const versions = commits.map(({ changes }) => changes[0]?.document.version ?? 0).toSorted((x, y) => x - y)
    expect(versions).toEqual(Array.from({ length: 200 }, (_, i) => i + 1))
  })
})

test('a write without an expectation never answers CONFLICT, whatever the other does', async () => {
  await withTwo(async (a, b) => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 240 }, (_, i) => mixed(i % 2 === 0 ? a : b, i * 7 + (i % 5))),
    )
    expect([...new Set(codesOf(outcomes))].filter((code) => code !== 'NOT_FOUND' && code !== 'EXISTS')).toEqual([])
    for (const path of ['a/0', 'a/1', 'a/2', 'a/0/b/x']) {
      const versions = (await a.history(path, { first: 1_000 })).edges.map(({ node }) => node.version)
      expect(versions).toEqual(versions.map((_, i) => i + 1))
    }
  })
})

/** Has `b` draft two writes on one another, and lets `a` write before they are appended. */
async function overtaken(
  writes: (b: Database) => readonly Promise<unknown>[],
  then: (a: Database, outcomes: readonly PromiseSettledResult<unknown>[]) => Promise<void>,
): Promise<void> {
  let [open, begun] = [(): void => {}, (): void => {}]
  const [gate, drafted] = [
    new Promise<void>((resolve) => {
      open = resolve
    }),
    new Promise<void>((resolve) => {
      begun = resolve
    }),
  ]
  let engines = 0
  const wrap = (store: Store): Store => {
    const isSecond = engines++ === 1
    return wrapped(store, {
      shared: true,
      append: async (tenant, drafts) => {
        if (isSecond) {
          begun()
          await gate
        }
        return store.append(tenant, drafts)
      },
    })
  }
  await withTwo(async (a, b) => {
    await a.put('posts/1', { n: 1 })
    const outcomes = Promise.allSettled(writes(b))
    await drafted
    await a.patch('posts/1', { merge: { n: 2 } })
    open()
    await then(a, await outcomes)
  }, wrap)
}

test('two writes of a batch that build on one another keep what the other process wrote before both', async () => {
  const patches = (b: Database): readonly Promise<unknown>[] => [
    b.patch('posts/1', { merge: { x: 1 } }),
    b.patch('posts/1', { merge: { y: 1 } }),
  ]
  await overtaken(patches, async (a, outcomes) => {
    expect(codesOf(outcomes)).toEqual([])
    expect(await a.get('posts/1')).toEqual({ n: 2, x: 1, y: 1 })
  })
})

test('a check that holds only after a write of the same batch does not hold when that one was refused', async () => {
  const writes = (b: Database): readonly Promise<unknown>[] => [
    b.delete('posts/1', { expect: { version: 1 } }),
    b.transact([{ kind: 'put', path: 'audit/1', value: 'gone' }], {
      checks: [{ path: 'posts/1', expect: { absent: true } }],
    }),
  ]
  await overtaken(writes, async (a, outcomes) => {
    expect(codesOf(outcomes)).toEqual(['CONFLICT', 'CONFLICT'])
    expect(await a.get('audit/1')).toBe(null)
  })
})

test('under load of both no acknowledged patch is lost', async () => {
  await withTwo(async (a, b) => {
    await a.put('a/1', {})
    const patch = (db: Database, name: string): Promise<unknown> => db.patch('a/1', { merge: { [name]: 1 } })
    for (let round = 0; round < 40; round++) {
      await Promise.all([patch(a, `a${round}`), ...Array.from({ length: 6 }, (_, i) => patch(b, `b${round}-${i}`))])
    }
    expect(Object.keys((await a.get('a/1')) as object)).toHaveLength(280)
  })
})

test('a read, a check and a write in one transaction are serial with those of the other: nothing is lost', async () => {
  await withTwo(async (a, b) => {
    await a.put('counter/1', 0)
    const addOne = async (db: Database): Promise<void> => {
      for (;;) {
        const read = await db.document('counter/1')
        const [outcome] = await Promise.allSettled([
          db.put('counter/1', Number(read?.value) + 1, { expect: { version: read?.version ?? 0 } }),
        ])
        if (outcome?.status === 'fulfilled') return
        expect(codesOf([outcome as PromiseRejectedResult])).toEqual(['CONFLICT'])
      }
    }
    await Promise.all(Array.from({ length: 16 }, (_, i) => addOne(i % 2 === 0 ? a : b)))
    expect(await b.document('counter/1')).toMatchObject({ version: 17, value: 16 })
  })
})

test('a refusal that was decided on a neighbour which then lost its race is decided anew', async () => {
  const store = new MemoryStore()
  let appending: () => void = () => {}
  const begun = new Promise<void>((resolve) => {
    appending = resolve
  })
  let open: () => void = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const gated = wrapped(store, {
    append: async (tenant, drafts) => {
      appending()
      await gate
      return store.append(tenant, drafts)
    },
  })
  const engines = await Promise.all([openEngine(store), openEngine(gated)])
  const [a, b] = [engines[0].database('default', { actor: null }), engines[1].database('default', { actor: null })]
  await a.put('posts/1', { n: 1 })
  const outcomes = Promise.allSettled([
    b.delete('posts/1', { expect: { version: 1 } }),
    b.patch('posts/1', { merge: { m: 1 } }),
  ])
  await begun
  await a.put('posts/1', { n: 2 })
  open()
  expect(await outcomes).toMatchObject([
    { status: 'rejected', reason: { code: 'CONFLICT', details: { version: 2 } } },
    { status: 'fulfilled' },
  ])
  expect(await a.get('posts/1')).toEqual({ n: 2, m: 1 })
  await Promise.all(engines.map((engine) => engine.close()))
})

test('a conflict tells the version and value as the other has left them', async () => {
  await withTwo(async (a, b) => {
    await a.put('a/1', 'first')
    await b.document('a/1')
    await a.put('a/1', 'second')
    const refused = await refusal(b.put('a/1', 'mine', { expect: { version: 1 } }))
    expect(refused).toEqual({ code: 'CONFLICT', path: 'a/1', check: { version: 1 }, version: 2, value: 'second' })
  })
})

test('of a field and a nested document of one name, written through both at once, exactly one is made', async () => {
  await withTwo(async (a, b) => {
    for (let round = 0; round < 15; round++) {
      const post = `posts/${round}`
      await a.put(post, {})
      const outcomes = await Promise.allSettled([
        a.put(`${post}/x`, 'field'),
        b.post(`${post}/x`, 'document', { id: 'y' }),
      ])
      expect(outcomes.map(({ status }) => status).toSorted((x, y) => x.localeCompare(y))).toEqual([
        'fulfilled',
        'rejected',
      ])
      expect(codesOf(outcomes)).toEqual(['NAME_TAKEN'])
    }
  })
})

test('right after the revision of a delete its collection is empty, whatever the other posts meanwhile', async () => {
  await withTwo(async (a, b) => {
    await a.put('rooms/1', { messages: [] })
    for (let round = 0; round < 10; round++) {
      await a.post('rooms/1/messages', round)
      const posts = Array.from({ length: 15 }, (_, i) => b.post('rooms/1/messages', i))
      const { cursor } = await a.delete('rooms/1/messages')
      await Promise.all(posts)
      expect(await a.get('rooms/1/messages', { asOf: { cursor } })).toEqual([])
    }
  })
})

test('a key that was used through one is the same commit through the other, at once and later', async () => {
  await withTwo(async (a, b) => {
    const commits = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? a : b).post('posts', 1, { key: 'k' })),
    )
    expect(commits.filter(({ repeated }) => !repeated)).toHaveLength(1)
    expect(new Set(commits.map(({ cursor }) => cursor)).size).toBe(1)
    expect(await refusal(b.post('posts', 2, { key: 'k' }))).toEqual({ code: 'KEY_REUSED', commit: 'k' })
    expect((await a.documents('posts')).edges).toHaveLength(1)
  })
})

test('a cursor of one is known to the other at once, although no bell rings', async () => {
  await withTwo(
    async (a, b) => {
      await b.get('a')
      for (let i = 0; i < 5; i++) {
        const { cursor } = await a.put('a/1', i)
        expect(await b.get('a/1', { asOf: { cursor } })).toBe(i)
        expect((await b.log(['*'], { after: cursor })).changes).toEqual([])
      }
    },
    (store) => withBell(store).store,
  )
})

test('a cursor that lies ahead is CURSOR_UNKNOWN, and one of the last revision is not', async () => {
  await withTwo(async (a, _, store) => {
    await a.put('a/1', 1)
    const { epoch, last } = await store.log('default', { after: 0, limit: { rows: 1, bytes: 1 } })
    expect(await a.get('a/1', { asOf: { cursor: formatCursor(epoch, last) } })).toBe(1)
    const ahead = formatCursor(epoch, last + 1)
    expect(await refusal(a.get('a/1', { asOf: { cursor: ahead } }))).toEqual({ code: 'CURSOR_UNKNOWN' })
    expect(await refusal(a.log(['*'], { after: ahead }))).toEqual({ code: 'CURSOR_UNKNOWN' })
    expect(await refusal(a.changes(['*'], { after: ahead }).next())).toEqual({ code: 'CURSOR_UNKNOWN' })
  })
})

test('a bell that is doubled, late or lost costs time and never a change', async () => {
  const memory = new MemoryStore()
  const bell = withBell(memory)
  const [writer, reader] = await Promise.all([openEngine(memory), openEngine(bell.store)])
  const db = writer.database('default', { actor: null })
  try {
    await following(reader.database('default', { actor: null }), ['*'], {}, async (follower: Reader) => {
      await follower.next()
      for (let i = 0; i < 40; i++) {
        await db.put(`a/${i % 3}`, i)
        // None, one or three rings, before and after what they are about.
        if (i % 4 === 1) bell.ring(3)
        if (i % 5 === 0) await turn()
        if (i === 39) bell.ring()
      }
      expect(await follower.until(40)).toEqual(await wholeLog(db))
      bell.ring(5)
      await db.put('a/0', 'last')
      bell.ring()
      expect((await follower.until(41)).slice(40)).toEqual(['UPDATE a/0@15'])
    })
  } finally {
    await Promise.all([writer.close(), reader.close()])
  }
})

test('a feed whose bell is dead finds what others wrote by its next heartbeat', async () => {
  await withTwo(
    async (a, b) => {
      await following(b, ['*'], { heartbeatMs: 100 }, async (reader) => {
        await reader.next()
        await a.put('a/1', 1)
        let batch: ChangeBatch = await reader.next()
        for (let beats = 0; beats < 3 && batch.changes.length === 0; beats++) batch = await reader.next()
        expect(summary(batch)).toEqual(['NEW a/1@1'])
      })
    },
    (store) => withBell(store).store,
  )
})

test('tenants never see each other, in reads, feeds, keys and cursors', async () => {
  const engine = await openEngine(new MemoryStore())
  const [a, b] = ['one', 'two'].map((tenant) => engine.database(tenant, { actor: null }))
  if (a === undefined || b === undefined) throw new Error('There must be two.')
  const { cursor } = await a.put('posts/1', 'one', { key: 'k' })
  expect(await b.get('posts')).toEqual([])
  expect(await wholeLog(b)).toEqual([])
  expect((await b.put('posts/1', 'two', { key: 'k' })).repeated).toBe(false)
  expect(await a.get('posts/1')).toBe('one')
  expect(await refusal(b.get('posts/1', { asOf: { cursor } }))).toEqual({ code: 'CURSOR_UNKNOWN' })
  expect(await refusal(b.changes(['*'], { after: cursor }).next())).toEqual({ code: 'CURSOR_UNKNOWN' })
  await engine.close()
})
