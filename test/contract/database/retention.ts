import { describe, expect } from 'vitest'
import type { Json } from '../../../src/core/json/json.ts'
import type { Database } from '../../../src/core/database.ts'
import { until } from '../../support/time/until.ts'
import {
  expectRefusal,
  following,
  law,
  reading,
  reasons,
  refusal,
  START,
  summary,
  timestamp,
  type Clock,
  type DatabaseSubject,
  type Fixture,
} from './subject.ts'

const HOUR = 3_600_000
const RETENTION = '_system/retention'

/** A version of `a/1` each hour, from the start on. */
async function hourly({ db, clock }: Fixture, count: number): Promise<void> {
  for (let n = 1; n <= count; n++) {
    await db.put('a/1', { n })
    clock.time += HOUR
  }
}

async function numbers(db: Database, path: string): Promise<readonly number[]> {
  return (await db.history(path)).edges.map(({ node }) => node.version)
}

function at(hours: number): { readonly asOf: { readonly time: string } } {
  return { asOf: { time: timestamp(START + hours * HOUR) } }
}

export function retentions(subject: DatabaseSubject): void {
  describe('retention: the document', () => rules(subject))
  describe('retention: versions', () => thinning(subject))
  describe('retention: the floor', () => floors(subject))
  describe('retention: documents', () => expiring(subject))
}

function rules(subject: DatabaseSubject): void {
  law(
    subject,
    'RT1 the retention is a document that the ordinary verbs write, checked when it is written',
    async ({ db }) => {
      const value = {
        log: { maxAgeMs: 30 * 24 * HOUR },
        paths: [{ path: 'sensors/*/readings', versions: { last: 1 }, documents: { last: 1_000 } }],
      }
      await db.put(RETENTION, value)
      expect(await db.get(RETENTION)).toEqual(value)
      await db.patch(RETENTION, { merge: { log: { maxAgeMs: 24 * HOUR } } })
      expect(await refusal(db.patch(RETENTION, { merge: { log: { maxAgeMs: 'long' } } }))).toEqual({
        code: 'INVALID_VALUE',
        at: '/log/maxAgeMs',
      })
      expect(await db.get(`${RETENTION}/log`)).toEqual({ maxAgeMs: 24 * HOUR })
      await db.delete(RETENTION)
      expect(await db.get(RETENTION)).toBeNull()
    },
  )

  const wrong: readonly (readonly [value: Json, at: string])[] = [
    [null, ''],
    [{ logs: {} }, '/logs'],
    [{ log: {} }, '/log/maxAgeMs'],
    [{ log: { maxAgeMs: 59_999 } }, '/log/maxAgeMs'],
    [{ log: { maxAgeMs: 1.5e9 + 0.5 } }, '/log/maxAgeMs'],
    [{ paths: {} }, '/paths'],
    [{ paths: [{ path: 'a' }] }, '/paths/0'],
    [{ paths: [{ path: 'a/1', versions: { last: 1 } }] }, '/paths/0/path'],
    [{ paths: [{ path: '_system', versions: { last: 1 } }] }, '/paths/0/path'],
    [{ paths: [{ path: 'a//b', versions: { last: 1 } }] }, '/paths/0/path'],
    [{ paths: [{ path: 'a', versions: {} }] }, '/paths/0/versions'],
    [{ paths: [{ path: 'a', versions: { last: 0 } }] }, '/paths/0/versions/last'],
    [{ paths: [{ path: 'a', documents: { maxAgeMs: 5, 'x/y': 1 } }] }, '/paths/0/documents/x~1y'],
    [{ paths: Array.from({ length: 101 }, () => ({ path: 'a', versions: { last: 1 } })) }, '/paths'],
  ]
  law(subject, 'RT2 what is no retention is refused with the place, and nothing is written', async ({ db }) => {
    for (const [value, place] of wrong) {
      expect([value, await refusal(db.put(RETENTION, value))]).toEqual([value, { code: 'INVALID_VALUE', at: place }])
    }
    expect(await db.get(RETENTION)).toBeNull()
  })

  law(
    subject,
    'RT3 of the paths of the system only this one is open, and no pattern with * shows it',
    async ({ db }) => {
      await db.put(RETENTION, { paths: [] })
      for (const path of ['_system', '_system/other', '_other/retention', `${RETENTION.slice(0, -1)}x`]) {
        await expectRefusal(db.put(path, {}), 'INVALID_PATH', path)
      }
      await expectRefusal(db.put('_system/sweep', {}), 'INVALID_PATH', '_system/sweep')
      await expectRefusal(db.put(`${RETENTION}/paths/0`, {}), 'INVALID_PATH')
      await expectRefusal(db.purge(RETENTION), 'INVALID_PATH')
      expect(await db.get('_system/sweep')).toBeNull()
      await db.put('a/1', 1)
      expect(summary(await db.log(['*', '*/*']))).toEqual(['NEW a/1@1'])
      expect(summary(await db.log([RETENTION]))).toEqual([`NEW ${RETENTION}@1`])
      await reading(db.live(['*']), async (reader) => expect(await reader.upToDate()).toEqual(['NEW a/1@1']))
    },
  )
}

function thinning(subject: DatabaseSubject): void {
  law(
    subject,
    'RT4 of each document the newest versions stay, as many as the rule says, once the floor is above',
    async (fixture) => {
      const { db } = fixture
      await hourly(fixture, 8)
      await db.put('b/1', 1)
      await db.put(RETENTION, { log: { maxAgeMs: HOUR / 2 }, paths: [{ path: 'a', versions: { last: 3 } }] })
      await until(async () => expect(await numbers(db, 'a/1')).toEqual([6, 7, 8]))
      expect(await db.get('a/1')).toEqual({ n: 8 })
      expect(await numbers(db, 'b/1')).toEqual([1])
    },
  )

  law(subject, 'RT5 versions above the floor stay, and so does the newest at the floor', async (fixture) => {
    const { db } = fixture
    await hourly(fixture, 8)
    await db.put(RETENTION, { log: { maxAgeMs: 3.5 * HOUR }, paths: [{ path: '*', versions: { last: 1 } }] })
    // The floor is at the fifth version: it was there four hours ago.
    await until(async () => expect(await numbers(db, 'a/1')).toEqual([5, 6, 7, 8]))
    const seen: unknown[] = []
    for (const hours of [4.5, 5, 6, 7, 8]) seen.push(await db.get('a/1', at(hours)))
    expect(seen).toEqual([5, 6, 7, 8, 8].map((n) => ({ n })))
  })

  law(subject, 'RT6 versions that are too old go, and without log none does', async (fixture) => {
    const { db } = fixture
    await hourly(fixture, 8)
    await db.put('b/1', 1)
    const paths = [{ path: 'a', versions: { maxAgeMs: 5.5 * HOUR } }]
    await db.put(RETENTION, { paths: [...paths, { path: 'b', documents: { maxAgeMs: 1_000 } }] })
    fixture.clock.time += HOUR / 10
    await until(async () => expect(await db.get('b/1')).toBeNull())
    expect(await numbers(db, 'a/1')).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    await db.put(RETENTION, { log: { maxAgeMs: HOUR / 2 }, paths })
    // Of what was written more than 5.5 hours ago, the newest was there at that time: it stays.
    await until(async () => expect(await numbers(db, 'a/1')).toEqual([3, 4, 5, 6, 7, 8]))
  })

  law(
    subject,
    'RT7 the first rule that names a collection counts, and none counts for what is nested',
    async (fixture) => {
      const { db, clock } = fixture
      for (let n = 1; n <= 4; n++) {
        for (const path of ['a/1', 'b/1', 'b/1/c/1']) {
          await (n === 1 ? db.put(path, path === 'b/1' ? { c: [] } : n) : db.put(path, path === 'b/1' ? { n } : n))
        }
        clock.time += HOUR
      }
      await db.put(RETENTION, {
        log: { maxAgeMs: HOUR / 2 },
        paths: [
          { path: 'a', versions: { last: 2 } },
          { path: '*', versions: { last: 1 } },
        ],
      })
      await until(async () => expect([await numbers(db, 'a/1'), await numbers(db, 'b/1')]).toEqual([[3, 4], [4]]))
      expect(await numbers(db, 'b/1/c/1')).toEqual([1, 2, 3, 4])
    },
  )
}

/** Waits until the floor has come to this hour. */
async function floorAt(db: Database, hours: number): Promise<void> {
  await until(async () => {
    expect((await refusal(Promise.resolve(db.get('a/1', at(hours - 1))))).code).toBe('HISTORY_EXPIRED')
  })
}

function floors(subject: DatabaseSubject): void {
  law(subject, 'RT8 a past read below the floor is exact or HISTORY_EXPIRED with the floor', async (fixture) => {
    const { db } = fixture
    await db.put('b/1', 'kept')
    await hourly(fixture, 8)
    await db.put('b/1', 'kept, too')
    await db.put(RETENTION, { log: { maxAgeMs: HOUR / 2 }, paths: [{ path: 'a', versions: { last: 3 } }] })
    await floorAt(db, 4)
    expect(await db.get('b/1', at(1))).toBe('kept')
    expect(await db.get('a/1', at(6))).toEqual({ n: 7 })
    const refused = await refusal(db.get('a', at(2)))
    expect(refused.code).toBe('HISTORY_EXPIRED')
    const floor = String(refused['floor'])
    expect(await db.get('a/1', { asOf: { cursor: floor } })).toEqual({ n: 8 })
    for (const asOf of [at(2).asOf, { version: 2 }]) {
      expect((await refusal(db.document('a/1', { asOf }))).code).toBe('HISTORY_EXPIRED')
    }
    expect((await refusal(db.documents('a', at(2)))).code).toBe('HISTORY_EXPIRED')
    expect((await db.document('a/1', { asOf: { version: 7 } }))?.value).toEqual({ n: 7 })
    expect((await refusal(db.document('a/1', { asOf: { version: 99 } }))).code).toBe('NOT_FOUND')
  })

  law(subject, 'RT9 a history gives what is left, and says when something is not', async (fixture) => {
    const { db } = fixture
    await db.put('b/1', 'kept')
    await hourly(fixture, 8)
    await db.put(RETENTION, { log: { maxAgeMs: HOUR / 2 }, paths: [{ path: 'a', versions: { last: 3 } }] })
    await floorAt(db, 4)
    await until(async () => expect(await numbers(db, 'a/1')).toEqual([6, 7, 8]))
    const truncated = async (path: string, options = {}): Promise<boolean> =>
      (await db.history(path, options)).truncated
    expect(await truncated('a/1')).toBe(true)
    expect(await truncated('a/1/n')).toBe(true)
    expect(await truncated('a')).toBe(true)
    expect(await truncated('a/1', { from: timestamp(START + 6 * HOUR) })).toBe(false)
    expect(await truncated('b/1')).toBe(false)
    const { edges } = await db.history('a')
    expect(edges.map(({ node }) => node.version)).toEqual([6, 7, 8])
  })

  law(
    subject,
    'RT10 changes and the log below the floor are CURSOR_EXPIRED with the floor, live is reset',
    async (fixture) => {
      const { db } = fixture
      const { cursor: after } = await db.put('b/1', 'kept')
      await hourly(fixture, 4)
      await db.put(RETENTION, { log: { maxAgeMs: HOUR / 2 }, paths: [{ path: 'a', versions: { last: 1 } }] })
      await until(async () => expect((await refusal(db.log(['a'], { after }))).code).toBe('CURSOR_EXPIRED'))
      const floor = String((await refusal(db.log(['a'], { after })))['floor'])
      await following(db, ['a'], { after }, async (reader) => {
        expect(await refusal(reader.next())).toEqual({ code: 'CURSOR_EXPIRED', floor })
      })
      await following(db, ['a'], { after: floor }, async (reader) => void (await reader.upToDate()))
      await reading(db.live(['a', 'b'], { after }), async (reader) => {
        expect((await reader.upToDate()).toSorted()).toEqual(['NEW a/1@4', 'NEW b/1@1'])
        expect(reader.batches[0]?.reset).toBe('CURSOR_EXPIRED')
      })
      await following(db, ['a'], { start: 'BEGINNING' }, async (reader) => void (await reader.upToDate()))
      await following(db, ['a'], { last: 3 }, async (reader) => void (await reader.upToDate()))
    },
  )
}

async function posts(db: Database, clock: Clock, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    // The order of ids is not that of time.
    await db.post('a', { n }, { id: String((n * 7) % count) })
    clock.time += 1_000
  }
}

async function kept(db: Database): Promise<readonly Json[]> {
  const { edges } = await db.documents('a', { first: 1_000 })
  return edges.map(({ node }) => (node.value as { readonly n: number }).n).toSorted((a, b) => a - b)
}

function expiring(subject: DatabaseSubject): void {
  law(
    subject,
    'RT11 of a collection the newest documents stay, the others are deleted by ordinary commits',
    async ({ db, clock }) => {
      await posts(db, clock, 12)
      await following(db, ['a'], {}, async (reader) => {
        await reader.upToDate()
        await db.put(RETENTION, { paths: [{ path: 'a', documents: { last: 5 } }] })
        await reader.until(7)
        const changes = reader.batches.flatMap((batch) => batch.changes)
        expect(
          changes.every(
            ({ type, reason, document }) =>
              type === 'DELETE' && reason === 'EXPIRED' && document.actor === 'sys:retention',
          ),
        ).toBe(true)
      })
      expect(await kept(db)).toEqual([7, 8, 9, 10, 11])
      await db.post('a', { n: 12 })
      await until(async () => expect(await kept(db)).toEqual([8, 9, 10, 11, 12]))
      expect(
        reasons(await db.log(['a'], { types: ['DELETE'] })).every((each) => each.startsWith('DELETE EXPIRED')),
      ).toBe(true)
    },
  )

  law(subject, 'RT12 documents that are too old are deleted, with everything below them', async ({ db, clock }) => {
    await posts(db, clock, 6)
    await db.put('a/0', { n: 0, c: [] })
    await db.post('a/0/c', 'nested')
    await db.put(RETENTION, { paths: [{ path: 'a', documents: { maxAgeMs: 3_500 } }] })
    await until(async () => expect(await kept(db)).toEqual([3, 4, 5]))
    expect(await db.get('a/0/c')).toEqual([])
    clock.time += 1_000
    await until(async () => expect(await kept(db)).toEqual([4, 5]))
    clock.time += HOUR
    await until(async () => expect(await kept(db)).toEqual([]))
  })

  law(subject, 'RT13 each collection that a pattern names is looked at by itself', async ({ db }) => {
    for (const sensor of ['s', 't']) {
      await db.put(`sensors/${sensor}`, { readings: [] })
      for (let n = 0; n < 4; n++) await db.post(`sensors/${sensor}/readings`, n)
    }
    await db.put(RETENTION, { paths: [{ path: 'sensors/*/readings', documents: { last: 2 } }] })
    const left = (sensor: string): Promise<number> =>
      db.documents(`sensors/${sensor}/readings`).then(({ edges }) => edges.length)
    await until(async () => expect([await left('s'), await left('t')]).toEqual([2, 2]))
    expect((await db.documents('sensors')).edges).toHaveLength(2)
  })
}
