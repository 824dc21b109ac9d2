import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Copies } from '../../src/core/json/copies.ts'
import type { Json, JsonObject } from '../../src/core/json/json.ts'
import { canonicalJson, equalJson, isArray } from '../../src/core/json/value.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { exactSum } from '../../src/core/patch/exact-sum.ts'
import { jsonHash } from '../../src/core/patch/json-hash.ts'
import { patched, parsePatch } from '../../src/core/patch/patch.ts'
import { PatchBudget } from '../../src/core/patch/patch-error.ts'
import { number, smallJson } from './json.ts'
import { thrown } from './thrown.ts'

const TIME = '2026-01-01T00:00:00.000Z'

/** What operators make of a value, and the fields that they write. */
function operate(value: Json, operators: Json): { readonly value: Json; readonly fields: readonly string[] } {
  const patch = parsePatch({ operators }, LIMITS)
  const context = { time: TIME, limits: LIMITS, copies: new Copies(), budget: new PatchBudget(LIMITS), place: [] }
  const { fields, apply } = patched(value, patch, context)
  return { value: apply(), fields }
}

const resultOf = (value: Json, operators: Json): Json => operate(value, operators).value

describe('operators', () => {
  test.each<[string, Json, Json, Json]>([
    ['$inc of a number', { n: 1 }, { n: { $inc: 2 } }, { n: 3 }],
    ['$inc of nothing', {}, { n: { $inc: 2 } }, { n: 2 }],
    ['$inc deep in what is not there', {}, { 'stats/likes': { $inc: -1 } }, { stats: { likes: -1 } }],
    ['$inc of a fraction', { n: 0.1 }, { n: { $inc: 0.2 } }, { n: 0.3 }],
    ['$inc within an array', { list: [{ n: 1 }] }, { 'list/0/n': { $inc: 1 } }, { list: [{ n: 2 }] }],
    ['$min of a greater number', { n: 5 }, { n: { $min: 3 } }, { n: 3 }],
    ['$min of a smaller number', { n: 1 }, { n: { $min: 3 } }, { n: 1 }],
    ['$min of nothing', {}, { n: { $min: 3 } }, { n: 3 }],
    ['$max of a smaller number', { n: 1 }, { n: { $max: 3 } }, { n: 3 }],
    ['$max of a greater number', { n: 5 }, { n: { $max: 3 } }, { n: 5 }],
    ['$max of nothing', {}, { n: { $max: -3 } }, { n: -3 }],
    ['$append', { a: [1] }, { a: { $append: [1, 2] } }, { a: [1, 1, 2] }],
    ['$append to nothing', {}, { a: { $append: [1] } }, { a: [1] }],
    [
      '$union',
      { a: [1, { x: 1, y: 2 }] },
      { a: { $union: [{ y: 2, x: 1 }, 2, 2, '1'] } },
      { a: [1, { x: 1, y: 2 }, 2, '1'] },
    ],
    ['$union to nothing', {}, { a: { $union: [1, 1] } }, { a: [1] }],
    ['$union leaves what is there twice', { a: [1, 1] }, { a: { $union: [1, 2] } }, { a: [1, 1, 2] }],
    ['$remove', { a: [1, [2], 1, '1', null] }, { a: { $remove: [1, [2], null] } }, { a: ['1'] }],
    ['$remove from nothing', {}, { a: { $remove: [1] } }, { a: [] }],
    ['$unset', { a: { b: 1, c: 2 } }, { 'a/b': { $unset: true } }, { a: { c: 2 } }],
    ['$unset of nothing', { a: 1 }, { 'b/c': { $unset: true } }, { a: 1 }],
    ['$serverTime', { at: null }, { at: { $serverTime: true } }, { at: TIME }],
    ['several', { n: 1, a: [] }, { n: { $inc: 1 }, a: { $append: [1] }, b: { $max: 1 } }, { n: 2, a: [1], b: 1 }],
    ['one of the whole value', 5, { '': { $inc: 1 } }, 6],
    ['a string that looks like an object', { a: ['{"x":1}'] }, { a: { $remove: [{ x: 1 }] } }, { a: ['{"x":1}'] }],
  ])('%s', (_, value, operators, result) => {
    const before = structuredClone(value)
    expect(resultOf(value, operators)).toEqual(result)
    expect(value, 'the value before stays as it is').toEqual(before)
  })

  test.each<[string, Json, Json, string, string]>([
    ['$inc of a string', { n: '1' }, { n: { $inc: 1 } }, 'INVALID_VALUE', '/n/$inc'],
    ['$inc of null', { n: null }, { n: { $inc: 1 } }, 'INVALID_VALUE', '/n/$inc'],
    ['$inc by a string', { n: 1 }, { n: { $inc: '1' } }, 'INVALID_VALUE', '/n/$inc'],
    ['$min of an object', { n: {} }, { n: { $min: 1 } }, 'INVALID_VALUE', '/n/$min'],
    ['$max of an array', { n: [] }, { n: { $max: 1 } }, 'INVALID_VALUE', '/n/$max'],
    ['$append to a number', { a: 1 }, { a: { $append: [1] } }, 'INVALID_VALUE', '/a/$append'],
    ['$append of no array', { a: [] }, { a: { $append: 1 } }, 'INVALID_VALUE', '/a/$append'],
    ['$union of an object', { a: {} }, { a: { $union: [1] } }, 'INVALID_VALUE', '/a/$union'],
    ['$remove from null', { a: null }, { a: { $remove: [1] } }, 'INVALID_VALUE', '/a/$remove'],
    ['$unset: false', { a: 1 }, { a: { $unset: false } }, 'INVALID_VALUE', '/a/$unset'],
    ['$unset of an element', { a: [1] }, { 'a/0': { $unset: true } }, 'INVALID_VALUE', '/a~10/$unset'],
    ['$unset of the whole value', {}, { '': { $unset: true } }, 'INVALID_VALUE', '//$unset'],
    ['a field in a string', { a: 'x' }, { 'a/b': { $inc: 1 } }, 'INVALID_VALUE', '/a~1b/$inc'],
    ['a field beyond the end of an array', { a: [] }, { 'a/1': { $inc: 1 } }, 'INVALID_VALUE', '/a~11/$inc'],
    ['no object', {}, [1], 'BAD_REQUEST', ''],
    ['an operator above its field', {}, { $inc: { n: 1 } }, 'BAD_REQUEST', '/$inc'],
    ['an unknown operator', {}, { n: { $mul: 2 } }, 'BAD_REQUEST', '/n/$mul'],
    ['two operators of a field', {}, { n: { $inc: 1, $min: 2 } }, 'BAD_REQUEST', '/n'],
    ['no operator of a field', {}, { n: 1 }, 'BAD_REQUEST', '/n'],
    ['a field in another', { a: {} }, { a: { $unset: true }, 'a/b': { $inc: 1 } }, 'BAD_REQUEST', '/a~1b/$inc'],
    ['an empty segment', {}, { 'a//b': { $inc: 1 } }, 'BAD_REQUEST', '/a~1~1b'],
    ['a prototype', {}, { 'a/__proto__/b': { $inc: 1 } }, 'INVALID_VALUE', '/a~1__proto__~1b'],
  ])('refuses %s', (_, value, operators, ...refusal) => {
    const error = thrown(() => operate(value, operators))
    expect([error.code, error.details['at']]).toEqual(refusal)
  })

  test('writes the fields that it names, of which the bounds are those of every change', () => {
    expect(operate({}, { 'stats/likes': { $inc: 1 }, tags: { $append: [1] }, x: { $unset: true } }).fields).toEqual([
      'stats/likes',
      'tags',
      'x',
    ])
    expect(operate(1, { '': { $inc: 1 } }).fields).toEqual([])
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`g${i % 3}/k${i}`, { $inc: 1 }]))
    const { fields } = operate({}, many)
    expect(fields.length).toBeLessThanOrEqual(256)
    const isCovered = (key: string): boolean => fields.some((field) => `${key}/`.startsWith(`${field}/`))
    expect(Object.keys(many).filter((key) => !isCovered(key))).toEqual([])
  })

  test('many elements are compared as JSON values, also where hashes are the same', () => {
    const many = Array.from({ length: 40 }, (_, i) => [{ a: i, b: [i] }, { a: `${i}` }, [i, 'x'], [i, i]]).flat()
    const turned = many.map((element) =>
      isArray(element) ? element : Object.fromEntries(Object.entries(element).reverse()),
    )
    const rest = [{ a: 1 }, [0], 'x', [1, 2]]
    expect(resultOf({ a: [...many, ...rest] }, { a: { $remove: turned } })).toEqual({ a: rest })
    expect(resultOf({ a: many }, { a: { $union: [...turned, ...rest, ...rest] } })).toEqual({ a: [...many, ...rest] })
    // Two texts of one hash, which were searched for, make many lists of one hash.
    const same = Array.from({ length: 12 }, (_, i) => [8, 4, 2, 1].map((bit) => ((i & bit) > 0 ? '7yzx' : 'e6ad')))
    expect(new Set(same.map(jsonHash)).size).toBe(1)
    expect(resultOf({ a: [...same, 1] }, { a: { $remove: same.slice(1) } })).toEqual({ a: [same[0] ?? null, 1] })
    expect(resultOf({ a: same.slice(2) }, { a: { $union: [...same, ...same] } })).toEqual({
      a: [...same.slice(2), ...same.slice(0, 2)],
    })
  })

  test('elements of arrays are compared as JSON values, whatever the values are', () => {
    fc.assert(
      fc.property(fc.array(smallJson, { maxLength: 6 }), fc.array(smallJson, { maxLength: 4 }), (array, elements) => {
        const isIn = (list: readonly Json[], element: Json): boolean => list.some((other) => equalJson(other, element))
        const left = array.filter((element) => !isIn(elements, element))
        expect(canonicalJson(resultOf({ a: array }, { a: { $remove: elements } }))).toBe(canonicalJson({ a: left }))
        const united = elements.reduce<readonly Json[]>(
          (list, element) => (isIn(list, element) ? list : [...list, element]),
          array,
        )
        expect(canonicalJson(resultOf({ a: array }, { a: { $union: elements } }))).toBe(canonicalJson({ a: united }))
      }),
    )
  })

  test.each(['$union', '$remove'])('%s of large arrays looks at some hundred elements in one step', (operator) => {
    const looks = { now: 0, most: 0, all: 0 }
    const look: ProxyHandler<JsonObject> = {
      ownKeys: (element) => {
        looks.now++
        return Reflect.ownKeys(element)
      },
    }
    const elements = Array.from({ length: 4_000 }, (_, i) => ({ i, name: `n${i}` }))
    const patch = parsePatch({ operators: { a: { [operator]: elements } } }, LIMITS)
    const context = { time: TIME, limits: LIMITS, copies: new Copies(), budget: new PatchBudget(LIMITS), place: [] }
    const watched = elements.map((element) => new Proxy<JsonObject>(element, look))
    for (const _ of patched({ a: watched }, patch, context).steps()) {
      looks.most = Math.max(looks.most, looks.now)
      looks.all += looks.now
      looks.now = 0
    }
    expect(looks.most).toBeLessThanOrEqual(512)
    expect(looks.all, 'each is written, hashed and compared once').toBeLessThan(3.1 * elements.length)
    expect(looks.all).toBeGreaterThan(elements.length)
  })

  test('what one request compares is bounded', () => {
    const value = { a: Array.from({ length: 8_000 }, (_, i) => ({ i, pad: 'x'.repeat(100) })) }
    const budget = new PatchBudget(LIMITS)
    const context = { time: TIME, limits: LIMITS, copies: new Copies(), budget, place: [] }
    const patch = parsePatch({ operators: { a: { $union: [{ i: 1 }] } } }, LIMITS)
    const error = thrown(() => {
      for (let i = 0; i < 10; i++) patched(value, patch, context).apply()
    })
    expect(error).toMatchObject({ code: 'TOO_LARGE', details: { limit: 'transactionBytes', at: '/a/$union' } })
  })
})

describe('exactSum', () => {
  test.each<[number, number, number | null]>([
    [1, 2, 3],
    [0.1, 0.2, 0.3],
    [-0.3, 0.1, -0.2],
    [1.1, -1.1, 0],
    [1e21, 1e21, 2e21],
    [5e-324, 5e-324, 1e-323],
    [2 ** 53 - 1, 1, null],
    [2 ** 53 - 1, -1, 2 ** 53 - 2],
    [0.1, 1e15, 1000000000000000.1],
    [0.1, 1e16, null],
    [1e300, 1e-300, null],
    [Number.MAX_VALUE, Number.MAX_VALUE, null],
    [1e21, 1, null],
  ])('of %d and %d is %d', (a, b, sum) => {
    expect(exactSum(a, b)).toBe(sum)
    expect(exactSum(b, a)).toBe(sum)
  })

  test('is null, or the sum as decimals', () => {
    const scaled = (value: number): bigint => {
      const [mantissa = '', exponent = '0'] = value.toExponential().split('e')
      const [whole = '', fraction = ''] = mantissa.split('.')
      return BigInt(whole + fraction) * 10n ** BigInt(400 + Number(exponent) - fraction.length)
    }
    fc.assert(
      fc.property(number, number, (a, b) => {
        const sum = exactSum(a, b)
        fc.pre(sum !== null)
        expect(scaled(sum)).toBe(scaled(a) + scaled(b))
      }),
    )
  })
})
