// Values are compared by node's assert, for vitest takes a key `constructor` for the object's class.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Copies } from '../../src/core/json/copies.ts'
import { getField } from '../../src/core/json/field.ts'
import type { Json } from '../../src/core/json/json.ts'
import { mergedFields, mergePatch } from '../../src/core/json/merge-patch.ts'
import { equalJson } from '../../src/core/json/value.ts'
import { joinFields } from '../../src/core/json/written-fields.ts'
import { json, smallJson } from './json.ts'

function paths(value: Json, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([key, field]) => paths(field as Json, [...path, key]))]
}

const isPlain = (value: Json): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)

function hasNullField(value: Json): boolean {
  return isPlain(value) && Object.values(value as object).some((field: Json) => field === null || hasNullField(field))
}

const contains = (a: readonly string[], b: readonly string[]): boolean =>
  a.every((segment, i) => i >= b.length || segment === b[i])

describe('mergePatch', () => {
  test.each<[Json, Json, Json]>([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('RFC 7396, appendix A: %j patched by %j is %j', (target, patch, result) => {
    assert.deepStrictEqual(mergePatch(target, patch), result)
  })

  test('treats what is not there as an empty object', () => {
    assert.deepStrictEqual(mergePatch(undefined, { a: { b: null, c: 1 } }), { a: { c: 1 } })
  })

  test('takes keys that objects inherit as any other', () => {
    assert.deepStrictEqual(mergePatch({}, { constructor: { name: 1 }, toString: null }), { constructor: { name: 1 } })
    assert.deepStrictEqual(mergePatch({ toString: 1, hasOwnProperty: 2 }, { toString: null }), { hasOwnProperty: 2 })
  })

  test('by a value without null fields, into nothing, is that value', () => {
    fc.assert(
      fc.property(json, (patch) => {
        fc.pre(!hasNullField(patch))
        assert.deepStrictEqual(mergePatch(undefined, patch), patch)
      }),
      { numRuns: 500 },
    )
  })

  test('done twice is the same as done once, and leaves no null from a patch', () => {
    fc.assert(
      fc.property(smallJson, smallJson, (target, patch) => {
        const once = mergePatch(target, patch)
        assert.deepStrictEqual(mergePatch(once, patch), once)
        assert.deepStrictEqual(mergePatch(mergePatch({}, patch), {}), isPlain(patch) ? mergePatch({}, patch) : {})
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('mergedFields', () => {
  test.each<[Json, readonly string[]]>([
    [{ author: { name: 'x' }, n: 1 }, ['author/name', 'n']],
    [{ a: null }, ['a']],
    [{ a: {} }, ['a']],
    [{ a: [1, { b: 2 }] }, ['a']],
    [{ a: { b: { c: null, d: 1 } } }, ['a/b/c', 'a/b/d']],
    [{}, []],
    [null, []],
    ['x', []],
    [[{ a: 1 }], []],
    [{ '': 1, a: 1 }, []],
    [{ 'a/b': 1 }, []],
    [{ a: { '': 1, 'x/y': 2, b: 3 } }, ['a', 'a/b']],
    [{ a: { b: { '': { c: 1 } } } }, ['a/b']],
    [{ constructor: { x: 1 }, 'a.b': 2, $c: 3 }, ['constructor/x', 'a.b', '$c']],
  ])('of %j are %j', (patch, fields) => {
    expect(mergedFields(patch)).toEqual(fields)
  })

  test.each<[Json, Json, readonly string[]]>([
    [{ a: { b: 1 } }, { a: { c: 1 } }, ['a/b']],
    [{ a: { b: 1 } }, {}, ['a/b']],
    [{ a: { b: 1 } }, { a: [1] }, ['a']],
    [{ a: { b: 1 } }, { a: null }, ['a']],
    [{ a: { b: 1 } }, [1], []],
    [{ a: { b: 1 } }, 'x', []],
    [{ toString: { b: 1 } }, {}, ['toString/b']],
  ])('of %j into %j are %j', (patch, target, fields) => {
    expect(mergedFields(patch, target)).toEqual(fields)
  })

  test('cover every place that the patch changes', () => {
    fc.assert(
      fc.property(smallJson, smallJson, (target, patch) => {
        const fields = mergedFields(patch, target).map((field) => field.split('/'))
        const after = mergePatch(target, patch)
        for (const place of [...paths(target), ...paths(after)]) {
          const [old, now] = [getField(target, place), getField(after, place)]
          const same = old === undefined || now === undefined ? old === now : equalJson(old, now)
          if (!same && fields.length > 0) {
            expect(
              fields.some((field) => contains(field, place)),
              place.join('/'),
            ).toBe(true)
          }
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

const keys = (count: number, name = 'k'): Json =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${name}${i}`, 1]))
const within = (names: readonly string[], leaf: Json): Json =>
  names.reduceRight<Json>((inner, name) => ({ [name]: inner }), leaf)
const names = (count: number, length: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${i}`.padEnd(length, 'x'))
const sizeOf = (fields: readonly string[]): number => Buffer.byteLength(fields.join(''))

describe('fields', () => {
  test.each<[string, Json, readonly string[]]>([
    ['256 keys', keys(256), Object.keys(keys(256) as object)],
    ['257 keys', keys(257), []],
    ['257 keys in one place, beside another', { a: { b: keys(257) }, c: { d: 1 } }, ['a/b', 'c/d']],
    [
      '128 keys each in two places and a third',
      { a: keys(128), b: keys(128), c: keys(128) },
      [...Object.keys(keys(128) as object).map((k) => `a/${k}`), 'b', 'c'],
    ],
    ['a long way to many keys', within(names(60, 1_000), keys(10)), [names(8, 1_000).join('/')]],
    ['8 KiB of one path', within(names(8, 1_023), 1), [names(8, 1_023).join('/')]],
    ['umlauts, which are two bytes each', { a: keys(60, 'ä'.repeat(70)), b: 1 }, ['a', 'b']],
  ])('of %s are bounded', (_, patch, fields) => {
    expect(mergedFields(patch)).toEqual(fields)
  })

  test.each<[string, Json]>([
    [
      '287 KB: a key of 150 KB around 14,000 leaves',
      { ['x'.repeat(150_000)]: Object.fromEntries(names(14, 5).map((name) => [name, keys(1_000)])) },
    ],
    [
      '609 KB: 400 KB of keys around 23,000 leaves',
      within(names(40, 10_000), Object.fromEntries(names(23, 5).map((name) => [name, keys(1_000)]))),
    ],
    [
      '60 levels of wide objects',
      names(60, 900).reduce<Json>((inner, name) => ({ [name]: inner, ...(keys(900, 'w') as object) }), {}),
    ],
  ])('of %s are few and short, and cover them all', (_, patch) => {
    const fields = mergedFields(patch, {}, 'some/where')
    expect(fields.length).toBeGreaterThan(0)
    expect(fields.length).toBeLessThanOrEqual(256)
    expect(sizeOf(fields)).toBeLessThanOrEqual(8_192)
    for (const field of fields) expect(`${field}/`.startsWith('some/where/')).toBe(true)
  })

  test('are behind the path of what is patched', () => {
    expect(mergedFields({ a: { b: 1 }, c: null }, {}, 'x/y')).toEqual(['x/y/a/b', 'x/y/c'])
    expect(mergedFields(1, {}, 'x/y')).toEqual(['x/y'])
    expect(mergedFields({ '': 1 }, {}, 'x')).toEqual(['x'])
    expect(mergedFields(keys(257), {}, 'x')).toEqual(['x'])
  })

  test('of many keys in many places cover each, as few as they are', () => {
    const branch = fc.integer({ min: 0, max: 300 }).map((count) => keys(count))
    const wide = fc.dictionary(
      fc.constantFrom('a', 'b', 'c', 'd'),
      fc.oneof(branch, fc.dictionary(fc.constantFrom('e', 'f'), branch, { noNullPrototype: true })),
      { noNullPrototype: true },
    )
    fc.assert(
      fc.property(wide, (patch) => {
        const fields = mergedFields(patch as Json)
        expect(fields.length).toBeLessThanOrEqual(256)
        expect(sizeOf(fields)).toBeLessThanOrEqual(8_192)
        const split = fields.map((field) => field.split('/'))
        for (const place of paths(patch as Json)) {
          if (fields.length > 0) {
            expect(
              split.some((field) => contains(field, place)),
              place.join('/'),
            ).toBe(true)
          }
        }
      }),
      { numRuns: 30 },
    )
  })
})

describe('joinFields', () => {
  const many = (count: number, above: string): readonly string[] =>
    Array.from({ length: count }, (_, i) => `${above}/k${i}`)

  test('gives all fields of both, each once, while they are few', () => {
    expect(joinFields(['a', 'b/c'], ['b/c', 'd'])).toEqual(['a', 'b/c', 'd'])
    expect(joinFields(['a'], [])).toEqual([])
    expect(joinFields([], ['a'])).toEqual([])
  })

  test('gives the nearest places above them where they are too many, and none for the whole value', () => {
    expect(joinFields(many(200, 'a/b'), [...many(200, 'a/e'), 'c/d'])).toEqual([...many(200, 'a/b'), 'a/e', 'c/d'])
    expect(joinFields(['a'], [...many(256, 'a'), 'c'])).toEqual(['a', 'c'])
    expect(joinFields(many(256, 'a'), ['a', 'c'])).toEqual(['a', 'c'])
    expect(
      joinFields(
        Array.from({ length: 200 }, (_, i) => `a${i}`),
        Array.from({ length: 200 }, (_, i) => `b${i}`),
      ),
    ).toEqual([])
  })

  test('stays bounded, however many are joined, and covers each', () => {
    const segment = fc.constantFrom('a', 'b', 'long'.repeat(50), '1', '2', '3', '4', '5', '6', '7')
    const field = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'))
    const written: fc.Arbitrary<readonly string[]> = fc.array(field, { minLength: 1, maxLength: 80 })
    fc.assert(
      fc.property(fc.array(written, { minLength: 1, maxLength: 12 }), (all) => {
        const joined = all.reduce((earlier, later) => joinFields(earlier, later))
        expect(joined.length).toBeLessThanOrEqual(256)
        expect(sizeOf(joined)).toBeLessThanOrEqual(8_192)
        for (const one of all.flat()) {
          if (joined.length > 0) {
            expect(
              joined.some((named) => `${one}/`.startsWith(`${named}/`)),
              one,
            ).toBe(true)
          }
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('with copies of one caller', () => {
  test('patches in turn give what they give without, and leave what they began with as it was', () => {
    fc.assert(
      fc.property(smallJson, fc.array(smallJson, { maxLength: 6 }), (target, patches) => {
        const before = JSON.stringify([target, patches])
        const copies = new Copies()
        const after = patches.reduce<Json>((value, patch) => mergePatch(value, patch, copies), target)
        assert.deepStrictEqual(
          after,
          patches.reduce<Json>((value, patch) => mergePatch(value, patch), target),
        )
        assert.equal(JSON.stringify([target, patches]), before)
      }),
      { numRuns: 2_000 },
    )
  })

  test('each object is copied once', () => {
    const target = { a: { b: 1, c: { d: 1 } }, e: { f: 1 } }
    const copies = new Copies()
    const once = mergePatch(target, { a: { b: 2 } }, copies) as { readonly a: Json; readonly e: Json }
    const { a } = once
    assert.equal(mergePatch(once, { a: { b: 3, c: { d: 4 } } }, copies), once)
    assert.equal(once.a, a)
    assert.equal(once.e, target.e)
    assert.deepStrictEqual(target, { a: { b: 1, c: { d: 1 } }, e: { f: 1 } })
    assert.deepStrictEqual(once, { a: { b: 3, c: { d: 4 } }, e: { f: 1 } })
  })
})
