import { describe, expect, test } from 'vitest'
import { ask, expectAlive, openServer, type Answer } from '../support/server/fixture.ts'

const PATCH = 'mutation ($p: Path!, $m: JSON!) { patch(path: $p, patch: { merge: $m }) { changes { fields } } }'

const keys = (count: number): Record<string, unknown> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 1]))
const leaves = (thousands: number): Record<string, unknown> =>
  Object.fromEntries(Array.from({ length: thousands }, (_, i) => [`g${i}`, keys(1_000)]))
const within = (levels: number, length: number, leaf: unknown): unknown =>
  Array.from({ length: levels }, (_, i) => `${i}`.padEnd(length, 'x')).reduceRight<unknown>(
    (inner, key) => ({ [key]: inner }),
    leaf,
  )

const fieldsOf = ({ data }: Answer): readonly string[] =>
  (data as { patch: { changes: [{ fields: string[] }] } }).patch.changes[0].fields

describe('a patch of deep paths around many leaves', () => {
  test.each([
    ['259 KB, one key of 150 KB', within(1, 150_000, leaves(11)), 'objectKeyBytes'],
    ['287 KB, one key of 150 KB', within(1, 150_000, leaves(14)), 'objectKeyBytes'],
    ['609 KB, keys of 10 KB', within(40, 10_000, leaves(23)), 'objectKeyBytes'],
    ['200 KB, keys of 1 KiB', within(60, 1_023, leaves(14)), null],
    ['600 KB, keys of 1 KiB', within(60, 1_023, leaves(55)), null],
  ])('of %s harms no write beside it', async (_, merge, limit) => {
    const { endpoint } = await openServer()
    const puts = ['h', 'a', 'b', 'c'].map((id) => ask(endpoint, `mutation { put(path: "d/${id}", value: {}) { id } }`))
    await Promise.all(puts)
    const patch = (id: string, m: unknown): Promise<Answer> => ask(endpoint, PATCH, { p: `d/${id}`, m })
    const [a, hostile, b, c] = await Promise.all([
      patch('a', { x: 1 }),
      patch('h', merge),
      patch('b', { x: 1 }),
      patch('c', { x: 1 }),
    ])
    for (const answer of [a, b, c]) expect(fieldsOf(answer)).toEqual(['x'])
    if (limit === null) expect(fieldsOf(hostile).join('').length).toBeLessThanOrEqual(8_192)
    else expect(hostile.errors?.[0]?.extensions).toMatchObject({ code: 'TOO_LARGE', limit, at: '' })
    await expectAlive(endpoint)
  })
})
