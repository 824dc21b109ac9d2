import { describe, expect } from 'vitest'
import type { Change, Database } from '../../../src/core/database.ts'
import type { ChangesOptions, FeedOptions } from '../../../src/core/database/options.ts'
import type { Json } from '../../../src/core/json/json.ts'
import { logCursor } from '../../support/writers/history-run.ts'
import { following, law, reading, reasons, refusal, type DatabaseSubject, type Reader } from './subject.ts'

export function shapes(subject: DatabaseSubject): void {
  describe('shapes: what moves in and out', () => {
    moves(subject)
    movedOut(subject)
  })
  describe('shapes: how much of a document', () => {
    columns(subject)
    befores(subject)
    types(subject)
  })
  describe('shapes: patterns that go on inside documents', () => insides(subject))
  describe('shapes: readers of one shape', () => sharing(subject))
}

/** What `changes` and `live` say of each write in turn, to readers who are up to date; both say the same. */
async function told(
  db: Database,
  paths: readonly string[],
  options: FeedOptions,
  writes: readonly (() => Promise<unknown>)[],
): Promise<readonly (readonly Change[])[]> {
  const changes: (readonly Change[])[] = []
  await reading(db.live(paths, { ...options, heartbeatMs: 60_000 }), async (live) => {
    await following(db, paths, { ...options, heartbeatMs: 60_000 }, async (feed) => {
      await Promise.all([live.upToDate(), feed.upToDate()])
      for (const [i, write] of writes.entries()) {
        await write()
        // What comes for certain shows that nothing else did before it.
        const end = await db.put(`end/${i}`, { likes: 1_000, end: 'end' })
        const [some, same] = await Promise.all([live, feed].map((reader) => untilEnd(reader, end.cursor)))
        expect(some).toEqual(same)
        changes.push(same ?? [])
      }
    })
  })
  return changes
}

async function untilEnd(reader: Reader, cursor: string): Promise<readonly Change[]> {
  const seen: Change[] = []
  for (;;) {
    const batch = await reader.next()
    seen.push(...batch.changes.filter(({ path }) => !path.startsWith('end/')))
    if (logCursor(batch.cursor) === cursor) return seen
  }
}

const sums = (all: readonly (readonly Change[])[]): readonly (readonly string[])[] =>
  all.map((changes) => reasons({ changes }))

function moves(subject: DatabaseSubject): void {
  law(subject, 'SH1 what a change is to a shape is decided by the versions before and after it', async ({ db }) => {
    await db.put('a/was', { likes: 9 })
    await db.put('a/was-not', { likes: 1 })
    const put = (id: string, likes: Json) => () => db.put(`a/${id}`, { likes })
    const remove = (id: string) => () => db.delete(`a/${id}`)
    const cases = [
      [put('was', 8), 'UPDATE WRITE a/was@2'],
      [put('was', 1), 'DELETE MOVED_OUT a/was@3'],
      [put('was', 2)],
      [put('was', 'many')],
      [put('was', 7), 'NEW MOVED_IN a/was@6'],
      [remove('was'), 'DELETE WRITE a/was@7'],
      [put('was', 9), 'NEW WRITE a/was@8'],
      [put('was-not', 6), 'NEW MOVED_IN a/was-not@2'],
      [put('was-not', 1), 'DELETE MOVED_OUT a/was-not@3'],
      [remove('was-not')],
      [put('was-not', 1)],
      [put('new', 9), 'NEW WRITE a/new@1'],
      [() => db.delete('a/new/likes'), 'DELETE MOVED_OUT a/new@2'],
      [() => db.patch('a/new', { merge: { likes: 6 } }), 'NEW MOVED_IN a/new@3'],
      [() => db.patch('a/new', { merge: { other: 6 } }), 'UPDATE WRITE a/new@4'],
      [put('never', 1)],
    ] as const
    const seen = await told(
      db,
      ['a', 'end'],
      { where: 'value.likes > 5' },
      cases.map(([write]) => write),
    )
    expect(sums(seen)).toEqual(cases.map(([, ...expected]) => expected))
  })

  law(
    subject,
    'SH2 a transaction that writes a document several times moves it once, or not at all',
    async ({ db }) => {
      await db.transact([
        { kind: 'put', path: 'a/1', value: 9 },
        { kind: 'put', path: 'a/2', value: 1 },
        { kind: 'put', path: 'a/3', value: 9 },
      ])
      const puts = (path: string, ...values: readonly number[]) =>
        values.map((value) => ({ kind: 'put', path, value }) as const)
      const [first, second] = sums(
        await told(db, ['a', 'end'], { where: 'value > 5 || value.likes > 5' }, [
          () => db.transact([...puts('a/1', 1, 8), ...puts('a/2', 9, 1), ...puts('a/3', 9, 1)]),
          () =>
            db.transact([
              ...puts('a/3', 2, 9),
              { kind: 'delete', path: 'a/1' },
              ...puts('a/1', 1),
              ...puts('a/4', 1, 9),
            ]),
        ]),
      )
      expect(first).toEqual(['UPDATE WRITE a/1@2', 'DELETE MOVED_OUT a/3@2'])
      expect(second?.toSorted()).toEqual(['DELETE MOVED_OUT a/1@3', 'NEW MOVED_IN a/3@3', 'NEW WRITE a/4@1'])
    },
  )

  law(
    subject,
    'SH3 an equality with a constant finds what enters and what leaves, by literal and by param',
    async ({ db }) => {
      await db.put('a/1', { tag: 'red' })
      const put = (tag: Json) => () => db.put('a/1', { tag })
      for (const [where, params] of [
        ['value.tag == "red" || has(value.end)', undefined],
        ['value.tag == params.tag || path.startsWith("end/")', { tag: 'red' }],
      ] as const) {
        const seen = await told(db, ['a', 'end'], { where, params }, [
          put('blue'),
          put('green'),
          put('red'),
          put('red'),
          put(null),
        ])
        expect(seen.map((changes) => changes.map(({ type, reason }) => `${type} ${reason}`))).toEqual([
          ['DELETE MOVED_OUT'],
          [],
          ['NEW MOVED_IN'],
          ['UPDATE WRITE'],
          ['DELETE MOVED_OUT'],
        ])
        await db.put('a/1', { tag: 'red' })
      }
    },
  )
}

function movedOut(subject: DatabaseSubject): void {
  law(
    subject,
    'SH4 the document of what moved out has path, id and version, no value, and is not deleted',
    async ({ db }) => {
      await db.put('a/1', { likes: 9, secret: 'x' })
      const [moved, , deleted] = await told(db, ['a', 'end'], { where: 'value.likes > 5' }, [
        () => db.put('a/1', { likes: 1, secret: 'y' }),
        () => db.put('a/1', { likes: 8 }),
        () => db.delete('a/1'),
      ])
      const stored = await db.document('a/1', { asOf: { cursor: moved?.[0]?.cursor ?? '' } })
      expect(moved).toHaveLength(1)
      expect(moved?.[0]).toMatchObject({ type: 'DELETE', reason: 'MOVED_OUT', before: null, cursor: stored?.cursor })
      expect(moved?.[0]?.document).toEqual({ ...stored, value: null, asOf: stored?.cursor })
      expect(moved?.[0]?.document).toMatchObject({ path: 'a/1', id: '1', version: 2, value: null, deleted: false })
      expect(deleted?.map(({ document, reason }) => [reason, document.value, document.deleted])).toEqual([
        ['WRITE', null, true],
      ])
    },
  )
}

function columns(subject: DatabaseSubject): void {
  const value = { title: 't', author: { name: 'ann', age: 3 }, tags: ['x', 'y'], none: null }
  const cuts: readonly (readonly [readonly string[], Json])[] = [
    [['title'], { title: 't' }],
    [['author/name', 'title'], { author: { name: 'ann' }, title: 't' }],
    [['author', 'author/name'], { author: value.author }],
    [['author/age', 'author/name'], { author: value.author }],
    [['none'], { none: null }],
    [['missing', 'author/missing', 'title/missing', 'none/missing'], {}],
  ]

  law(subject, 'SH5 columns limit values, in snapshots, in changes and in the value before', async ({ db }) => {
    await db.put('a/1', value)
    for (const [chosen, expected] of cuts) {
      await reading(db.live(['a/1'], { columns: chosen, replica: 'FULL' }), async (reader) => {
        await reader.upToDate()
        await db.patch('a/1', { merge: { other: chosen.length } })
        const { changes } = await reader.next()
        const seen = [...(reader.batches[0]?.changes ?? []), ...changes]
        expect([chosen, seen.map(({ document }) => document.value), changes[0]?.before]).toEqual([
          chosen,
          [expected, expected],
          expected,
        ])
      })
      await following(db, ['a/1'], { columns: chosen, start: 'BEGINNING', limit: 1 }, async (reader) => {
        expect([chosen, (await reader.next()).changes[0]?.document.value]).toEqual([chosen, expected])
      })
    }
  })

  law(
    subject,
    'SH6 a value that has no columns is given as it is, and where looks at the whole value',
    async ({ db }) => {
      for (const [i, plain] of [1, 'text', null, [1, { title: 't' }]].entries()) await db.put(`a/${i}`, plain)
      await db.put('a/9', value)
      await reading(db.live(['a'], { columns: ['title'] }), async (reader) => {
        await reader.upToDate()
        expect(reader.batches.flatMap(({ changes }) => changes.map(({ document }) => document.value))).toEqual([
          1,
          'text',
          null,
          [1, { title: 't' }],
          { title: 't' },
        ])
      })
      await reading(db.live(['a'], { columns: ['title'], where: 'value.author.age == 3' }), async (reader) => {
        expect(await reader.upToDate()).toEqual(['NEW a/9@1'])
        await db.put('a/9/author/age', 4)
        expect(reasons(await reader.next())).toEqual(['DELETE MOVED_OUT a/9@2'])
      })
    },
  )

  law(subject, 'SH7 columns are 1 to 100 fields, each of one segment or more', async ({ db }) => {
    const refused = (given: readonly string[]): Promise<unknown> =>
      refusal((async () => void db.live(['a'], { columns: given }))())
    expect(await refused([])).toEqual({ code: 'BAD_REQUEST', argument: 'columns' })
    for (const column of ['', '/', 'a/', '/a', 'a//b']) {
      expect(await refused([column])).toEqual({ code: 'BAD_REQUEST', argument: 'columns' })
    }
    expect(await refused(Array.from({ length: 101 }, (_, i) => `c${i}`))).toEqual({
      code: 'TOO_LARGE',
      limit: 'columns',
      max: 100,
    })
    await db.live(['a'], { columns: Array.from({ length: 100 }, (_, i) => `c${i}`) }).return?.()
  })
}

function befores(subject: DatabaseSubject): void {
  law(
    subject,
    'SH8 replica FULL adds the value before to updates, deletes, moves in and out, and to nothing else',
    async ({ db }) => {
      await db.put('a/1', { likes: 8 })
      await db.put('a/2', { likes: 1 })
      const writes = [
        () => db.put('a/1', { likes: 9 }),
        () => db.put('a/1', { likes: 2 }),
        () => db.put('a/2', { likes: 7 }),
        () => db.delete('a/2'),
        () => db.put('a/2', { likes: 6 }),
        () => db.put('a/3', { likes: 6 }),
      ]
      const expected = [{ likes: 8 }, { likes: 9 }, { likes: 1 }, { likes: 7 }, null, null]
      const full = await told(db, ['a', 'end'], { where: 'value.likes > 5', replica: 'FULL' }, writes)
      expect(full.map((changes) => changes.map(({ before }) => before))).toEqual(expected.map((before) => [before]))
      const plain = await told(db, ['a', 'end'], { where: 'value.likes > 5' }, [
        () => db.put('a/1', { likes: 9 }),
        () => db.put('a/1', { likes: 2 }),
      ])
      expect(plain.map((changes) => changes.map(({ before }) => before))).toEqual([[null], [null]])
    },
  )

  law(subject, 'SH9 a backlog has the values before too, however old they are', async ({ db }) => {
    for (const value of [1, 2, 3]) await db.put('a/1', value)
    await db.delete('a/1')
    await db.put('a/1', 5)
    await following(db, ['a'], { start: 'BEGINNING', replica: 'FULL' }, async (reader) => {
      await reader.upToDate()
      expect(reader.batches.flatMap(({ changes }) => changes.map(({ before }) => before))).toEqual([
        null,
        1,
        2,
        3,
        null,
      ])
    })
  })
}

function types(subject: DatabaseSubject): void {
  law(
    subject,
    'SH10 types are those of the change to the shape: a move out is DELETE, a move in is NEW',
    async ({ db }) => {
      for (const value of [9, 8, 1, 2, 7]) await db.put('a/1', value)
      await db.delete('a/1')
      const expected = {
        NEW: ['NEW WRITE a/1@1', 'NEW MOVED_IN a/1@5'],
        UPDATE: ['UPDATE WRITE a/1@2'],
        DELETE: ['DELETE MOVED_OUT a/1@3', 'DELETE WRITE a/1@6'],
      }
      for (const [type, changes] of Object.entries(expected)) {
        const options: ChangesOptions = { where: 'value > 5', types: [type as 'NEW'] }
        expect(reasons(await db.log(['a'], options))).toEqual(changes)
        await following(db, ['a'], { ...options, start: 'BEGINNING' }, async (reader) => {
          await reader.upToDate()
          expect(reader.batches.flatMap(reasons)).toEqual(changes)
        })
      }
    },
  )
}

function insides(subject: DatabaseSubject): void {
  law(
    subject,
    'SH11 live of a field is of the documents that have it, and tells of changes of that field only',
    async ({ db }) => {
      await db.put('a/1', { likes: 1, title: 't' })
      await db.put('a/2', { title: 't' })
      await reading(db.live(['a/*/likes'], { heartbeatMs: 60_000 }), async (reader) => {
        expect(await reader.upToDate()).toEqual(['NEW a/1@1'])
        expect(reader.batches[0]?.changes[0]?.document.value).toEqual({ likes: 1, title: 't' })
        const writes: readonly (readonly [() => Promise<unknown>, string])[] = [
          [() => db.put('a/1/title', 'other').then(() => db.put('a/1/likes', 2)), 'UPDATE WRITE a/1@3'],
          [() => db.put('a/2/likes', 1), 'NEW MOVED_IN a/2@2'],
          [
            () => db.put('a/2', { likes: 1, title: 'same likes' }).then(() => db.put('a/2', { likes: 2 })),
            'UPDATE WRITE a/2@4',
          ],
          [() => db.delete('a/2/likes'), 'DELETE MOVED_OUT a/2@5'],
          [
            () =>
              db
                .put('a/2', { title: 'still without' })
                .then(() => db.delete('a/2'))
                .then(() => db.delete('a/1')),
            'DELETE WRITE a/1@4',
          ],
          [() => db.put('a/3', {}).then(() => db.put('a/4', { likes: 0 })), 'NEW WRITE a/4@1'],
        ]
        for (const [write, expected] of writes) {
          await write()
          expect(reasons(await reader.next())).toEqual([expected])
        }
      })
    },
  )

  law(
    subject,
    'SH12 live of a field within an expression is of the documents that have it and match',
    async ({ db }) => {
      await db.put('a/1', { likes: 1, on: true })
      await db.put('a/2', { likes: 1, on: false })
      await db.put('a/3', { on: true })
      await reading(db.live(['a/*/likes'], { where: 'value.on', heartbeatMs: 60_000 }), async (reader) => {
        expect(await reader.upToDate()).toEqual(['NEW a/1@1'])
        for (const [write, expected] of [
          [() => db.put('a/2/on', true), 'NEW MOVED_IN a/2@2'],
          [() => db.put('a/1/on', false), 'DELETE MOVED_OUT a/1@2'],
          [() => db.put('a/3/likes', 0), 'NEW MOVED_IN a/3@2'],
          [() => db.put('a/2/likes', 3), 'UPDATE WRITE a/2@3'],
        ] as const) {
          await write()
          expect(reasons(await reader.next())).toEqual([expected])
        }
      })
    },
  )

  law(
    subject,
    'SH13 changes of a field within an expression are those that changed it, moves in and out too',
    async ({ db }) => {
      await db.put('a/1', { likes: 1, on: true })
      for (const [field, value] of [
        ['on', false],
        ['on', true],
        ['likes', 2],
        ['on', false],
        ['likes', 3],
      ] as const) {
        await db.put(`a/1/${field}`, value)
      }
      await db.put('a/1', { likes: 4, on: true })
      await db.put('a/1', { likes: 5, on: false })
      await db.put('a/2', { on: true })
      await db.put('a/2/on', false)
      const expected = ['NEW WRITE a/1@1', 'UPDATE WRITE a/1@4', 'NEW MOVED_IN a/1@7', 'DELETE MOVED_OUT a/1@8']
      for (const pattern of ['a/*/likes', 'a/1/likes']) {
        expect(reasons(await db.log([pattern], { where: 'value.on' }))).toEqual(expected)
      }
      expect(reasons(await db.log(['a/*/comments'], { where: 'value.on' }))).toEqual([])
    },
  )

  law(
    subject,
    'SH14 a pattern that goes on inside a document names the nested collection of that name as well',
    async ({ db }) => {
      await db.put('a/1', { n: [] })
      await reading(db.live(['a/1/n'], { heartbeatMs: 60_000 }), async (reader) => {
        expect(await reader.upToDate()).toEqual([])
        await db.put('a/1/title', 'x')
        await db.put('a/1/n/x', 1)
        expect(reasons(await reader.next())).toEqual(['NEW WRITE a/1/n/x@1'])
      })
    },
  )
}

function sharing(subject: DatabaseSubject): void {
  law(subject, 'SH15 all readers of one shape at one place get the same batch', async ({ db }) => {
    await db.put('a/1', { likes: 9 })
    const open = [
      () => db.live(['a'], { where: 'value.likes > params.n', params: { n: 5 }, columns: ['likes'] }),
      () => db.changes(['a'], { where: 'value.likes > params.n', params: { n: 5 }, start: 'BEGINNING' }),
    ]
    for (const feed of open) {
      const [one, other] = [feed(), feed()]
      const next = (): Promise<readonly unknown[]> =>
        Promise.all([one, other].map(async (reader) => ((await reader.next()) as { readonly value: unknown }).value))
      for (const likes of [8, 9, 1, 7]) {
        const [mine, yours] = await next()
        expect(mine).toMatchObject({ upToDate: true })
        expect(mine).toBe(yours)
        await db.put('a/1', { likes })
      }
      await Promise.all([one.return?.(), other.return?.()])
    }
  })

  law(
    subject,
    'SH16 readers of one shape at different places each get what they lack, also one that comes back late',
    async ({ db }) => {
      const options = { where: 'value > 0', heartbeatMs: 60_000 }
      await reading(db.live(['a'], options), async (early) => {
        await early.upToDate()
        const cursors = [early.batches[0]?.cursor]
        for (const value of [1, 2, 3]) {
          await db.put('a/1', value)
          cursors.push((await early.next()).cursor)
        }
        for (const [missed, after] of cursors.entries()) {
          await reading(db.live(['a'], { ...options, after }), async (late) => {
            const change = missed === 0 ? ['NEW WRITE a/1@3'] : missed === 3 ? [] : ['UPDATE WRITE a/1@3']
            expect(reasons(await late.next())).toEqual(change)
          })
        }
      })
    },
  )
}
