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

const ANY_PATCH = 'mutation ($p: Path!, $m: PatchInput!) { patch(path: $p, patch: $m) { changes { fields } } }'

const times = <T>(count: number, item: (i: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, i) => item(i))
const add = (path: string, value: unknown): object => ({ op: 'add', path, value })

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

describe('a JSON Patch, or operators, that would cost much', () => {
  test.each<[string, object, string]>([
    [
      'copies that double',
      { json: [add('/a', ['x'.repeat(900)]), ...times(400, () => ({ op: 'copy', from: '/a', path: '/a/-' }))] },
      'TOO_LARGE',
    ],
    ['more operations than a transaction', { json: times(501, () => add('/a', 1)) }, 'TOO_LARGE'],
    ['values that nest in each other', { json: times(70, (i) => add('/a'.repeat(i + 1), {})) }, 'TOO_LARGE'],
    ['a pointer of 200,000 slashes', { json: [add('/'.repeat(200_000), 1)] }, 'TOO_LARGE'],
    ['a pointer of 400,000 escapes', { json: [add(`/${'~1'.repeat(400_000)}`, 1)] }, 'TOO_LARGE'],
    ['what every object inherits', { json: [add('/constructor/keys', 1)] }, 'INVALID_VALUE'],
    ['a prototype', { json: [add('/__proto__/polluted', true)] }, 'INVALID_VALUE'],
    ['a prototype in a key of operators', { operators: { '__proto__/polluted': { $inc: 1 } } }, 'INVALID_VALUE'],
    ['an array that becomes too long', { operators: { list: { $append: times(8_192, () => 0) } } }, 'TOO_LARGE'],
    ['a field of 200,000 segments', { operators: { [times(200_000, () => 'a').join('/')]: { $inc: 1 } } }, 'TOO_LARGE'],
  ])('is refused, and no write beside it waits: %s', async (_, patch, code) => {
    const { endpoint } = await openServer()
    await ask(
      endpoint,
      'mutation { a: put(path: "d/h", value: { list: [1] }) { id } b: put(path: "d/a", value: {}) { id } }',
    )
    const [hostile, beside] = await Promise.all([
      ask(endpoint, ANY_PATCH, { p: 'd/h', m: patch }),
      ask(endpoint, ANY_PATCH, { p: 'd/a', m: { merge: { x: 1 } } }),
    ])
    expect(hostile.errors?.[0]?.extensions).toMatchObject({ code })
    expect(fieldsOf(beside)).toEqual(['x'])
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(Object.keys({ a: 1 })).toEqual(['a'])
    await expectAlive(endpoint)
  })
})
