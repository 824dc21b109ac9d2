// Values are compared by node's assert, for vitest takes a key `constructor` for the object's class.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { getField } from '../../src/core/field.ts'
import type { Json } from '../../src/core/json.ts'
import { mergedFields, mergePatch } from '../../src/core/merge-patch.ts'
import { equalJson } from '../../src/core/value.ts'
import { json, smallJson } from './json.ts'

function paths(value: Json, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([key, field]) => paths(field as Json, [...path, key]))]
}

const isPlain = (value: Json): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)

function hasNullField(value: Json): boolean {
  return isPlain(value) && Object.values(value as object).some((field: Json) => field === null || hasNullField(field))
}

const contains = (a: readonly string[], b: readonly string[]): boolean => a.every((segment, i) => i >= b.length || segment === b[i])

describe('mergePatch', () => {
  it.each<[Json, Json, Json]>([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [['a', 'b'], ['c', 'd'], ['c', 'd']],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('RFC 7396, appendix A: %j patched by %j is %j', (target, patch, result) => {
    assert.deepStrictEqual(mergePatch(target, patch), result)
  })

  it('treats what is not there as an empty object', () => {
    assert.deepStrictEqual(mergePatch(undefined, { a: { b: null, c: 1 } }), { a: { c: 1 } })
  })

  it('takes keys that objects inherit as any other', () => {
    assert.deepStrictEqual(mergePatch({}, { constructor: { name: 1 }, toString: null }), { constructor: { name: 1 } })
    assert.deepStrictEqual(mergePatch({ toString: 1, hasOwnProperty: 2 }, { toString: null }), { hasOwnProperty: 2 })
  })

  it('by a value without null fields, into nothing, is that value', () => {
    fc.assert(fc.property(json, (patch) => {
      fc.pre(!hasNullField(patch))
      assert.deepStrictEqual(mergePatch(undefined, patch), patch)
    }), { numRuns: 500 })
  })

  it('done twice is the same as done once, and leaves no null from a patch', () => {
    fc.assert(fc.property(smallJson, smallJson, (target, patch) => {
      const once = mergePatch(target, patch)
      assert.deepStrictEqual(mergePatch(once, patch), once)
      assert.deepStrictEqual(mergePatch(mergePatch({}, patch), {}), isPlain(patch) ? mergePatch({}, patch) : {})
    }), { numRuns: 1_000 })
  })
})

describe('mergedFields', () => {
  it.each<[Json, readonly string[]]>([
    [{ author: { name: 'x' }, n: 1 }, ['author/name', 'n']], [{ a: null }, ['a']], [{ a: {} }, ['a']], [{ a: [1, { b: 2 }] }, ['a']],
    [{ a: { b: { c: null, d: 1 } } }, ['a/b/c', 'a/b/d']],
    [{}, []], [null, []], ['x', []], [[{ a: 1 }], []], [{ '': 1, a: 1 }, []], [{ 'a/b': 1 }, []],
    [{ a: { '': 1, 'x/y': 2, b: 3 } }, ['a', 'a/b']],
    [{ a: { b: { '': { c: 1 } } } }, ['a/b']], [{ constructor: { x: 1 }, 'a.b': 2, $c: 3 }, ['constructor/x', 'a.b', '$c']],
  ])('of %j are %j', (patch, fields) => {
    expect(mergedFields(patch)).toEqual(fields)
  })

  it.each<[Json, Json, readonly string[]]>([
    [{ a: { b: 1 } }, { a: { c: 1 } }, ['a/b']], [{ a: { b: 1 } }, {}, ['a/b']], [{ a: { b: 1 } }, { a: [1] }, ['a']],
    [{ a: { b: 1 } }, { a: null }, ['a']],
    [{ a: { b: 1 } }, [1], []], [{ a: { b: 1 } }, 'x', []], [{ toString: { b: 1 } }, {}, ['toString/b']],
  ])('of %j into %j are %j', (patch, target, fields) => {
    expect(mergedFields(patch, target)).toEqual(fields)
  })

  it('cover every place that the patch changes', () => {
    fc.assert(fc.property(smallJson, smallJson, (target, patch) => {
      const fields = mergedFields(patch, target).map((field) => field.split('/'))
      const after = mergePatch(target, patch)
      for (const place of [...paths(target), ...paths(after)]) {
        const [old, now] = [getField(target, place), getField(after, place)]
        const same = old === undefined || now === undefined ? old === now : equalJson(old, now)
        if (!same && fields.length > 0) expect(fields.some((field) => contains(field, place)), place.join('/')).toBe(true)
      }
    }), { numRuns: 2_000 })
  })
})
