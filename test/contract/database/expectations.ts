import { describe, expect } from 'vitest'
import type { Database } from '../../../src/core/database.ts'
import type { Expect } from '../../../src/core/database/options.ts'
import { law, refusal, summary, type DatabaseSubject } from './subject.ts'

const HOLDS: readonly Expect[] = [{ version: 2 }, { exists: true }, { absent: false }]
const BROKEN: readonly Expect[] = [{ version: 1 }, { version: 3 }, { exists: false }, { absent: true }]

/** Every write that takes an expectation, of the document `posts/1`. */
const WRITES: Readonly<Record<string, (db: Database, expect: Expect) => ReturnType<Database['put']>>> = {
  put: (db, expectation) => db.put('posts/1', { title: 'new' }, { expect: expectation }),
  'put of a field': (db, expectation) => db.put('posts/1/title', 'new', { expect: expectation }),
  patch: (db, expectation) => db.patch('posts/1', { merge: { title: 'new' } }, { expect: expectation }),
  'delete of a field': (db, expectation) => db.delete('posts/1/title', { expect: expectation }),
  delete: (db, expectation) => db.delete('posts/1', { expect: expectation }),
  'put in a transaction': (db, expectation) =>
    db.transact([{ kind: 'put', path: 'posts/1', value: 1, expect: expectation }]),
  'delete in a transaction': (db, expectation) =>
    db.transact([{ kind: 'delete', path: 'posts/1', expect: expectation }]),
  'check in a transaction': (db, expectation) =>
    db.transact([{ kind: 'put', path: 'other/1', value: 1 }], { checks: [{ path: 'posts/1', expect: expectation }] }),
}

async function atVersion2(db: Database): Promise<void> {
  await db.put('posts/1', { title: 'a' })
  await db.put('posts/1', { title: 'b' })
}

export function expectations(subject: DatabaseSubject): void {
  describe('expectations', () => {
    for (const [name, write] of Object.entries(WRITES)) {
      law(
        subject,
        `EX1 ${name}: a broken expectation is CONFLICT with path, check, version and value, and changes nothing`,
        async ({ db }) => {
          await atVersion2(db)
          for (const check of BROKEN) {
            expect(await refusal(write(db, check))).toEqual({
              code: 'CONFLICT',
              path: 'posts/1',
              check,
              version: 2,
              value: { title: 'b' },
            })
          }
          expect((await db.log(['*'])).changes).toHaveLength(2)
        },
      )
      for (const holds of HOLDS) {
        law(subject, `EX2 ${name}: ${JSON.stringify(holds)} lets the write pass while it holds`, async ({ db }) => {
          await atVersion2(db)
          expect((await write(db, holds)).changes).toHaveLength(1)
        })
      }
    }
    absence(subject)
    races(subject)
  })
}

function absence(subject: DatabaseSubject): void {
  law(subject, 'EX3 a document that never was is absent', async ({ db }) => {
    for (const check of [{ version: 1 }, { exists: true }, { absent: false }] as const) {
      const { version, ...refused } = await refusal(db.put('posts/1', 1, { expect: check }))
      expect(refused).toEqual({ code: 'CONFLICT', path: 'posts/1', check, value: null })
      expect([0, null]).toContain(version)
    }
    expect(summary(await db.put('posts/1', 1, { expect: { absent: true } }))).toEqual(['NEW posts/1@1'])
    expect(summary(await db.put('posts/2', 1, { expect: { exists: false } }))).toEqual(['NEW posts/2@1'])
  })

  law(
    subject,
    'EX4 a deleted document is absent, and a conflict tells the version of its tombstone',
    async ({ db }) => {
      await db.put('posts/1', 1)
      await db.delete('posts/1')
      for (const check of [{ version: 1 }, { exists: true }, { absent: false }] as const) {
        expect(await refusal(db.put('posts/1', 2, { expect: check }))).toEqual({
          code: 'CONFLICT',
          path: 'posts/1',
          check,
          version: 2,
          value: null,
        })
      }
      expect(summary(await db.put('posts/1', 2, { expect: { absent: true } }))).toEqual(['NEW posts/1@3'])
    },
  )

  law(subject, 'EX5 an expectation of a nested document is about that document', async ({ db }) => {
    await db.put('posts/1', { comments: [] })
    await db.put('posts/1', { comments: [] })
    expect(summary(await db.put('posts/1/comments/c', 1, { expect: { absent: true } }))).toEqual([
      'NEW posts/1/comments/c@1',
    ])
    expect(summary(await db.put('posts/1/comments/c', 2, { expect: { version: 1 } }))).toEqual([
      'UPDATE posts/1/comments/c@2',
    ])
    const refused = await refusal(db.delete('posts/1/comments/c', { expect: { version: 1 } }))
    expect(refused).toMatchObject({ code: 'CONFLICT', path: 'posts/1/comments/c', version: 2 })
  })

  law(
    subject,
    'EX6 checks may name documents that are not written, and the first broken one changes nothing',
    async ({ db }) => {
      await db.put('stock/a', 1)
      const op = { kind: 'put', path: 'orders/1', value: {} } as const
      const check = { version: 2 }
      const broken = [
        { path: 'stock/a', expect: { version: 1 } },
        { path: 'stock/b', expect: { absent: true } },
        { path: 'stock/a', expect: check },
      ]
      expect(await refusal(db.transact([op], { checks: broken }))).toEqual({
        code: 'CONFLICT',
        path: 'stock/a',
        check,
        version: 1,
        value: 1,
      })
      expect(await db.document('orders/1')).toBeNull()
      expect(summary(await db.transact([op], { checks: broken.slice(0, 2) }))).toEqual(['NEW orders/1@1'])
    },
  )
}

function races(subject: DatabaseSubject): void {
  law(subject, 'EX7 of many writes that expect one version, exactly one passes', async ({ db }) => {
    await db.put('counter/1', 0)
    const outcomes = await Promise.allSettled(
      Array.from({ length: 40 }, (_, i) => db.put('counter/1', i, { expect: { version: 1 } })),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const codes = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [(outcome.reason as { code?: string }).code] : [],
    )
    expect(new Set(codes)).toEqual(new Set(['CONFLICT']))
    expect(await db.document('counter/1')).toMatchObject({ version: 2 })
  })

  law(subject, 'EX8 read, add one, write what was read plus one: nothing is lost', async ({ db }) => {
    await db.put('counter/1', 0)
    const addOne = async (): Promise<void> => {
      for (;;) {
        const read = await db.document('counter/1')
        const write = db.put('counter/1', Number(read?.value) + 1, { expect: { version: read?.version ?? 0 } })
        const done = await write.then(
          () => true,
          (error: unknown) => (error as { code?: string }).code !== 'CONFLICT' && Promise.reject(error),
        )
        if (done) return
      }
    }
    await Promise.all(Array.from({ length: 15 }, addOne))
    expect(await db.document('counter/1')).toMatchObject({ version: 16, value: 15 })
  })

  law(subject, 'EX9 a write that conflicts does not fail its neighbours', async ({ db }) => {
    await db.put('posts/1', 0)
    const writing = Array.from({ length: 60 }, (_, i) =>
      i % 3 === 0 ? db.put('posts/1', i, { expect: { version: 99 } }) : db.put(`posts/n${i}`, i),
    )
    const outcomes = await Promise.allSettled(writing)
    expect(outcomes.map(({ status }) => status)).toEqual(
      outcomes.map((_, i) => (i % 3 === 0 ? 'rejected' : 'fulfilled')),
    )
    expect((await db.documents('posts')).edges).toHaveLength(41)
  })

  law(
    subject,
    'EX10 checks make concurrent transactions serial: two doctors are never both off duty',
    async ({ db }) => {
      for (let round = 0; round < 15; round++) {
        const [ann, bob] = [`doctors/ann${round}`, `doctors/bob${round}`]
        await db.transact([
          { kind: 'put', path: ann, value: 'on' },
          { kind: 'put', path: bob, value: 'on' },
        ])
        const leave = (who: string, other: string): Promise<unknown> =>
          db.transact([{ kind: 'put', path: who, value: 'off' }], { checks: [{ path: other, expect: { version: 1 } }] })
        const outcomes = await Promise.allSettled([leave(ann, bob), leave(bob, ann)])
        expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
      }
    },
  )
}
