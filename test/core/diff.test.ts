import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isObject, type Json } from '../../src/core/json/json.ts'
import { diffJson, diffSteps } from '../../src/core/patch/diff.ts'
import { appliedTo } from '../support/past/json-patch.ts'
import { json } from './json.ts'

/** A value, and another one that differs from it in some places. */
const pair = fc
  .tuple(json, json, fc.array(fc.tuple(fc.nat(), json), { maxLength: 4 }))
  .map(([from, other, edits]): readonly [Json, Json] => [
    from,
    edits.length === 0 ? other : edits.reduce((value, [place, part]) => edited(value, place, part), from),
  ])

/** The value with one part, which the number chooses, put in, replaced or taken out. */
function edited(value: Json, place: number, part: Json): Json {
  const rest = Math.floor(place / 4)
  if (Array.isArray(value)) {
    const elements = value as readonly Json[]
    const index = rest % (elements.length + 1)
    if (place % 4 === 0) return elements.toSpliced(index, 1)
    if (place % 4 === 1 || index === elements.length) return elements.toSpliced(index, 0, part)
    return elements.with(index, edited(elements[index] ?? null, rest, part))
  }
  if (!isObject(value)) return part
  const entries = Object.entries(value)
  const [key, child] = entries[rest % (entries.length + 1)] ?? [`k${rest % 10}/~`, null]
  if (place % 4 === 0) return Object.fromEntries(entries.filter(([name]) => name !== key))
  return { ...value, [key]: place % 4 === 1 ? part : edited(child, rest, part) }
}

test('a diff applied to the one value gives the other: any pair', () => {
  fc.assert(
    fc.property(pair, ([from, to]) => {
      expect(appliedTo(from, diffJson(from, to))).toEqual(to)
      expect(diffJson(to, to)).toEqual([])
    }),
    { numRuns: 2_000 },
  )
})

test('from nothing it is an add of the root, to nothing a remove', () => {
  expect(diffJson(undefined, { a: 1 })).toEqual([{ op: 'add', path: '', value: { a: 1 } }])
  expect(diffJson([1], undefined)).toEqual([{ op: 'remove', path: '' }])
  expect(diffJson(undefined, undefined)).toEqual([])
  expect(diffJson(null, undefined)).toEqual([{ op: 'remove', path: '' }])
})

/** Values of about 1 MiB whose comparison costs most: all that lies in them differs, or nothing does. */
function largePairs(): Readonly<Record<string, readonly [Json, Json]>> {
  const numbers = (by: number): Json =>
    Array.from({ length: 60 }, (_, i) => Array.from({ length: 4_000 }, (_, k) => (i + k + by) % 10))
  const objects = (by: number): Json =>
    Object.fromEntries(
      Array.from({ length: 1_000 }, (_, i) => [
        `k${i}`,
        Object.fromEntries(Array.from({ length: 100 }, (_, k) => [`${k}`, (k + by) % 10])),
      ]),
    )
  const deep = (by: number): Json => {
    let value: Json = Array.from({ length: 8_000 }, (_, i) => (i + by) % 10)
    for (let i = 0; i < 60; i++) value = { ['x'.repeat(1_000)]: value, y: by }
    return value
  }
  const strings = (by: number): Json => Array.from({ length: 1_000 }, (_, i) => ({ text: `${i + by} `.repeat(200) }))
  return {
    'numbers, all different': [numbers(0), numbers(1)],
    'numbers, all equal': [numbers(0), numbers(0)],
    'objects, all different': [objects(0), objects(1)],
    'objects, all equal': [objects(0), objects(0)],
    'a list below long keys, all different': [deep(0), deep(1)],
    'texts, all different': [strings(0), strings(1)],
    'a list that shrinks': [numbers(0), []],
  }
}

test.each(Object.entries(largePairs()))('a large pair is compared right, in small steps: %s', (_, [from, to]) => {
  const steps = diffSteps(from, to)
  const longest: number[] = []
  for (;;) {
    const begun = performance.now()
    const { done, value } = steps.next()
    longest.push(performance.now() - begun)
    if (done !== true) continue
    expect(appliedTo(from, value)).toEqual(to)
    expect(value.length).toBeLessThanOrEqual(10_000)
    break
  }
  // A collection of garbage takes as long now and then: it is in one step of many.
  expect(longest.toSorted((a, b) => b - a)[3] ?? 0).toBeLessThan(10)
})

test('more differences than the bounds allow become one replace of the root', () => {
  const [from, to] = [
    [1, 2, 3, 4],
    [5, 6, 7, 8],
  ]
  const replaced = [{ op: 'replace', path: '', value: to }]
  expect(diffJson(from, to, { operations: 4, pathUnits: 100 })).toHaveLength(4)
  expect(diffJson(from, to, { operations: 3, pathUnits: 100 })).toEqual(replaced)
  expect(diffJson(from, to, { operations: 4, pathUnits: 7 })).toEqual(replaced)
})
