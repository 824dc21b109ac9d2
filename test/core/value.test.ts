// Values are compared by node's assert, for vitest takes a key `constructor` for the object's class.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InvalidJson, parseExactJson } from '../../src/core/json/exact-json.ts'
import type { Json } from '../../src/core/json/json.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { canonicalJson, boundedJson, equalJson, exactValue, jsonBytes } from '../../src/core/json/value.ts'
import { json, smallJson } from './json.ts'
import { invalidAt, thrown, tooLarge } from './thrown.ts'

const nest = (levels: number, innermost: unknown): unknown => (levels === 0 ? innermost : [nest(levels - 1, innermost)])

/** The same value with the keys of every object in the opposite order. */
function reversed(value: Json): Json {
  if (Array.isArray(value)) return value.map((element: Json) => reversed(element))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, field]) => [key, reversed(field as Json)]),
  )
}

/** All places of a value as JSON Pointers, made by a walk of its own. */
function places(value: Json, at = ''): readonly string[] {
  if (typeof value !== 'object' || value === null) return [at]
  const fields = Object.entries(value) as [string, Json][]
  return [
    at,
    ...fields.flatMap(([key, field]) => places(field, `${at}/${key.replace(/~/g, '~0').replace(/\//g, '~1')}`)),
  ]
}

/** A copy in which `stranger` stands in the n-th place. */
function planted(value: Json, stranger: unknown, n: number): unknown {
  let left = n
  const walk = (now: Json): unknown => {
    if (left-- === 0) return stranger
    if (Array.isArray(now)) return now.map((element: Json) => walk(element))
    if (typeof now !== 'object' || now === null) return now
    return Object.fromEntries(Object.entries(now).map(([key, field]) => [key, walk(field as Json)]))
  }
  return walk(value)
}

class Point {
  readonly x = 1
}

describe('exactValue', () => {
  test('gives back every JSON value', () => {
    fc.assert(
      fc.property(json, (value) => {
        assert.deepStrictEqual(exactValue(value, LIMITS), value)
        assert.deepStrictEqual(exactValue(parseExactJson(JSON.stringify(value)), LIMITS), value)
      }),
      { numRuns: 1_000 },
    )
  })

  test('shares nothing with what it was given', () => {
    const given = { list: [{ a: 1 }], object: { b: [2] } }
    const kept = exactValue(given, LIMITS)
    given.list[0]!.a = 9 // the line above made it
    given.list.push({ a: 3 })
    given.object.b[0] = 9
    assert.deepStrictEqual(kept, { list: [{ a: 1 }], object: { b: [2] } })
  })

  test('points to the place of what is no JSON, wherever it stands', () => {
    const strangers = fc.constantFrom(undefined, Number.NaN, new InvalidJson('it is planted'), 10n, '\ud800')
    fc.assert(
      fc.property(json, fc.nat(), strangers, (value, place, stranger) => {
        const all = places(value)
        const error = thrown(() => exactValue(planted(value, stranger, place % all.length), LIMITS))
        expect(error).toMatchObject(invalidAt(all[place % all.length]))
      }),
      { numRuns: 1_000 },
    )
  })

  test.each<[string, unknown]>([
    ['NaN', Number.NaN],
    ['Infinity', Infinity],
    ['-Infinity', -Infinity],
    ['2^53', 2 ** 53],
    ['-(2^53)', -(2 ** 53)],
    ['1e20', 1e20],
    ['undefined', undefined],
    ['a function', () => 1],
    ['a bigint', 1n],
    ['a symbol', Symbol('s')],
    ['a Date', new Date(0)],
    ['a Map', new Map()],
    ['a Set', new Set()],
    ['a Buffer', Buffer.from('a')],
    ['a Uint8Array', new Uint8Array(1)],
    ['a RegExp', /a/],
    ['an Error', new Error('a')],
    ['a class instance', new Point()],
    ['a boxed string', Object('a')],
    ['an object of another prototype', Object.create({ a: 1 })],
    ['a promise', Promise.resolve(1)],
    ['half of a surrogate pair', 'a\ud800'],
    ['the other half', '\udfff'],
    ['halves in the wrong order', '\udc00\ud800'],
    ['a flaw', new InvalidJson('it is one')],
  ])('refuses %s with the place', (_, stranger) => {
    expect(thrown(() => exactValue(stranger, LIMITS))).toMatchObject(invalidAt(''))
    expect(thrown(() => exactValue({ 'a/b': [1, { '~': stranger }] }, LIMITS))).toMatchObject(invalidAt('/a~1b/1/~0'))
  })

  test.each<[string, unknown, string]>([
    ['a hole in an array', Array.of(1, 2).concat(Array(1)), '/2'],
    ['__proto__ as an own key', JSON.parse('{"a":{"__proto__":1}}'), '/a/__proto__'],
    ['U+0000 in a key', { 'a\0': 1 }, '/a\0'],
    ['half of a surrogate pair in a key', { '\ud800': 1 }, '/\ud800'],
    ['a method', { toJSON: () => 1 }, '/toJSON'],
    ['a doubled key of a text', parseExactJson('{"a":[{"b":1,"b":2}]}'), '/a/0/b'],
    ['a rounded number of a text', parseExactJson('[0,9007199254740993]'), '/1'],
  ])('refuses %s with the place', (_, value, at) => {
    expect(thrown(() => exactValue(value, LIMITS))).toMatchObject(invalidAt(at))
  })

  test('says what is wrong with a flaw', () => {
    const error = thrown(() => exactValue(parseExactJson('{"n":1e400}'), LIMITS))
    expect(error.message).toMatch(
      /^The value cannot be kept exactly at "\/n": the number would be rounded .+; send it as a string\.$/,
    )
  })

  test('keeps curious keys, objects without a prototype, U+0000 and U+FEFF in texts, and reads -0 as 0', () => {
    const value = {
      $a: 1,
      'a.b': 2,
      constructor: 3,
      _bsontype: 'ObjectId',
      toString: 4,
      prototype: 5,
      '': 6,
      text: '\0\ufeff😀',
    }
    assert.deepStrictEqual(exactValue(value, LIMITS), value)
    assert.deepStrictEqual(exactValue(Object.assign(Object.create(null), { a: 1 }), LIMITS), { a: 1 })
    assert.deepStrictEqual(exactValue([-0, { a: -0 }], LIMITS), [0, { a: 0 }])
    assert.deepStrictEqual(exactValue([2 ** 53 - 1, 1e21, -1e300, 5e-324], LIMITS), [2 ** 53 - 1, 1e21, -1e300, 5e-324])
  })

  test('counts levels from the root as the first', () => {
    assert.deepStrictEqual(exactValue(nest(63, 1), LIMITS), nest(63, 1))
    assert.deepStrictEqual(exactValue(nest(63, []), LIMITS), nest(63, []))
    const details = { limit: 'valueDepth', max: 64, at: '/0'.repeat(64) }
    expect(thrown(() => exactValue(nest(64, []), LIMITS))).toMatchObject(tooLarge(details))
    expect(thrown(() => exactValue(nest(64, 1), LIMITS))).toMatchObject(tooLarge(details))
    expect(thrown(() => exactValue(nest(5_000, 1), LIMITS))).toMatchObject(tooLarge(details))
  })

  test('refuses a cycle as too deep', () => {
    const cycle: unknown[] = []
    cycle.push(cycle)
    expect(thrown(() => exactValue(cycle, LIMITS))).toMatchObject(
      tooLarge({ limit: 'valueDepth', at: '/0'.repeat(64) }),
    )
  })

  test('refuses too many keys and too long an array with the place, and takes the greatest allowed', () => {
    const keys = (count: number): Json => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i]))
    expect(Object.keys(exactValue(keys(1_024), LIMITS) as object)).toHaveLength(1_024)
    expect(thrown(() => exactValue([keys(1_025)], LIMITS))).toMatchObject(
      tooLarge({ limit: 'keysPerObject', max: 1_024, at: '/0' }),
    )
    expect(exactValue(Array(8_192).fill(0), LIMITS)).toHaveLength(8_192)
    const tooLong = Array(8_193).fill(0)
    expect(thrown(() => exactValue({ a: tooLong }, LIMITS))).toMatchObject(
      tooLarge({ limit: 'arrayLength', max: 8_192, at: '/a' }),
    )
    expect(thrown(() => exactValue(Array(4_000_000_000), LIMITS))).toMatchObject(tooLarge({ limit: 'arrayLength' }))
  })

  test('refuses a long key with the place of its object, and takes the longest allowed', () => {
    const details = { limit: 'objectKeyBytes', max: 1_024, at: '/a/0' }
    for (const key of ['x'.repeat(1_024), 'ä'.repeat(512), '語'.repeat(341)]) {
      assert.deepStrictEqual(exactValue({ [key]: 1 }, LIMITS), { [key]: 1 })
      expect(thrown(() => exactValue({ a: [{ b: 1, [`${key}xx`]: 1 }] }, LIMITS))).toMatchObject(tooLarge(details))
    }
    const { message } = thrown(() => exactValue({ a: [{ ['x'.repeat(500_000)]: 1 }] }, LIMITS))
    expect(message.length).toBeLessThan(200)
  })

  test('does not multiply one object that stands in many places', () => {
    let bomb: unknown = 'x'
    for (let i = 0; i < 60; i++) bomb = [bomb, bomb]
    expect(thrown(() => exactValue(bomb, LIMITS))).toMatchObject(tooLarge({ limit: 'valueBytes', at: '' }))
  })

  test('refuses by size only what boundedJson refuses too', () => {
    fc.assert(
      fc.property(json, (value) => {
        const limits = { ...LIMITS, valueBytes: jsonBytes(value) }
        assert.deepStrictEqual(exactValue(value, limits), value)
      }),
      { numRuns: 500 },
    )
  })
})

describe('the size of a value', () => {
  test('is the length of its compact JSON in UTF-8', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(jsonBytes(value)).toBe(Buffer.byteLength(JSON.stringify(value), 'utf8'))
      }),
      { numRuns: 500 },
    )
  })

  test('may be the limit and not one byte more', () => {
    const full = 'é'.repeat((LIMITS.valueBytes - 2) / 2)
    expect(jsonBytes(full)).toBe(LIMITS.valueBytes)
    boundedJson(full, LIMITS)
    expect(thrown(() => boundedJson(`${full}x`, LIMITS))).toMatchObject(
      tooLarge({ limit: 'valueBytes', max: 1_048_576, at: '' }),
    )
  })
})

describe('equality and the canonical text', () => {
  test('do not depend on the order of keys', () => {
    fc.assert(
      fc.property(json, (value) => {
        const other = reversed(value)
        expect(equalJson(value, other)).toBe(true)
        expect(canonicalJson(other)).toBe(canonicalJson(value))
        assert.deepStrictEqual(JSON.parse(canonicalJson(value)), value)
      }),
      { numRuns: 500 },
    )
  })

  test('agree with one another on what is equal', () => {
    fc.assert(
      fc.property(smallJson, smallJson, (a, b) => {
        expect(equalJson(a, b)).toBe(canonicalJson(a) === canonicalJson(b))
        expect(equalJson(b, a)).toBe(equalJson(a, b))
      }),
      { numRuns: 3_000 },
    )
  })

  test.each<[Json, Json]>([
    [null, 0],
    [0, false],
    ['', null],
    ['1', 1],
    [[], {}],
    [[1], { 0: 1 }],
    [{ a: null }, {}],
    [{}, { a: null }],
    [{ a: null }, { b: null }],
    [
      [1, 2],
      [2, 1],
    ],
    [[null], []],
    [{ toString: 1 }, {}],
    [{ a: 1 }, { constructor: 1 }],
    [{ a: { b: 1 } }, { a: { b: 2 } }],
    [[[]], [[[]]]],
  ])('tell %j from %j', (a, b) => {
    expect(equalJson(a, b)).toBe(false)
    expect(canonicalJson(a)).not.toBe(canonicalJson(b))
  })

  test('orders keys as RFC 8785 does', () => {
    const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 }
    expect(canonicalJson(value)).toBe('{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}')
  })
})
