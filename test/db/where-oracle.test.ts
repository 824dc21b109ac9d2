import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Json } from '../../src/core/json/json.ts'
import { DatabaseError } from '../../src/core/error.ts'
import { compileWhere, type WhereSubject } from '../../src/db/shape/cel/where.ts'
import { byLibrary } from './where-library.ts'

const PARAMS: Json = {
  n: 1,
  s: 'a',
  list: [1, 'a', null, { a: 1 }],
  object: { a: 1, 'b c': 'x' },
  nothing: null,
  yes: true,
}

const SCALARS: readonly Json[] = [
  null,
  true,
  false,
  0,
  1,
  2,
  -1,
  1.5,
  1e21,
  5e-324,
  '',
  'a',
  'ab',
  'B',
  '1',
  '😀',
  'a😀b',
  '2026-01-31T12:00:00Z',
]
const scalar = fc.constantFrom(...SCALARS)
const VALUES: readonly Json[] = [
  ...SCALARS,
  [],
  [1],
  [1, 2],
  [null],
  ['a'],
  [[]],
  [[1], []],
  {},
  { a: 1 },
  { a: null },
  { a: 1, b: [] },
  { b: 1 },
  { constructor: 1 },
  { toString: {} },
  [{ a: 1 }],
]
const key = fc.constantFrom('a', 'b', 'b c', 'constructor', 'toString', 'size')
const value: fc.Arbitrary<Json> = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar,
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(key, tie('json'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).json
const fields = fc.record(
  { a: value, b: value, 'b c': value, constructor: value },
  { requiredKeys: ['a', 'b'], noNullPrototype: true },
)
const subject: fc.Arbitrary<WhereSubject> = fc.record({
  path: fc.constantFrom('posts/1', 'posts/a'),
  id: fc.constantFrom('1', 'a'),
  value: fc.oneof({ weight: 4, arbitrary: fields }, { weight: 1, arbitrary: value }),
})

const literal = fc.constantFrom(
  'null',
  'true',
  'false',
  '0',
  '1',
  '2',
  '1.0',
  '1.5',
  '-1',
  '1e21',
  '0x1',
  '""',
  '"a"',
  "'ab'",
  '"1"',
  '"😀"',
  'r"a"',
  '[]',
  '[1, 2]',
  '["a", 1, null]',
  '[[1], []]',
  'params.n',
  'params.s',
  'params.list',
  'params.object',
  'params.nothing',
  'path',
  'id',
  'params["yes"]',
  'params.object["b c"]',
  'params.list[3].a',
)
const step = fc.constantFrom(
  '.a',
  '.b',
  '["b c"]',
  '.constructor',
  '.toString',
  '[0]',
  '[1]',
  '[1.0]',
  '["a"]',
  '[value.a]',
)
const typeName = fc.constantFrom('bool', 'double', 'string', 'list', 'map', 'null_type')
const instant = fc.constantFrom(
  '0',
  '1',
  '"2026-01-31T12:00:00Z"',
  '"2026-01-31T13:00:00+01:00"',
  '"2025-12-31T23:59:59.999Z"',
)
const relation = fc.constantFrom('==', '!=', '<', '<=', '>', '>=', 'in')
const sign = fc.constantFrom('+', '-', '*', '% 2 +')
const textTest = fc.constantFrom('startsWith', 'endsWith', 'contains')
const quantifier = fc.constantFrom('exists', 'all')
const local = fc.constantFrom('x', 'y')
const space = fc.constantFrom('', ' ', '\n', ' // a comment\n')

/**
 * Expressions as text. Macros have the variables x and y, which may be unknown where they stand: both sides refuse
 * that.
 */
function expressions(names: readonly string[]): fc.Arbitrary<string> {
  return fc.letrec<{ place: string; term: string; test: string }>((tie) => ({
    place: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(...names),
      fc.tuple(tie('place'), step).map((parts) => parts.join('')),
    ),
    term: fc.oneof(
      { maxDepth: 3 },
      tie('place'),
      literal,
      tie('place').map((a) => `${a}.size()`),
      tie('term').map((a) => `size(${a})`),
      fc.tuple(tie('term'), sign, tie('term')).map(([a, op, b]) => `(${a} ${op} ${b})`),
      fc.tuple(tie('place'), fc.constantFrom('2', '2.5', 'value.b')).map(([a, b]) => `${a} / ${b}`),
      fc.tuple(tie('test'), tie('term'), tie('term')).map(([test, a, b]) => `(${test} ? ${a} : ${b})`),
    ),
    test: fc.oneof(
      { maxDepth: 4 },
      fc.tuple(tie('term'), relation, tie('term'), space).map(([a, op, b, gap]) => `${a}${gap} ${op} ${gap}${b}`),
      tie('place'),
      fc
        .tuple(tie('place'), fc.constantFrom('a', 'b', 'toString'))
        .map(([place, name]) => `has(value.${name}) || ${place} == 1`),
      fc.tuple(tie('place'), textTest, tie('term')).map(([a, name, b]) => `${a}.${name}(${b})`),
      fc.tuple(tie('place'), fc.constantFrom('==', '!='), typeName).map(([a, op, name]) => `type(${a}) ${op} ${name}`),
      fc.tuple(tie('place'), typeName, typeName).map(([a, one, other]) => `type(${a}) in [${one}, ${other}]`),
      fc
        .tuple(
          instant,
          relation.filter((op) => op !== 'in'),
          instant,
        )
        .map(([a, op, b]) => `timestamp(${a}) ${op} timestamp(${b})`),
      fc.tuple(tie('test'), fc.constantFrom('&&', '||'), tie('test')).map((parts) => parts.join(' ')),
      tie('test').map((test) => `!(${test})`),
      fc.tuple(tie('place'), quantifier, local, tie('test')).map(([a, name, x, test]) => `${a}.${name}(${x}, ${test})`),
    ),
  })).test
}

const expression = fc.oneof(
  expressions(['value', 'value.a', 'value.b']),
  expressions(['value.a', 'value.b', 'x']).map((test) => `value.a.exists(x, ${test})`),
  expressions(['value.a', 'x', 'y']).map((test) => `value.all(x, value[x].exists(y, ${test}))`),
)

function byClosures(text: string): (subject: WhereSubject) => boolean | 'refused' {
  try {
    return compileWhere(text, PARAMS).test
  } catch (error) {
    if (error instanceof DatabaseError && error.code === 'BAD_EXPRESSION') return () => 'refused'
    throw error
  }
}

describe('an expression', () => {
  test('means what the CEL library says, and so does its opposite', () => {
    const seen = { refused: 0, true: 0, false: 0 }
    fc.assert(
      fc.property(expression, fc.array(subject, { minLength: 4, maxLength: 4 }), (text, subjects) => {
        for (const asked of [text, `!(${text})`]) {
          const library = byLibrary(asked, PARAMS)
          const closures = byClosures(asked)
          for (const one of subjects) {
            const verdict = library(one)
            seen[`${verdict}`]++
            expect(closures(one), asked).toBe(verdict)
          }
        }
      }),
      { numRuns: 8_000 },
    )
    // The test must have something to say.
    expect(seen.true).toBeGreaterThan(1_000)
    expect(seen.false).toBeGreaterThan(1_000)
  })

  test.each(['==', '!=', '<', '<=', '>', '>=', 'in', '+ 0 ==', '||', '&&'])(
    'means it for all pairs of values: %s',
    (op) => {
      for (const text of [`value.a ${op} value.b`, `!(value.a ${op} value.b)`]) {
        const { test } = compileWhere(text, PARAMS)
        const library = byLibrary(text, PARAMS)
        for (const a of VALUES) {
          for (const b of VALUES) {
            const one = { path: 'posts/1', id: '1', value: { a, b } }
            expect(test(one), `${text} of ${JSON.stringify(one.value)}`).toBe(library(one))
          }
        }
      }
    },
  )

  test('is true only of values that its equalities allow', () => {
    const place = fc.constantFrom('value.a', 'value.b', 'value["b c"]', 'value.a.b')
    const sides = fc.tuple(place, literal)
    const conjunct = fc.oneof(
      sides.map(([a, b]) => `${a} == ${b}`),
      sides.map(([a, b]) => `${b} == ${a}`),
      place,
    )
    fc.assert(
      fc.property(fc.array(conjunct, { minLength: 1, maxLength: 3 }), subject, (conjuncts, one) => {
        const { test, equalities } = compileWhere(conjuncts.join(' && '), PARAMS)
        if (!test(one)) return
        for (const { field, value: wanted } of equalities) {
          const found = field.reduce<Json | undefined>(
            (at, name) => (at as Record<string, Json> | undefined)?.[name],
            one.value,
          )
          expect(found).toBe(wanted)
        }
      }),
      { numRuns: 3_000 },
    )
  })
})
