import { describe, expect } from 'vitest'
import type { Database, Reverted } from '../../../src/core/database.ts'
import { expectRefusal, law, refusal, START, summary, timestamp, type DatabaseSubject } from './subject.ts'

export function reverts(subject: DatabaseSubject): void {
  describe('revert of a commit', () => commits(subject))
  describe('revert of an actor', () => actors(subject))
  describe('what a revert leaves', () => conflicts(subject))
  describe('a revert that is repeated', () => repetitions(subject))
  describe('bounds of a revert', () => bounds(subject))
}

const applied = ({ applied: list }: Reverted): readonly string[] =>
  list.map(({ type, path, fields }) => [type, path, ...fields].join(' '))

function commits(subject: DatabaseSubject): void {
  law(subject, 'RV1 the delete of a tree is taken back by one commit', async ({ db }) => {
    await db.put('posts/1', { title: 'a', comments: [] })
    for (const id of ['x', 'y', 'z']) await db.put(`posts/1/comments/${id}`, { text: id })
    const { id } = await db.delete('posts/1')
    const reverted = await db.revert({ commit: id })
    expect(applied(reverted)).toEqual(['NEW posts/1', ...['x', 'y', 'z'].map((key) => `NEW posts/1/comments/${key}`)])
    expect(reverted.conflicts).toEqual([])
    expect(reverted.commit && summary(reverted.commit)[0]).toBe('NEW posts/1@3')
    expect(await db.get('posts/1')).toMatchObject({ title: 'a', comments: [{ id: 'x' }, { id: 'y' }, { id: 'z' }] })
  })

  law(subject, 'RV2 fields go back, what is new goes, and the rest stays', async ({ db }) => {
    await db.put('posts/1', { title: 'a', meta: { likes: 1, by: 'ann' }, tags: ['x'] })
    const { id } = await db.transact([
      {
        kind: 'patch',
        path: 'posts/1',
        patch: { merge: { title: 'b', meta: { likes: 2, of: { z: 1 } }, tags: ['y'] } },
      },
      { kind: 'post', path: 'posts', value: {}, id: '2' },
    ])
    await db.put('posts/1/meta/by', 'bob')
    const reverted = await db.revert({ commit: id })
    expect(applied(reverted)).toEqual(['UPDATE posts/1 title meta/likes meta/of tags', 'DELETE posts/2'])
    expect(await db.get('posts/1')).toEqual({ title: 'a', meta: { likes: 1, by: 'bob' }, tags: ['x'] })
    expect(await db.document('posts/2')).toBeNull()
  })

  law(subject, 'RV3 twice is once, and a revert of the revert brings it back', async ({ db }) => {
    await db.put('posts/1', { n: 1 })
    const { id } = await db.put('posts/1/n', 2)
    const first = await db.revert({ commit: id })
    expect(await db.revert({ commit: id })).toEqual({ commit: null, applied: [], conflicts: [] })
    expect(await db.document('posts/1')).toMatchObject({ version: 3, value: { n: 1 } })
    const again = await db.revert({ commit: first.commit?.id ?? '' })
    expect(applied(again)).toEqual(['UPDATE posts/1 n'])
    expect(await db.get('posts/1')).toEqual({ n: 2 })
  })

  law(subject, 'RV4 a dry run tells the same, and writes nothing', async ({ db }) => {
    await db.put('posts/1', { n: 1 })
    const { id } = await db.put('posts/1', { n: 2, m: 1 })
    await db.put('posts/1/m', 2)
    const dry = await db.revert({ commit: id }, { dryRun: true })
    expect((await db.log(['*'])).changes).toHaveLength(3)
    const real = await db.revert({ commit: id })
    expect(dry).toEqual({ ...real, commit: null })
    expect(applied(dry)).toEqual(['UPDATE posts/1 n'])
    expect(dry.conflicts).toMatchObject([{ path: 'posts/1', field: 'm', now: 2, wanted: null }])
  })

  law(subject, 'RV20 each document comes with its value after the revert, as long as values fit', async ({ db }) => {
    const long = 'x'.repeat(200_000)
    await db.put('posts/1', { n: 1, long })
    await db.put('posts/2', { n: 1, long })
    await db.put('posts/3', { n: 1 })
    const { id } = await db.transact([
      ...['1', '2', '3'].map((key) => ({ kind: 'put' as const, path: `posts/${key}/n`, value: 2 })),
      { kind: 'post', path: 'posts', id: '0', value: {} },
    ])
    const { applied: told } = await db.revert({ commit: id }, { dryRun: true })
    expect(told.map(({ path, value }) => [path, value])).toEqual([
      ['posts/0', null],
      ['posts/1', { n: 1, long }],
      ['posts/2', { n: 1, long }],
      ['posts/3', null],
    ])
  })

  law(
    subject,
    'RV5 with a key it is one commit, and the key stays free where there is nothing to do',
    async ({ db }) => {
      await db.put('posts/1', { n: 1 })
      const { id } = await db.put('posts/1/n', 2)
      const key = { key: 'undo' }
      expect((await db.revert({ commit: id }, { ...key, dryRun: true })).commit).toBeNull()
      const first = await db.revert({ commit: id }, key)
      const second = await db.revert({ commit: id }, key)
      expect(second).toMatchObject({
        commit: { id: 'undo', cursor: first.commit?.cursor, repeated: true },
        conflicts: [],
      })
      expect(applied(second)).toEqual(applied(first))
      await expectRefusal(db.revert({ actor: { actor: 'ann' } }, key), 'KEY_REUSED')
      expect((await db.revert({ commit: id }, { key: 'free' })).commit).toBeNull()
      expect(await db.put('posts/1/n', 3, { key: 'free' })).toMatchObject({ id: 'free', repeated: false })
    },
  )

  law(subject, 'RV6 what is not there, or not said in one way, is refused', async ({ db }) => {
    await expectRefusal(db.revert({ commit: 'nothing' }), 'NOT_FOUND')
    await expectRefusal(db.revert({ commit: 'x'.repeat(5_000) }), 'NOT_FOUND')
    for (const bad of [{}, { commit: 'a', actor: { actor: 'b' } }, { actor: { actor: '' } }]) {
      await expectRefusal(db.revert(bad as never), 'BAD_REQUEST')
    }
    await expectRefusal(db.revert({ actor: { actor: 'ann', from: 'yesterday' } }), 'BAD_REQUEST')
    await expectRefusal(db.revert({ actor: { actor: 'ann', paths: [] } }), 'BAD_REQUEST')
    await expectRefusal(db.revert({ actor: { actor: 'ann', paths: ['a//b'] } }), 'INVALID_PATH')
    expect(await db.revert({ actor: { actor: 'nobody' } })).toEqual({ commit: null, applied: [], conflicts: [] })
  })
}

/** Ada writes two posts; an hour later bob edits and makes some, and ada goes on. */
async function plantHour(ada: Database, bob: Database, clock: { time: number }): Promise<void> {
  await ada.put('posts/1', { title: 'Tides', likes: 1, tags: ['sea'] })
  await ada.put('posts/2', { title: 'Moons' })
  clock.time += 3_600_000
  await bob.put('posts/1/title', 'Bob was here')
  await bob.put('posts/1/title', 'Bob was here twice')
  await bob.put('posts/1/tags', ['bob'])
  await bob.post('posts', { title: 'Mine' }, { id: '3' })
  await bob.put('posts/3/title', 'Still mine')
  await bob.delete('posts/2')
  clock.time += 1_000
  await ada.put('posts/1/likes', 2)
  await ada.put('posts/1/tags', ['sea', 'moon'])
}

function actors(subject: DatabaseSubject): void {
  law(subject, 'RV7 what an actor did in a period is taken back, among the edits of others', async ({ as, clock }) => {
    const [ada, bob] = [as('ada'), as('bob')]
    await plantHour(ada, bob, clock)
    const what = { actor: { actor: 'bob', from: timestamp(START + 3_600_000), to: timestamp(START + 7_200_000) } }
    clock.time = START + 7_200_000
    const reverted = await ada.revert(what)
    expect(applied(reverted)).toEqual(['UPDATE posts/1 title', 'NEW posts/2', 'DELETE posts/3'])
    expect(reverted.conflicts).toEqual([
      { path: 'posts/1', field: 'tags', now: ['sea', 'moon'], wanted: ['sea'], by: 'ada' },
    ])
    expect(reverted.commit?.actor).toBe('ada')
    expect(await ada.get('posts/1')).toEqual({ title: 'Tides', likes: 2, tags: ['sea', 'moon'] })
    expect(await ada.get('posts/2')).toEqual({ title: 'Moons' })
    expect(await ada.document('posts/3')).toBeNull()
    expect((await ada.revert(what)).commit).toBeNull()
  })

  law(subject, 'RV8 a period and paths narrow it, a field to that field alone', async ({ as, clock }) => {
    const [ada, bob] = [as('ada'), as('bob')]
    await plantHour(ada, bob, clock)
    const before = { actor: { actor: 'bob', to: timestamp(START + 1_000) } }
    expect(applied(await ada.revert(before, { dryRun: true }))).toEqual([])
    const of = async (...paths: string[]): Promise<readonly string[]> =>
      applied(await ada.revert({ actor: { actor: 'bob', paths } }, { dryRun: true }))
    expect(await of('posts/3')).toEqual(['DELETE posts/3'])
    expect(await of('*/2', 'posts/3')).toEqual(['NEW posts/2', 'DELETE posts/3'])
    expect(await of('posts/*/title')).toEqual(['UPDATE posts/1 title', 'UPDATE posts/3 title'])
    expect(await of('nowhere')).toEqual([])
    expect(await of('*')).toEqual(['UPDATE posts/1 title', 'NEW posts/2', 'DELETE posts/3'])
  })

  law(subject, 'RV9 who reverts what he did himself gets what was before it', async ({ as }) => {
    const [ada, bob] = [as('ada'), as('bob')]
    await ada.put('posts/1', { n: 0 })
    for (const n of [1, 2, 3]) await bob.put('posts/1/n', n)
    expect(applied(await bob.revert({ actor: { actor: 'bob' } }))).toEqual(['UPDATE posts/1 n'])
    expect(await ada.get('posts/1/n')).toBe(0)
    expect((await bob.revert({ actor: { actor: 'bob' } })).commit).toBeNull()
  })
}

function conflicts(subject: DatabaseSubject): void {
  law(subject, 'RV10 a field that somebody wrote since stays, and is named with its writer', async ({ db, as }) => {
    const [ada, bob, eve] = [as('ada'), as('bob'), as('eve')]
    await ada.put('posts/1', { a: 1, b: 1, c: { d: 1 } })
    const { id } = await bob.put('posts/1', { a: 2, b: 2, c: { d: 2, e: 2 } })
    await eve.put('posts/1/a', 3)
    await ada.put('posts/1/c', 'none')
    await ada.put('posts/1', { a: 3, b: 2, c: 'none', other: 1 })
    const reverted = await db.revert({ commit: id })
    expect(applied(reverted)).toEqual(['UPDATE posts/1 b'])
    expect(reverted.conflicts).toEqual([
      { path: 'posts/1', field: 'a', now: 3, wanted: 1, by: 'eve' },
      { path: 'posts/1', field: 'c/d', now: null, wanted: 1, by: 'ada' },
    ])
  })

  law(subject, 'RV11 a document that somebody wrote since stays whole', async ({ db, as }) => {
    const [ada, bob] = [as('ada'), as('bob')]
    const made = await bob.put('posts/1', { a: 1 })
    await ada.put('posts/1/b', 2)
    expect((await db.revert({ commit: made.id })).conflicts).toEqual([
      { path: 'posts/1', field: '', now: { a: 1, b: 2 }, wanted: null, by: 'ada' },
    ])
    const gone = await bob.delete('posts/1')
    await ada.put('posts/1', { c: 3 })
    expect(await db.revert({ commit: gone.id })).toEqual({
      commit: null,
      applied: [],
      conflicts: [{ path: 'posts/1', field: '', now: { c: 3 }, wanted: { a: 1, b: 2 }, by: 'ada' }],
    })
  })

  law(
    subject,
    'RV12 a document stays while others live below it, and comes back only below a parent',
    async ({ db, as }) => {
      const [ada, bob] = [as('ada'), as('bob')]
      const made = await bob.put('posts/1', { comments: [] })
      await ada.put('posts/1/comments/x', {})
      expect((await db.revert({ commit: made.id })).conflicts).toEqual([
        { path: 'posts/1', field: '', now: { comments: [] }, wanted: null, by: 'ada' },
      ])
      const gone = await bob.delete('posts/1/comments/x')
      await ada.delete('posts/1')
      expect((await db.revert({ commit: gone.id })).conflicts).toEqual([
        { path: 'posts/1/comments/x', field: '', now: null, wanted: {}, by: 'ada' },
      ])
      const tree = await bob.transact([
        { kind: 'put', path: 'posts/2', value: { comments: [] } },
        { kind: 'put', path: 'posts/2/comments/x', value: {} },
      ])
      expect(applied(await db.revert({ commit: tree.id }))).toEqual(['DELETE posts/2', 'DELETE posts/2/comments/x'])
    },
  )

  law(subject, 'RV13 a field whose name a collection has taken stays away', async ({ db, as }) => {
    await db.put('posts/1', { comments: 'none', n: 1 })
    const { id } = await as('bob').put('posts/1', { n: 2 })
    await as('ada').post('posts/1/comments', {}, { id: 'x' })
    const reverted = await db.revert({ commit: id })
    expect(applied(reverted)).toEqual(['UPDATE posts/1 n'])
    expect(reverted.conflicts).toMatchObject([{ path: 'posts/1', field: 'comments', now: null, wanted: 'none' }])
    expect(await db.get('posts/1')).toMatchObject({ n: 1, comments: [{ id: 'x' }] })
  })

  law(subject, 'RV14 conflicts and changes come in the order of paths and fields', async ({ db, as }) => {
    const ops = ['posts/9', 'posts/10', 'a/1', 'posts/1'].map((path) => ({
      kind: 'put' as const,
      path,
      value: { b: 1, a: 1 },
    }))
    await db.transact(ops)
    const { id } = await as('bob').transact(ops.map((op) => ({ ...op, value: { b: 2, a: 2, c: 2 } })))
    for (const { path } of ops) await as('ada').put(path, { b: 3, a: 3, c: 2 })
    const { conflicts: found, ...reverted } = await db.revert({ commit: id })
    const paths = ['a/1', 'posts/1', 'posts/10', 'posts/9']
    expect(applied({ ...reverted, conflicts: found })).toEqual(paths.map((path) => `UPDATE ${path} c`))
    expect(found.map(({ path, field }) => `${path} ${field}`)).toEqual(
      paths.flatMap((path) => [`${path} a`, `${path} b`]),
    )
  })
}

function repetitions(subject: DatabaseSubject): void {
  const bobsWrites = { actor: { actor: 'bob' } }

  law(subject, 'RV17 twice is once where the document was deleted and made again', async ({ db, as }) => {
    const [ada, bob] = [as('ada'), as('bob')]
    await ada.put('posts/1', { x: 2 })
    await bob.delete('posts/1')
    await bob.put('posts/1', { x: 1, y: 1 })
    await bob.put('posts/1/x', 2)
    expect(applied(await db.revert(bobsWrites))).toEqual(['UPDATE posts/1'])
    expect(await db.get('posts/1')).toEqual({ x: 2 })
    expect(await db.revert(bobsWrites)).toEqual({ commit: null, applied: [], conflicts: [] })
  })

  law(subject, 'RV18 twice is once where something else was put in the place of an object', async ({ db, as }) => {
    const [ada, bob] = [as('ada'), as('bob')]
    await ada.put('posts/1', { o: 'x', a: 0 })
    await bob.put('posts/1', { o: { y: 1 }, a: 1 })
    await ada.put('posts/1/o/z', 2)
    await bob.put('posts/1/o', 'x')
    expect(applied(await db.revert(bobsWrites))).toEqual(['UPDATE posts/1 o a'])
    const value = { o: { y: 1, z: 2 }, a: 0 }
    expect(await db.get('posts/1')).toEqual(value)
    expect((await db.revert(bobsWrites)).commit).toBeNull()
    expect(await db.get('posts/1')).toEqual(value)
  })

  for (const array of [{}, { c: [] }] as const) {
    law(
      subject,
      `RV19 twice is once where a collection has taken the name of a field (${JSON.stringify(array)})`,
      async ({ db, as }) => {
        const [ada, bob] = [as('ada'), as('bob')]
        await ada.put('posts/1', { c: 1, n: 1 })
        await bob.delete('posts/1')
        await bob.put('posts/1', { n: 2, m: 1, ...array })
        await bob.put('posts/1/n', 1)
        await ada.post('posts/1/c', {}, { id: 'x' })
        await ada.delete('posts/1/c/x')
        const first = await db.revert(bobsWrites)
        expect(first.conflicts).toMatchObject([{ path: 'posts/1', field: 'c', now: array.c ?? null, wanted: 1 }])
        expect(await db.document('posts/1')).toMatchObject({ value: { n: 1, ...array } })
        expect(await db.revert(bobsWrites)).toEqual({ commit: null, applied: [], conflicts: first.conflicts })
        expect(await db.document('posts/1')).toMatchObject({ value: { n: 1, ...array } })
      },
    )
  }
}

function bounds(subject: DatabaseSubject): void {
  law(
    subject,
    'RV15 more documents, versions or bytes than one revert may take back are TOO_LARGE, and nothing changes',
    async ({ as, clock }) => {
      const bob = as('bob')
      for (let i = 0; i < 6; i++) await bob.put(`posts/${i % 3}`, { i })
      const all = { actor: { actor: 'bob' } }
      expect(applied(await bob.revert(all, { dryRun: true }))).toHaveLength(3)
      clock.time += 1
      await bob.put('posts/3', {})
      expect(await refusal(bob.revert(all))).toMatchObject({ code: 'TOO_LARGE', limit: 'documents', max: 3 })
      expect(
        applied(await bob.revert({ actor: { actor: 'bob', to: timestamp(START) } }, { dryRun: true })),
      ).toHaveLength(3)
      const some = { actor: { actor: 'bob', paths: ['posts/1'] } }
      expect(applied(await bob.revert(some, { dryRun: true }))).toEqual(['DELETE posts/1'])
      for (let i = 0; i < 7; i++) await bob.put('posts/1', { i })
      expect(await refusal(bob.revert(some))).toMatchObject({ code: 'TOO_LARGE', limit: 'revertedVersions', max: 7 })
      await bob.put('posts/2', { text: 'x'.repeat(2_000) })
      expect(await refusal(bob.revert({ actor: { actor: 'bob', paths: ['posts/2'] } }))).toMatchObject({
        code: 'TOO_LARGE',
        limit: 'revertedBytes',
      })
    },
    { documents: 3, revertedVersions: 7, revertedBytes: 2_000 },
  )

  law(
    subject,
    'RV16 conflicts that are too large together are TOO_LARGE, and nothing is written',
    async ({ db }) => {
      await db.put('posts/1', { a: 'x', b: 1 })
      const { id } = await db.put('posts/1', { a: 'y', b: 2 })
      await db.put('posts/1/a', 'z'.repeat(2_000))
      expect(await refusal(db.revert({ commit: id }))).toMatchObject({ code: 'TOO_LARGE', limit: 'pageBytes' })
      expect(await db.document('posts/1')).toMatchObject({ version: 3 })
    },
    { pageBytes: 1_000 },
  )
}
