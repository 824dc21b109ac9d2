// Values are compared by node's assert, for vitest takes a key `constructor` for the object's class.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Copies } from '../../src/core/json/copies.ts'
import { deleteField, fieldSetter, getField, mayTouch, setField } from '../../src/core/json/field.ts'
import type { Json } from '../../src/core/json/json.ts'
import { smallJson } from './json.ts'
import { thrown } from './thrown.ts'

/** Every place of a value, the root included. */
function paths(value: Json, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([key, field]) => paths(field as Json, [...path, key]))]
}

function frozen(value: Json): Json {
  if (typeof value === 'object' && value !== null) {
    for (const field of Object.values(value)) frozen(field as Json)
    Object.freeze(value)
  }
  return value
}

/** A value that throws when it is changed, and one of the places in it. */
const placed = smallJson.chain((value) => fc.tuple(fc.constant(frozen(value)), fc.constantFrom(...paths(value))))
const INHERITED = ['length', 'constructor', 'toString', 'hasOwnProperty', 'push']
const segment = fc.constantFrom('a', 'b', '0', '1', '2', '01', '-1', '1.0', '1e0', ...INHERITED)
const anyPath = fc.array(segment, { minLength: 1, maxLength: 4 })

const attempt = (run: () => Json | undefined): Json | undefined => {
  try {
    return run()
  } catch {
    return undefined
  }
}

describe('getField', () => {
  test('finds every place of a value and nothing else', () => {
    fc.assert(
      fc.property(smallJson, anyPath, (value, path) => {
        const there = paths(value).some((place) => place.join('/') === path.join('/'))
        expect(getField(value, path) !== undefined).toBe(there)
      }),
      { numRuns: 3_000 },
    )
  })

  test.each<[Json, string, Json | undefined]>([
    [{ a: { b: [1, { c: 2 }] } }, 'a/b/1/c', 2],
    [{ a: null }, 'a', null],
    [{ a: null }, 'a/b', undefined],
    [[1, 2], '1', 2],
    [[1], '01', undefined],
    [[1], '-1', undefined],
    [[1], '+0', undefined],
    [[1], '', undefined],
    [[1], 'length', undefined],
    [[1], '99999999999999999999', undefined],
    [{ 1: 'x' }, '1', 'x'],
    [{ '01': 'x' }, '01', 'x'],
    [{}, 'constructor', undefined],
    [{}, '__proto__', undefined],
    ['text', '0', undefined],
    ['text', 'length', undefined],
    [{ constructor: { name: 1 } }, 'constructor/name', 1],
    [{ '': 1 }, '', 1],
  ])('of %j at %s gives %j', (value, path, field) => {
    assert.deepStrictEqual(getField(value, path.split('/')), field)
  })

  test('without a path gives the whole value', () => {
    expect(getField(null, [])).toBe(null)
    expect(getField('x', [])).toBe('x')
  })
})

describe('setField', () => {
  test('makes getField give what was set, and leaves every other place as it was', () => {
    fc.assert(
      fc.property(placed, smallJson, ([value, path], field) => {
        const after = setField(value, path, field)
        assert.deepStrictEqual(getField(after, path), field)
        const elsewhere = paths(value).filter((place) => !place.every((s, i) => i >= path.length || path[i] === s))
        for (const place of elsewhere) expect(getField(after, place)).toBe(getField(value, place))
      }),
      { numRuns: 2_000 },
    )
  })

  test('makes getField give what was set at any path, or refuses and changes nothing', () => {
    fc.assert(
      fc.property(smallJson, anyPath, (value, path) => {
        const after = attempt(() => setField(frozen(value), path, 'new'))
        if (after !== undefined) expect(getField(after, path)).toBe('new')
      }),
      { numRuns: 3_000 },
    )
  })

  test.each<[Json, string, Json]>([
    [{}, 'a/b/c', { a: { b: { c: 9 } } }],
    [{ a: [1] }, 'a/1', { a: [1, 9] }],
    [[], '0', [9]],
    [[1, 2], '0', [9, 2]],
    [[1], '1/x/y', [1, { x: { y: 9 } }]],
    [{ a: 1, b: 2 }, 'a', { a: 9, b: 2 }],
    [{}, '0', { 0: 9 }],
    [{}, 'tags/0', { tags: { 0: 9 } }],
    [{}, 'constructor/name', { constructor: { name: 9 } }],
    [{}, 'toString', { toString: 9 }],
    [{ a: null }, 'a', { a: 9 }],
    [[null], '0', [9]],
  ])('in %j at %s gives %j', (value, path, after) => {
    assert.deepStrictEqual(setField(frozen(value), path.split('/'), 9), after)
  })

  test.each<[Json, string]>([
    [[1], '2'],
    [[1], '01'],
    [[1], '-1'],
    [[1], 'x'],
    [[1], 'length'],
    [[1], '1.0'],
    [[1], '2/x'],
    [[1], '99999999999999999999'],
    [[], '-'],
    [null, 'a'],
    ['text', '0'],
    [1, 'a'],
    [true, 'a'],
    [{ a: null }, 'a/b'],
    [{ a: 'x' }, 'a/length'],
    [{ a: [1] }, 'a/0/b'],
    [{ a: [null] }, 'a/0/b'],
  ])('in %j at %s is refused with NOT_FOUND', (value, path) => {
    const error = thrown(() => setField(frozen(value), path.split('/'), 9))
    expect(error).toMatchObject({ code: 'NOT_FOUND', details: {} })
    expect(error.message).toMatch(/^There is no place for the field: .+\.$/)
  })

  test('shares what it does not change', () => {
    const value = { a: { b: 1 }, c: { d: [1] } }
    const after = setField(value, ['a', 'b'], 2) as typeof value
    expect(after.c).toBe(value.c)
    expect(value.a.b).toBe(1)
  })

  test('never changes a prototype', () => {
    const after = setField({}, ['__proto__', 'polluted'], true)
    expect(Object.getPrototypeOf(after)).toBe(Object.prototype)
    expect('polluted' in {}).toBe(false)
  })
})

describe('deleteField', () => {
  test('undoes the setting of a field that was not there', () => {
    fc.assert(
      fc.property(smallJson, fc.constantFrom('new', 'valueOf', '7'), (value, name) => {
        fc.pre(typeof value === 'object' && value !== null && !Array.isArray(value))
        assert.deepStrictEqual(deleteField(frozen(setField(value, [name], 1)), [name]), value)
      }),
      { numRuns: 500 },
    )
  })

  test('takes away one key or one element, and gives undefined exactly when nothing is there', () => {
    fc.assert(
      fc.property(smallJson, anyPath, (value, path) => {
        const parent = getField(value, path.slice(0, -1))
        const after = deleteField(frozen(value), path)
        expect(after === undefined).toBe(getField(value, path) === undefined)
        if (after === undefined) return
        const left = getField(after, path.slice(0, -1)) as object
        expect(Object.keys(left)).toHaveLength(Object.keys(parent as object).length - 1)
      }),
      { numRuns: 3_000 },
    )
  })

  test.each<[Json, string, Json | undefined]>([
    [{ a: 1, b: 2 }, 'a', { b: 2 }],
    [[1, 2, 3], '1', [1, 3]],
    [{ a: [{ b: 1, c: 2 }] }, 'a/0/b', { a: [{ c: 2 }] }],
    [{ a: null }, 'a', {}],
    [{ a: 1 }, 'b', undefined],
    [[1], '1', undefined],
    [[1], '00', undefined],
    [[1], 'length', undefined],
    [{}, 'constructor', undefined],
    [{ constructor: 1 }, 'constructor', {}],
    [{ a: { b: 1 } }, 'a/b/c', undefined],
    ['x', '0', undefined],
    [null, 'a', undefined],
    [{ a: { b: null } }, 'a/b', { a: {} }],
  ])('of %j at %s gives %j', (value, path, after) => {
    assert.deepStrictEqual(deleteField(frozen(value), path.split('/')), after)
  })

  test('without a path names no field', () => {
    expect(deleteField({ a: 1 }, [])).toBe(undefined)
  })
})

describe('with copies of one caller', () => {
  const change = fc.tuple(anyPath, fc.option(smallJson))

  test('changes in turn give what they give without, and leave what they began with as it was', () => {
    const apply = (value: Json, [path, field]: readonly [readonly string[], Json | null], copies: Copies): Json => {
      try {
        return field === null ? (deleteField(value, path, copies) ?? value) : fieldSetter(copies)(value, path, field)
      } catch {
        return value
      }
    }
    fc.assert(
      fc.property(smallJson, fc.array(change, { maxLength: 8 }), (value, changes) => {
        const copies = new Copies()
        const after = changes.reduce((now, one) => apply(now, one, copies), frozen(value))
        assert.deepStrictEqual(
          after,
          changes.reduce((now, one) => apply(now, one, new Copies()), frozen(value)),
        )
      }),
      { numRuns: 3_000 },
    )
  })
})

describe('mayTouch', () => {
  test.each([
    [[], 'a', true],
    [['a'], 'a', true],
    [['a'], 'a/b', true],
    [['a/b'], 'a', true],
    [['a/b'], 'a/c', false],
    [['ab'], 'a', false],
    [['a'], 'ab', false],
    [['x', 'a/b/c'], 'a/b', true],
    [['x', 'y/a'], 'a', false],
  ])('a version that wrote %j may have touched %s: %s', (fields, path, expected) => {
    expect(mayTouch(fields, path.split('/'))).toBe(expected)
  })
})
