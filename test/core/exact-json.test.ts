// Values are compared by node's assert, for vitest takes a key `constructor` for the object's class.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InvalidJson, parseExactJson } from '../../src/core/json/exact-json.ts'
import type { Json } from '../../src/core/json/json.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { exactValue } from '../../src/core/json/value.ts'
import { json } from './json.ts'
import { thrown, tooLarge } from './thrown.ts'
import { costOf } from '../support/time/cost.ts'

/** A text with whitespace between any two tokens, and some characters written as escapes. */
function spread(value: Json, space: string): string {
  if (Array.isArray(value)) {
    return `[${space}${value.map((element: Json) => spread(element, space)).join(`${space},${space}`)}${space}]`
  }
  if (typeof value === 'string') return escapeAll(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value).map(
    ([key, field]) => `${escapeAll(key)}${space}:${space}${spread(field as Json, space)}`,
  )
  return `{${space}${fields.join(`${space},${space}`)}${space}}`
}

function escapeAll(text: string): string {
  const units = text.split('').map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return `"${units.join('')}"`
}

const attempt = (run: () => unknown): { readonly value: unknown } | null => {
  try {
    return { value: run() }
  } catch {
    return null
  }
}

function hasInvalid(value: unknown): boolean {
  if (value instanceof InvalidJson) return true
  return typeof value === 'object' && value !== null && Object.values(value).some(hasInvalid)
}

/** As JSON.parse has it, with 0 for -0. */
const withoutNegativeZero = (text: string): unknown =>
  JSON.parse(text, (_, value: unknown) => (value === 0 ? 0 : value))

const SEEDS = ['-0.5e+10', '[true,false,null]', '{"a":{"a":[]}}', '"\\ud83d\\ude00\\n"']
const DAMAGE = '{}[]:,"\\/tfnu0123456789.eE+- \t\n\v\0\u00a0\ufeff\ud800é'.split('')
const PARTS = ['{', '}', '[', ']', ':', ',', '"a"', '"b"', '""', '1', '-1.5e3', '0', '-', '.', 'true', 'null', ' ']

/** Texts that are nearly JSON: one to three characters of a JSON text are replaced, removed or put in. */
const damaged = fc
  .tuple(
    fc.oneof(
      json.map((value) => JSON.stringify(value)),
      json.map((value) => spread(value, ' \n\t\r')),
      fc.constantFrom(...SEEDS),
    ),
    fc.array(fc.tuple(fc.nat(), fc.nat({ max: 1 }), fc.constantFrom('', ...DAMAGE)), { minLength: 1, maxLength: 3 }),
  )
  .map(([text, edits]) =>
    edits.reduce((now, [place, cut, add]) => {
      const at = place % (now.length + 1)
      return now.slice(0, at) + add + now.slice(at + cut)
    }, text),
  )

const tokens = fc.array(fc.constantFrom(...PARTS), { maxLength: 12 }).map((parts) => parts.join(''))

describe('parseExactJson', () => {
  test('gives back every JSON value from its text', () => {
    fc.assert(
      fc.property(json, (value) => {
        assert.deepStrictEqual(parseExactJson(JSON.stringify(value)), value)
      }),
      { numRuns: 2_000 },
    )
  })

  test('gives back every JSON value whatever the whitespace and the escapes', () => {
    fc.assert(
      fc.property(json, fc.string({ unit: fc.constantFrom(' ', '\n', '\r', '\t'), maxLength: 3 }), (value, space) => {
        assert.deepStrictEqual(parseExactJson(space + spread(value, space) + space), value)
      }),
      { numRuns: 1_000 },
    )
  })

  test('accepts what JSON.parse accepts, and nothing else; what has no flaw is equal', () => {
    fc.assert(
      fc.property(fc.oneof(damaged, damaged, tokens, fc.string()), (text) => {
        const theirs = attempt(() => JSON.parse(text))
        if (theirs === null) {
          expect(thrown(() => parseExactJson(text)).code).toBe('BAD_REQUEST')
          return
        }
        const ours = parseExactJson(text)
        if (!hasInvalid(ours)) assert.deepStrictEqual(ours, withoutNegativeZero(text))
      }),
      { numRuns: 20_000 },
    )
  })

  test('puts a flaw in the place of a doubled key, wherever it is doubled', () => {
    fc.assert(
      fc.property(json, json, json, (a, b, c) => {
        const [x, y, z] = [JSON.stringify(a), JSON.stringify(b), JSON.stringify(c)]
        const twice = parseExactJson(`{"k":${x},"other":${y},"\\u006b":${z}}`) as { k: unknown; other: unknown }
        expect(twice.k).toBeInstanceOf(InvalidJson)
        assert.deepStrictEqual(twice.other, b)
        const thrice = parseExactJson(`{"k":${x},"k":${y},"k":${z}}`) as { k: unknown }
        expect(thrice.k).toBeInstanceOf(InvalidJson)
      }),
      { numRuns: 200 },
    )
  })

  test.each([
    ['a rounded integer', '{"a":[9007199254740993]}', ['a', '0']],
    ['an integer beyond 2^53 - 1 with an exponent', '[1e16]', ['0']],
    ['a rounded fraction', '[3.14159265358979323846264338]', ['0']],
    ['a number without end', '{"a":1e400}', ['a']],
    ['a number that vanishes', '{"a":-1e-400}', ['a']],
    ['half of a surrogate pair, escaped', '["\\ud800"]', ['0']],
    ['half of a surrogate pair, escaped, in a long text', '["a text that is long enough \\udc00 to be copied"]', ['0']],
    ['half of a surrogate pair, as it is', '["x\ud83dy"]', ['0']],
    ['two halves in the wrong order', '["\\udc00\\ud800"]', ['0']],
    ['half of a surrogate pair in a key', '{"\\ud800":1}', ['\ud800']],
    ['U+0000 in a key', '{"a\\u0000b":{"c":1}}', ['a\0b']],
    ['a doubled key', '{"a":1,"a":1}', ['a']],
    ['a doubled empty key', '{"":1,"":1}', ['']],
    ['a doubled key that objects inherit', '{"toString":1,"toString":1}', ['toString']],
    ['a doubled index', '{"1":1,"1":1}', ['1']],
    ['__proto__ as a key', '{"__proto__":{"polluted":1}}', ['__proto__']],
    ['__proto__ as a key, escaped', '{"\\u005f_proto__":1}', ['__proto__']],
    ['__proto__ as a key, doubled', '{"__proto__":1,"__proto__":null}', ['__proto__']],
    ['the whole text', '1e999', []],
  ])('keeps the place of %s', (_, text, place) => {
    const own = (value: unknown, key: string): unknown => Object.getOwnPropertyDescriptor(value, key)?.value
    const invalid = place.reduce(own, parseExactJson(text))
    expect(invalid).toBeInstanceOf(InvalidJson)
    expect((invalid as InvalidJson).problem).toMatch(/^[a-zA-Z].{10,}[^.]$/)
  })

  test.each([
    ['-0', 0],
    ['[-0]', [0]],
    ['-0.0e5', 0],
    ['1.50', 1.5],
    ['1E2', 100],
    ['-12', -12],
    ['123456789012345', 123456789012345],
    ['9007199254740991', 9007199254740991],
    ['1e21', 1e21],
    ['"\\ud83d\\ude00"', '😀'],
    ['"😀"', '😀'],
    ['"\ud83d\\ude00"', '😀'],
    ['"\\u0000"', '\0'],
    ['"\u2028\u007f"', '\u2028\u007f'],
    ['"a\ufeff"', 'a\ufeff'],
    ['"\\/\\b"', '/\b'],
    [' \t\r\n{ } ', {}],
    ['{"constructor":1,"$a":2,"a.b":3,"toString":4,"":5}', { constructor: 1, $a: 2, 'a.b': 3, toString: 4, '': 5 }],
    ['{"_bsontype":"Long"}', { _bsontype: 'Long' }],
    ['{"hasOwnProperty":{"a":1},"valueOf":null}', { hasOwnProperty: { a: 1 }, valueOf: null }],
    ['{"b":1,"a":2}', { b: 1, a: 2 }],
  ])('reads %s exactly', (text, value) => {
    assert.deepStrictEqual(parseExactJson(text), value)
  })

  test.each([
    '',
    ' ',
    '\ufeff{}',
    '\ufeff',
    '{}\ufeff',
    'nul',
    'nulL',
    'True',
    'undefined',
    'NaN',
    'Infinity',
    '-Infinity',
    "'a'",
    '"a',
    '"a\\',
    '"a\\"',
    '"\\x"',
    '"\\u12"',
    '"\\u12g4"',
    '"a\nb"',
    '"a\0b"',
    '"a text of some length\nand more"',
    '01',
    '-01',
    '+1',
    '.5',
    '1.',
    '1.e5',
    '1e',
    '1e+',
    '-',
    '--1',
    '0x10',
    '1_000',
    '[',
    ']',
    '[1',
    '[1,',
    '[1,]',
    '[,1]',
    '[1 2]',
    '{',
    '}',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,',
    '{"a":1,}',
    '{"a" 1}',
    '{a:1}',
    '{1:1}',
    '{,}',
    '[}',
    '{]',
    '1 2',
    '{}{}',
    'null,',
    '// comment\n1',
    '/**/1',
    '\u00a01',
    '\v1',
    '\f1',
  ])('refuses %j as malformed, with the position', (text) => {
    const error = thrown(() => parseExactJson(text))
    expect(error.code).toBe('BAD_REQUEST')
    expect(error.message).toMatch(/^The JSON is malformed at position \d+: expected .+, found .+\.$/)
  })

  test('refuses every control character as it is in a string, and takes the next character', () => {
    for (let code = 0; code < 0x20; code++) {
      expect(thrown(() => parseExactJson(`"${String.fromCharCode(code)}"`)).code).toBe('BAD_REQUEST')
    }
    expect(parseExactJson('" "')).toBe(' ')
  })

  test('keeps no more of a key than shows that it is too long', () => {
    const key = 'k'.repeat(20_000)
    const parsed = parseExactJson(`{"${key}1":1,"${key.slice(0, 1_024)}":2,"${key}2":3}`)
    expect(Object.keys(parsed as object).map(({ length }) => length)).toEqual([1_025, 1_024])
    for (const value of [parsed, parseExactJson(`{"${key}":{}}`), parseExactJson(`{"${'語'.repeat(5_000)}":1}`)]) {
      expect(thrown(() => exactValue(value, LIMITS))).toMatchObject(
        tooLarge({ limit: 'objectKeyBytes', max: 1_024, at: '' }),
      )
    }
  })

  test('names the position and what was found there', () => {
    expect(thrown(() => parseExactJson('{"a": x}')).message).toBe(
      'The JSON is malformed at position 6: expected a value, found "x".',
    )
    expect(thrown(() => parseExactJson('[1 2]')).message).toBe(
      'The JSON is malformed at position 3: expected "," or "]", found "2".',
    )
    expect(thrown(() => parseExactJson('[1,')).message).toBe(
      'The JSON is malformed at position 3: expected a value, found the end.',
    )
    expect(thrown(() => parseExactJson('\ufeff{}')).message).toContain(
      'position 0: expected JSON without a byte order mark',
    )
  })

  test('reads as many levels as allowed, the root being the first, and refuses one more', () => {
    const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)
    expect(JSON.stringify(parseExactJson(nested(128)))).toBe(nested(128))
    expect(thrown(() => parseExactJson(nested(129)))).toMatchObject(tooLarge({ limit: 'valueDepth', max: 128 }))
    assert.deepStrictEqual(parseExactJson('{"a":[1]}', { maxDepth: 3 }), { a: [1] })
    expect(thrown(() => parseExactJson('{"a":[1]}', { maxDepth: 2 }))).toMatchObject(
      tooLarge({ limit: 'valueDepth', max: 2 }),
    )
  })

  test.each(['[', '{"a":', '[{"a":'])('survives a million of %s', (opening) => {
    expect(thrown(() => parseExactJson(opening.repeat(1_000_000))).code).toBe('TOO_LARGE')
  })

  test('never changes a prototype', () => {
    const value = parseExactJson(
      '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
    ) as object
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor'])
    expect('polluted' in {}).toBe(false)
    expect('polluted' in value).toBe(false)
  })

  test('takes time in proportion to the text', async () => {
    const million = 1_000_000
    const strings = [
      `"${'\\u0061'.repeat(million / 6)}"`,
      `"${'\\'.repeat(million)}"`,
      `[${'"\\n",'.repeat(million / 5)}1]`,
    ]
    const hostile = ['1'.repeat(million), ' '.repeat(million), '[1,'.repeat(million), ...strings]
    const cost = await costOf(() => {
      for (const text of hostile) attempt(() => parseExactJson(text))
    })
    expect(cost).toBeLessThan(3_000)
  })
})
