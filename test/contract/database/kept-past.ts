import { describe, expect } from 'vitest'
import type { Database } from '../../../src/core/database.ts'
import { until } from '../../support/time/until.ts'
import {
  expectRefusal,
  law,
  reasons,
  refusal,
  START,
  summary,
  timestamp,
  type DatabaseSubject,
  type Fixture,
} from './subject.ts'

const SECRET = 'tide-and-time'
const HOUR = 3_600_000
const RETENTION = '_system/retention'

/** What brings the past back or compares with it, where purges and retention have removed something. */
export function keptPasts(subject: DatabaseSubject): void {
  describe('the past beside purges', () => {
    purgedDocuments(subject)
    purgedCommits(subject)
  })
  describe('the past beside retention', () => {
    belowTheFloor(subject)
    systemDocuments(subject)
  })
}

async function names(db: Database, path: string | null, options = {}): Promise<readonly (string | number | null)[]> {
  const page = await db.collections(path, options)
  return page?.edges.flatMap(({ node }) => [node.name, node.documents]) ?? [null]
}

function purgedDocuments(subject: DatabaseSubject): void {
  law(
    subject,
    'KP1 a collection of which all documents were purged is none, now or before; an empty array declares one',
    async ({ db }) => {
      await db.put('posts/1', { comments: [] })
      await db.put('notes/1', SECRET)
      const { cursor } = await db.post('posts/1/comments', SECRET, { id: 'c' })
      const then = { asOf: { cursor } }
      expect([await names(db, null, then), await names(db, 'posts/1', then)]).toEqual([
        ['notes', 1, 'posts', 1],
        ['comments', 1],
      ])
      await db.purge('notes')
      await db.purge('posts/1/comments/c')
      expect([await names(db, null), await names(db, null, then)]).toEqual([
        ['posts', 1],
        ['posts', 1],
      ])
      expect([await names(db, 'posts/1'), await names(db, 'posts/1', then)]).toEqual([
        ['comments', 0],
        ['comments', 0],
      ])
      await db.put('posts/1', {})
      expect(await names(db, 'posts/1')).toEqual([])
      await db.put('notes/1', 'again')
      expect([await names(db, null), await names(db, null, then)]).toEqual([
        ['notes', 1, 'posts', 1],
        ['posts', 1],
      ])
      await db.purge('posts/1')
      expect([await names(db, 'posts/1'), await names(db, 'posts/1', then)]).toEqual([[null], [null]])
    },
  )

  law(subject, 'KP2 in a difference a purged version is nothing', async ({ db }) => {
    await db.put('posts/1', { title: SECRET })
    const { cursor } = await db.put('posts/1', { title: `${SECRET} 2` })
    await db.purge('posts/1')
    expect(await db.diff('posts/1', { from: { version: 1 } })).toEqual([])
    await db.put('posts/1', { title: 'new' })
    const added = [{ op: 'add', path: '', value: { title: 'new' } }]
    for (const from of [{ version: 2 }, { version: 3 }, { cursor }]) {
      expect(await db.diff('posts/1', { from })).toEqual(added)
    }
    expect(await db.diff('posts/1/title', { from: { cursor } })).toEqual([{ op: 'add', path: '', value: 'new' }])
  })

  law(
    subject,
    'KP3 the log and the histories of an actor have the marks of what this actor wrote',
    async ({ db, as }) => {
      await as('ada').put('posts/1', { title: SECRET })
      await as('bob').put('posts/1', { title: `${SECRET} 2` })
      await as('eve').purge('posts/1')
      expect(reasons(await db.log(['posts'], { actor: 'ada' }))).toEqual(['DELETE PURGED posts/1@1'])
      expect(reasons(await db.log(['posts'], { last: 2 }))).toEqual([
        'DELETE PURGED posts/1@2',
        'DELETE PURGED posts/1@3',
      ])
      for (const path of ['posts/1', 'posts']) {
        const { edges } = await db.history(path, { actor: 'bob' })
        expect(edges.map(({ node }) => [node.version, node.value, node.actor])).toEqual([[2, null, 'bob']])
      }
      expect(JSON.stringify(await db.log(['posts'], { where: `value.title == "${SECRET}"` }))).not.toContain(
        `"${SECRET}`,
      )
    },
  )

  law(subject, 'KP4 a restore takes a purged version for nothing', async ({ db }) => {
    await db.put('posts/1', { title: SECRET, comments: [] })
    await db.put('posts/1/comments/a', SECRET)
    const { cursor } = await db.put('posts/1/comments/b', 'kept')
    await db.purge('posts/1/comments/a')
    await expectRefusal(db.restore('posts/1/comments/a', { cursor }), 'NOT_FOUND')
    await db.delete('posts/1')
    await db.restore('posts/1', { cursor }, { scope: 'TREE' })
    expect(await db.get('posts/1')).toMatchObject({ comments: [{ id: 'b', value: 'kept' }] })
    await db.purge('posts/1')
    for (const scope of ['DOCUMENT', 'TREE'] as const) {
      await expectRefusal(db.restore('posts/1', { cursor }, { scope }), 'NOT_FOUND')
    }
    await expectRefusal(db.restore('posts', { cursor }, { scope: 'TREE' }), 'NOT_FOUND')
    await db.put('posts/1', { title: 'new' })
    await db.restore('posts/1/title', { cursor })
    expect(await db.get('posts/1')).toEqual({})
    expect(summary(await db.restore('posts/1', { cursor }))).toEqual(['DELETE posts/1@7'])
  })
}

function purgedCommits(subject: DatabaseSubject): void {
  law(subject, 'KP5 a revert leaves what was purged, and takes the rest of its commit back', async ({ db, as }) => {
    await db.put('posts/1', { title: SECRET })
    await db.put('posts/2', { title: 'before' })
    const { id } = await as('ada').transact([
      { kind: 'put', path: 'posts/1/title', value: `${SECRET} 2` },
      { kind: 'put', path: 'posts/2/title', value: 'after' },
    ])
    const { id: removal } = await as('ada').delete('posts/1')
    const { id: purge } = await db.purge('posts/1')
    for (const what of [{ commit: removal }, { commit: purge }]) {
      expect(await db.revert(what)).toEqual({ commit: null, applied: [], conflicts: [] })
    }
    const reverted = await db.revert({ commit: id })
    expect([reverted.applied.map(({ path }) => path), reverted.conflicts]).toEqual([['posts/2'], []])
    await db.put('posts/1', { title: 'new' })
    expect(await db.revert({ actor: { actor: 'ada' } })).toEqual({ commit: null, applied: [], conflicts: [] })
    expect([await db.get('posts/1'), await db.get('posts/2')]).toEqual([{ title: 'new' }, { title: 'before' }])
  })

  law(subject, 'KP6 what is purged while a restore or a revert runs does not come back', async ({ db }) => {
    for (let round = 0; round < 12; round++) {
      const [path, other] = [`posts/${round}`, `notes/${round}`]
      const { cursor } = await db.put(path, { title: SECRET })
      await db.put(other, SECRET)
      const { id } = await db.delete(other)
      const quiet = (write: Promise<unknown>): Promise<unknown> => write.catch(() => null)
      await Promise.all([
        quiet(db.restore(path, { cursor })),
        quiet(db.revert({ commit: id })),
        quiet(db.restore(`${path}/title`, { cursor })),
        db.purge(path),
        db.purge(other),
        ...(round % 2 === 0 ? [db.put(path, { title: 'new' }), db.put(other, 'new')] : []),
        quiet(db.restore(path, { cursor }, { scope: 'TREE' })),
        quiet(db.revert({ commit: id })),
      ])
      for (const document of [path, other]) {
        expect(JSON.stringify(await db.history(document)), document).not.toContain(SECRET)
      }
    }
  })
}

/** `a/1` with a version each hour, of which the last three are kept, and `b/1`, of which all are. */
async function thinned({ db, as, clock }: Fixture): Promise<{ readonly commit: string }> {
  await as('ada').put('b/1', { n: 0 })
  let commit = ''
  for (let n = 1; n <= 8; n++) {
    const ops = [
      { kind: 'put', path: 'a/1', value: { n } },
      { kind: 'put', path: 'b/1/n', value: n },
    ] as const
    const { id } = await as('ada').transact(ops)
    if (n === 2) commit = id
    clock.time += HOUR
  }
  await db.put(RETENTION, { log: { maxAgeMs: HOUR / 2 }, paths: [{ path: 'a', versions: { last: 3 } }] })
  await until(async () => expect((await db.history('a/1')).edges).toHaveLength(3))
  return { commit }
}

function at(hours: number): { readonly time: string } {
  return { time: timestamp(START + hours * HOUR) }
}

function belowTheFloor(subject: DatabaseSubject): void {
  law(
    subject,
    'KP7 a restore, a revert and a difference are exact, or HISTORY_EXPIRED where something is gone',
    async (fixture) => {
      const { db } = fixture
      const { commit } = await thinned(fixture)
      const refused = [
        () => db.restore('a/1', at(2)),
        () => db.restore('a/1', { version: 2 }),
        () => db.restore('a', at(2), { scope: 'TREE' }),
        () => db.diff('a/1', { from: at(2) }),
        () => db.revert({ commit }),
        () => db.revert({ commit }, { dryRun: true }),
        () => db.revert({ actor: { actor: 'ada' } }),
        () => db.revert({ actor: { actor: 'ada', paths: ['a'] } }),
      ]
      for (const run of refused) expect((await refusal(run())).code).toBe('HISTORY_EXPIRED')
      expect(await db.diff('b/1', { from: at(1.5) })).toEqual([{ op: 'replace', path: '/n', value: 8 }])
      expect(await db.diff('a/1', { from: { version: 6 } })).toEqual([{ op: 'replace', path: '/n', value: 8 }])
      expect(summary(await db.restore('b/1', at(1.5)))).toEqual(['UPDATE b/1@10'])
      expect(summary(await db.restore('a/1', { version: 6 }))).toEqual(['UPDATE a/1@9'])
      expect([await db.get('a/1'), await db.get('b/1')]).toEqual([{ n: 6 }, { n: 2 }])
    },
  )

  law(subject, 'KP8 a period of the log below the floor is HISTORY_EXPIRED with the floor', async (fixture) => {
    const { db } = fixture
    await thinned(fixture)
    for (const period of [{ from: at(2).time }, { to: at(2).time }, { from: at(0).time, last: 10 }]) {
      expect([period, await refusal(db.log(['*'], period))]).toEqual([
        period,
        { code: 'HISTORY_EXPIRED', floor: expect.any(String) as string },
      ])
    }
    expect(summary(await db.log(['a', 'b'], { from: timestamp(fixture.clock.time) }))).toEqual([])
    expect((await db.log(['a', 'b'], { last: 10 })).changes).toEqual([])
  })
}

function systemDocuments(subject: DatabaseSubject): void {
  law(subject, 'KP9 of the documents of the system only the retention goes back, checked', async ({ db, as }) => {
    const { cursor, id } = await as('ada').put(RETENTION, { paths: [] })
    await as('ada').put(RETENTION, { paths: [{ path: 'a', documents: { last: 3 } }] })
    await db.restore(RETENTION, { cursor })
    expect(await db.get(RETENTION)).toEqual({ paths: [] })
    await expectRefusal(db.restore('_system/sweep', { cursor }), 'INVALID_PATH')
    expect((await refusal(db.restore('_system', { cursor }, { scope: 'TREE' }))).code).toBe('INVALID_PATH')
    for (let n = 0; n < 5; n++) await db.post('a', n)
    await db.put(RETENTION, { paths: [{ path: 'a', documents: { last: 3 } }] })
    await until(async () => expect((await db.documents('a')).edges).toHaveLength(3))
    await until(async () => expect(await db.get('_system/sweep')).toMatchObject({ expiredDocuments: 2 }))
    const { applied } = await db.revert({ actor: { actor: 'sys:retention' } }, { dryRun: true })
    expect(applied.map(({ path, type }) => [path.split('/')[0], type])).toEqual([
      ['a', 'NEW'],
      ['a', 'NEW'],
    ])
    await db.revert({ commit: id })
    expect(await names(db, null)).toEqual(['a', 3])
  })
}
