// Values are compared by node's assert, for vitest takes a key `constructor` for the object's class.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InvalidJson, parseExactJson, parseExactJsonSteps } from '../../src/core/json/exact-json.ts'
import type { Json } from '../../src/core/json/json.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { canonicalJson, exactValue } from '../../src/core/json/value.ts'
import { canonicalJsonSteps, checkValueSteps, receivedValueSteps, runAtOnce } from '../../src/core/json/value-steps.ts'
import { json } from './json.ts'

/** What a call gives, or what its error says. */
function outcome(run: () => unknown): unknown {
  try {
    return { value: run() }
  } catch (error) {
    return error
  }
}

function countSteps(steps: Generator<unknown, unknown>): number {
  let count = 1
  while (steps.next().done !== true) count++
  return count
}

/** So many objects of 1,000 fields each. */
const large = (objects: number): Json =>
  Array.from({ length: objects }, () => Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`k${i}`, i])))

/** What no value may be; or is at its limit here. */
const stranger = fc.constantFrom<unknown>(
  undefined,
  0n,
  NaN,
  2 ** 60,
  new Date(0),
  '\ud800',
  new InvalidJson('it was spoiled'),
  { ['a'.repeat(30)]: 1 },
  JSON.parse('{"__proto__":1}'),
  { '\0': 1 },
  [1, 2, 3, 4, 5, 6, 7, 8, 9],
  [[[[[[[[[]]]]]]]]],
  'a'.repeat(300),
)

const withStrangers: fc.Arbitrary<unknown> = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 5 },
    { weight: 3, arbitrary: json },
    { weight: 1, arbitrary: stranger },
    { weight: 3, arbitrary: fc.array(tie('node'), { maxLength: 5 }) },
    {
      weight: 3,
      arbitrary: fc.dictionary(fc.string({ maxLength: 3 }), tie('node'), { maxKeys: 5, noNullPrototype: true }),
    },
  ),
})).node

const LOW = { ...LIMITS, valueDepth: 8, keysPerObject: 6, arrayLength: 8, objectKeyBytes: 20, valueBytes: 250 }

describe('A text that is parsed in steps', () => {
  test('gives what it gives at once, also what is wrong with it', () => {
    const text = JSON.stringify(large(20))
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(3), fc.constantFrom('', '"', '}', ',', '\\', '1e999'), (at, cut, add) => {
        const damaged = text.slice(0, at) + add + text.slice(at + cut)
        const [steps, once] = [() => runAtOnce(parseExactJsonSteps(damaged)), () => parseExactJson(damaged)]
        assert.deepStrictEqual(outcome(steps), outcome(once))
      }),
      { numRuns: 40 },
    )
  })

  test('takes a step for some thousand values, and for a long text', () => {
    expect(countSteps(parseExactJsonSteps(JSON.stringify(large(20))))).toBeGreaterThanOrEqual(9)
    expect(countSteps(parseExactJsonSteps(JSON.stringify(Array(20).fill('x'.repeat(60_000)))))).toBeGreaterThanOrEqual(
      9,
    )
    expect(countSteps(parseExactJsonSteps('[1,{"a":[]}]'))).toBe(1)
  })
})

describe('A value that is checked in steps', () => {
  test('is refused for what exactValue refuses, with the same words and place', () => {
    fc.assert(
      fc.property(withStrangers, fc.constantFrom(LIMITS, LOW), (value, limits) => {
        const exact = outcome(() => exactValue(value, limits))
        const checked = outcome(() => runAtOnce(checkValueSteps(value, limits)))
        if (exact instanceof Error) assert.deepStrictEqual(checked, exact)
        else assert.deepStrictEqual(checked, { value: undefined })
      }),
      { numRuns: 3_000 },
    )
  })

  test('is not copied when it is handed over, and is copied at once when it is not', () => {
    const value = large(20)
    expect(runAtOnce(receivedValueSteps(value, LIMITS, true))).toBe(value)
    expect(countSteps(receivedValueSteps(value, LIMITS, true))).toBeGreaterThanOrEqual(5)
    expect(countSteps(receivedValueSteps(value, LIMITS, false))).toBe(1)
    const copy = runAtOnce(receivedValueSteps(value, LIMITS, false))
    expect(copy).not.toBe(value)
    assert.deepStrictEqual(copy, value)
    expect(runAtOnce(receivedValueSteps(-0, LIMITS, true))).toBe(0)
  })
})

describe('Canonical JSON in steps', () => {
  test('is canonical JSON, without what is undefined', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        const value = [{ a, none: undefined, b: [b, undefined] }]
        expect(runAtOnce(canonicalJsonSteps(a))).toBe(canonicalJson(a))
        expect(runAtOnce(canonicalJsonSteps(value))).toBe(canonicalJson(JSON.parse(JSON.stringify(value)) as Json))
      }),
      { numRuns: 1_000 },
    )
  })

  test('takes a step for some thousand nodes', () => {
    expect(countSteps(canonicalJsonSteps(large(20)))).toBeGreaterThanOrEqual(5)
  })
})
