import fc from 'fast-check'
import { describe, expect } from 'vitest'
import type { Json } from '../../../src/core/json/json.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { json } from '../../core/json.ts'
import { law, refusal, summary, type DatabaseSubject } from './subject.ts'

const REFUSED: readonly (readonly [what: string, value: unknown, at: string])[] = [
  ['an integer beyond 2^53 - 1', { a: [0, 2 ** 53] }, '/a/1'],
  ['an integer below -(2^53 - 1)', { n: -(2 ** 53) }, '/n'],
  ['an integer that would print as twenty digits', 1e20 - 2 ** 14, ''],
  ['NaN', { n: Number.NaN }, '/n'],
  ['infinity', [1, Infinity], '/1'],
  ['a lone surrogate in a text', { 'a/b': ['\ud800'] }, '/a~1b/0'],
  ['a lone surrogate in a key', { x: { '\udc00': 1 } }, '/x/\udc00'],
  ['U+0000 in a key', { 'a\u0000': 1 }, '/a\u0000'],
  ['__proto__ as a key', JSON.parse('{"a":{"__proto__":1}}') as unknown, '/a/__proto__'],
  ['undefined inside', { a: undefined }, '/a'],
  ['a big integer', { a: 1n }, '/a'],
  ['a function', { a: () => 1 }, '/a'],
  ['a date', { a: new Date(0) }, '/a'],
]

const EXACT: readonly Json[] = [
  null,
  true,
  '',
  'a\u0000b',
  '\ufeff',
  '😀',
  0.1,
  5e-324,
  1.7976931348623157e308,
  1e21,
  2 ** 53 - 1,
  -(2 ** 53 - 1),
  [],
  {},
  [[]],
  [null],
  {
    $inc: 1,
    'a.b': 2,
    constructor: 3,
    _bsontype: 'ObjectId',
    '': 4,
    'a/b': 5,
    toString: 6,
    prototype: 7,
    $serverTime: {},
  },
]

export function values(subject: DatabaseSubject): void {
  describe('values', () => {
    exactness(subject)
    refusals(subject)
    ownership(subject)
    bounds(subject)
  })
}

function exactness(subject: DatabaseSubject): void {
  law(subject, 'VA1 every JSON value comes back equal, from a document and from a field', async ({ db }) => {
    for (const [i, value] of EXACT.entries()) {
      await db.put(`values/${i}`, value)
      await db.put('fields/1', {})
      await db.put('fields/1/field', value)
      expect((await db.document(`values/${i}`))?.value).toEqual(value)
      expect(await db.get('fields/1/field')).toEqual(value)
    }
  })

  law(subject, 'VA2 whatever JSON is written is what document, history, changes and as-of give', async ({ db }) => {
    await fc.assert(
      fc.asyncProperty(json, async (value) => {
        const { cursor, changes } = await db.put('values/1', value)
        expect(changes[0]?.document.value).toEqual(value)
        expect((await db.document('values/1'))?.value).toEqual(value)
        expect((await db.document('values/1', { asOf: { cursor } }))?.value).toEqual(value)
        expect((await db.history('values/1', { last: 1 })).edges[0]?.node.value).toEqual(value)
      }),
      { numRuns: 60 },
    )
  })

  law(subject, 'VA3 minus zero reads as zero', async ({ db }) => {
    await db.put('values/1', { n: -0, list: [-0] })
    const value = await db.get('values/1')
    expect(value).toStrictEqual({ n: 0, list: [0] })
  })
}

function refusals(subject: DatabaseSubject): void {
  for (const [what, value, at] of REFUSED) {
    law(subject, `VA4 ${what} is INVALID_VALUE with its place, in every write`, async ({ db }) => {
      const given = value as Json
      await db.put('values/1', { a: 1 })
      expect(await refusal(db.post('values', given))).toEqual({ code: 'INVALID_VALUE', at })
      expect(await refusal(db.put('values/1', given))).toEqual({ code: 'INVALID_VALUE', at })
      expect(await refusal(db.put('values/1/a', given))).toEqual({ code: 'INVALID_VALUE', at })
      expect(await refusal(db.patch('values/1', { merge: given }))).toMatchObject({ code: 'INVALID_VALUE' })
      expect(await refusal(db.transact([{ kind: 'put', path: 'values/2', value: given }]))).toMatchObject({
        code: 'INVALID_VALUE',
      })
      expect((await db.log(['*'])).changes).toHaveLength(1)
    })
  }

  law(subject, 'VA5 a value that is left out is refused, and null is a value', async ({ db }) => {
    const missing = undefined as unknown as Json
    expect(['BAD_REQUEST', 'INVALID_VALUE']).toContain((await refusal(db.post('values', missing))).code)
    expect(['BAD_REQUEST', 'INVALID_VALUE']).toContain((await refusal(db.put('values/1', missing))).code)
    await db.put('values/1', null)
    expect(await db.document('values/1')).toMatchObject({ version: 1, value: null, deleted: false })
  })

  law(subject, 'VA6 a cycle is refused', async ({ db }) => {
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    expect(['INVALID_VALUE', 'TOO_LARGE']).toContain((await refusal(db.put('values/1', cycle as Json))).code)
  })
}

function ownership(subject: DatabaseSubject): void {
  law(subject, 'VA7 what a caller does to a value after the call changes nothing that is stored', async ({ db }) => {
    const value = { list: [1, { deep: 'a' }] }
    const writing = db.put('values/1', value)
    value.list.push(2)
    Object.assign(value.list[1] as object, { deep: 'b' })
    const { changes, cursor } = await writing
    Object.assign(value, { late: true })
    const stored = { list: [1, { deep: 'a' }] }
    expect(changes[0]?.document.value).toEqual(stored)
    expect(await db.get('values/1')).toEqual(stored)
    expect(await db.get('values/1', { asOf: { cursor } })).toEqual(stored)
    expect((await db.history('values/1')).edges[0]?.node.value).toEqual(stored)
  })

  law(
    subject,
    'VA8 what a caller does to a patch, operations, checks or options after the call changes nothing',
    async ({ db }) => {
      await db.put('values/1', {})
      const merge: Record<string, Json> = { a: 1 }
      const patching = db.patch('values/1', { merge })
      merge['b'] = 2
      expect((await patching).changes[0]?.document.value).toEqual({ a: 1 })
      const expect2 = { version: 2 }
      const op = { kind: 'put' as const, path: 'values/2', value: { a: [0] }, expect: { absent: true } }
      const ops: { kind: 'put'; path: string; value: Json; expect: { absent: boolean } }[] = [op]
      const checks = [{ path: 'values/1', expect: expect2 }]
      const options = { checks, key: 'first' }
      const transacting = db.transact(ops, options)
      op.path = 'values/3'
      op.value.a[0] = 9
      op.expect.absent = false
      expect2.version = 7
      options.key = 'second'
      ops.push({ kind: 'put', path: 'values/4', value: 1, expect: { absent: true } })
      const { id, changes } = await transacting
      expect(id).toBe('first')
      expect(summary({ changes })).toEqual(['NEW values/2@1'])
      expect(await db.get('values/2')).toEqual({ a: [0] })
    },
  )
}

function bounds(subject: DatabaseSubject): void {
  law(subject, 'VA9 limits of a value hold at their bound and not beyond, with the place', async ({ db }) => {
    const { valueDepth, keysPerObject, arrayLength, valueBytes } = LIMITS
    const tooLarge = async (value: Json): Promise<unknown> => refusal(db.put('values/1', value))
    const nested = (levels: number): Json => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as Json
    await db.put('values/1', nested(valueDepth))
    expect(await tooLarge(nested(valueDepth + 1))).toEqual({
      code: 'TOO_LARGE',
      limit: 'valueDepth',
      max: 64,
      at: '/0'.repeat(valueDepth),
    })
    const keys = (count: number): Json => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i]))
    await db.put('values/1', keys(keysPerObject))
    expect(await tooLarge({ x: keys(keysPerObject + 1) })).toEqual({
      code: 'TOO_LARGE',
      limit: 'keysPerObject',
      max: 1_024,
      at: '/x',
    })
    await db.put('values/1', { ['é'.repeat(512)]: 1 })
    const tooLong = { code: 'TOO_LARGE', limit: 'objectKeyBytes', max: 1_024, at: '/x' }
    expect(await tooLarge({ x: { [`${'é'.repeat(512)}x`]: 1 } })).toEqual(tooLong)
    expect(await refusal(db.patch('values/1', { merge: { x: { ['k'.repeat(1_025)]: null } } }))).toEqual(tooLong)
    const list = (length: number): Json => Array<Json>(length).fill(0)
    await db.put('values/1', list(arrayLength))
    expect(await tooLarge([list(arrayLength + 1)])).toEqual({
      code: 'TOO_LARGE',
      limit: 'arrayLength',
      max: 8_192,
      at: '/0',
    })
    const text = 'é'.repeat((valueBytes - 2) / 2)
    await db.put('values/1', text)
    expect(await tooLarge(`${text}x`)).toEqual({ code: 'TOO_LARGE', limit: 'valueBytes', max: 1_048_576, at: '' })
  })
}
