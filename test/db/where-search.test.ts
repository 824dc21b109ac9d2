import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Json } from '../../src/core/json/json.ts'
import { LIMITS } from '../../src/core/limits.ts'
import type { Scope } from '../../src/db/shape/cel/runtime/evaluation.ts'
import { find } from '../../src/db/shape/cel/runtime/text-search.ts'
import { compileWhere } from '../../src/db/shape/cel/where.ts'
import { thrown, tooLarge } from '../core/thrown.ts'
import { costOf } from '../support/time/cost.ts'

const scopeOf = (steps: number): Scope => ({ value: null, path: '', id: '', items: [], steps })

/** Texts of few characters that repeat, in which a search goes far before it fails. */
const periodic = fc
  .tuple(
    fc.string({ unit: fc.constantFrom('a', 'b', 'ж', '😀'), minLength: 1, maxLength: 5 }),
    fc.integer({ min: 0, max: 150 }),
    fc.constantFrom('', 'a', 'b', 'ab'),
  )
  .map(([unit, count, end]) => unit.repeat(count) + end)

describe('find', () => {
  test('finds what the platform finds, in texts and parts of any length', () => {
    fc.assert(
      fc.property(
        fc.array(periodic, { minLength: 1, maxLength: 4 }),
        periodic,
        fc.nat(400),
        fc.nat(400),
        (pieces, other, from, length) => {
          const text = pieces.join('')
          for (const part of [
            other,
            text.slice(from, from + length),
            `${text.slice(from, from + length)}b`,
            text,
            '',
          ]) {
            expect(find(scopeOf(1_000_000), text, part)).toBe(text.indexOf(part))
          }
        },
      ),
      { numRuns: 2_000 },
    )
  })

  test.each<[string, string, string]>([
    ['in the middle', 'a'.repeat(160_000), `${'a'.repeat(40_000)}b${'a'.repeat(40_000)}`],
    ['at the end', 'a'.repeat(160_000), `${'a'.repeat(80_000)}b`],
    ['at the beginning', 'a'.repeat(160_000), `b${'a'.repeat(80_000)}`],
    ['of two characters', 'ab'.repeat(80_000), `${'ab'.repeat(40_000)}b`],
  ])('takes time and steps that are linear, with the fault %s', async (_, text, part) => {
    const scope = scopeOf(200_000)
    // Some units; by the platform alone up to 6,000.
    expect(await costOf(() => expect(find(scope, text, part)).toBe(-1))).toBeLessThan(500)
    expect(200_000 - scope.steps).toBeLessThan(text.length / 8 + part.length)
  })
})

const list = (count: number, item: (i: number) => Json): Json => Array.from({ length: count }, (_, i) => item(i))
const map = (count: number): Json => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 1]))

describe('one evaluation ends within some milliseconds, whatever it is asked for', () => {
  test.each<[string, Json]>([
    ['value.s.contains(value.p)', { s: 'a'.repeat(160_000), p: `${'a'.repeat(40_000)}b${'a'.repeat(40_000)}` }],
    ['value.l.exists(x, x == value.m)', { l: list(8_000, () => ({})), m: map(1_000) }],
    ['value.l.exists(x, value.s + x in value.m)', { l: list(8_000, String), s: 'a'.repeat(16_400), m: map(1_000) }],
    ['value.l.exists(x, value.m[value.s + x] == 1)', { l: list(8_000, String), s: 'a'.repeat(16_400), m: map(1_000) }],
    ['value.l.exists(x, size(value.s) == 1)', { l: list(8_000, (i) => i), s: '😀'.repeat(250_000) }],
    ['value.l.exists(x, timestamp(x) == timestamp(1))', { l: list(8_000, () => '1'.repeat(64)) }],
    ['value.l.exists(x, (value.s + "b") == (value.s + "c"))', { l: list(8_000, (i) => i), s: 'ж'.repeat(170_000) }],
    ['value.l.exists(x, value.l.exists(y, timestamp(y) == timestamp(-1)))', { l: list(8_000, (i) => i) }],
  ])('%s', async (text, value) => {
    const { test } = compileWhere(text, {})
    // Alone 10 at most. Before they were charged for what they cost, 60 to 6,000.
    expect(await costOf(() => expect(test({ path: 'a/b', id: 'b', value })).toBe(false))).toBeLessThan(500)
  })

  test('and yet a long text is searched to its end', () => {
    const is = (text: string, value: Json): boolean => compileWhere(text, {}).test({ path: 'a/b', id: 'b', value })
    const sentence = 'a sentence that is longer than sixty-four characters, as quotations are'
    expect(is(`value.s.contains("${sentence}")`, { s: `${'a sentence '.repeat(90_000)}${sentence}` })).toBe(true)
    expect(is('(value.s + "B").contains("B")', { s: 'A'.repeat(900_000) })).toBe(true)
  })
})

describe('params', () => {
  test('have up to 16,384 bytes as compact JSON', () => {
    const fits = { a: 'é'.repeat((16_384 - 8) / 2) }
    expect(compileWhere('value == params.a', fits).test({ path: 'a/b', id: 'b', value: fits.a })).toBe(true)
    expect(thrown(() => compileWhere('value == params.a', { a: `${fits.a}x` }))).toMatchObject(
      tooLarge({ limit: 'paramsBytes', max: 16_384 }),
    )
    expect(LIMITS.paramsBytes).toBe(16_384)
  })
})
