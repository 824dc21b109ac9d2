import { describe, expect, test } from 'vitest'
import { openEngine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { inProcess } from './in-process.ts'
import { recordingDatabase } from './recording-database.ts'

interface Put {
  readonly value?: unknown
  readonly code?: unknown
  readonly at?: unknown
  readonly status: number
  readonly text: string
}

/** What is kept of the value of a put, or how it is refused. */
async function put(query: string, variables?: object): Promise<Put> {
  const engine = await openEngine(new MemoryStore())
  const db = engine.database('default', { actor: null })
  const { errors, status, text } = await inProcess(db).ask(query, variables)
  const { code, at } = errors?.[0]?.extensions ?? {}
  const value = await db.get('a/1')
  await engine.close()
  return { status, text, ...(errors ? { code, at } : { value }) }
}

const asLiteral = (text: string): Promise<Put> => put(`mutation { put(path: "a/1", value: ${text}) { id } }`)
const asVariable = (v: unknown): Promise<Put> =>
  put('mutation ($v: JSON) { put(path: "a/1", value: $v) { id } }', { v })
const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`

describe('JSON', () => {
  test.each([
    ['null', 'null', null],
    ['true', 'true', true],
    ['text', '"a\\u00e9 \\\\ \\n"', 'aé \\ \n'],
    ['a block string', '"""two\nlines"""', 'two\nlines'],
    ['an integer', '9007199254740991', 9007199254740991],
    ['minus zero as zero', '-0', 0],
    ['a fraction', '0.1', 0.1],
    ['an exponent', '1.5e300', 1.5e300],
    ['a list', '[1, [], {}, null]', [1, [], {}, null]],
    [
      'an object with names of prototypes',
      '{ constructor: 1, toString: null, _bsontype: "x" }',
      { constructor: 1, toString: null, _bsontype: 'x' },
    ],
    ['64 levels', nested(64), JSON.parse(nested(64))],
  ])('takes a literal as it is written: %s', async (_, text, value) => {
    const kept = await asLiteral(text)
    expect(kept).toMatchObject({ status: 200 })
    expect(kept.value).toStrictEqual(value)
  })

  test.each([
    ['null', null],
    ['a number', -0.5],
    ['text', 'é\n\u2028'],
    ['keys of every kind', { $a: 1, 'b.c': [], constructor: 1, '': null }],
  ])('takes a variable as it is: %s', async (_, value) => {
    expect((await asVariable(value)).value).toStrictEqual(value)
  })

  test.each([
    ['an integer that would be rounded', '9007199254740993', 'INVALID_VALUE', ''],
    ['a fraction that would be rounded', '{ a: [0.12345678901234567890123456] }', 'INVALID_VALUE', '/a/0'],
    ['an infinite number', '[1, 1e400]', 'INVALID_VALUE', '/1'],
    ['a bare word', '{ a: draft }', 'INVALID_VALUE', '/a'],
    ['the key __proto__', '{ a: { __proto__: { admin: true } } }', 'INVALID_VALUE', '/a/__proto__'],
    ['65 levels', nested(65), 'TOO_LARGE', '/0'.repeat(64)],
  ])('refuses a literal with the place: %s', async (_, text, code, at) => {
    const refused = await asLiteral(text)
    expect(refused).toMatchObject({ status: 200, code, at })
    expect(refused).not.toHaveProperty('value')
  })

  test('refuses a literal with the same key twice', async () => {
    expect(await asLiteral('{ a: 1, b: 2, a: 3 }')).toMatchObject({ status: 400, code: 'BAD_REQUEST' })
  })

  test.each([
    ['__proto__', JSON.parse('{ "a": { "__proto__": 1 } }') as unknown, 'INVALID_VALUE', '/a/__proto__'],
    ['half of a surrogate pair', ['\ud800'], 'INVALID_VALUE', '/0'],
    ['65 levels', JSON.parse(nested(65)) as unknown, 'TOO_LARGE', '/0'.repeat(64)],
    ['8,193 elements', { a: Array.from({ length: 8_193 }, () => 0) }, 'TOO_LARGE', '/a'],
    ['1,025 keys', Object.fromEntries(Array.from({ length: 1_025 }, (_, i) => [`k${i}`, 0])), 'TOO_LARGE', ''],
  ])('refuses a variable with the place: %s', async (_, value, code, at) => {
    const refused = await asVariable(value)
    expect(refused).toMatchObject({ status: 200, code, at })
    expect(refused).not.toHaveProperty('value')
  })

  test('does not print what it refuses', async () => {
    const { text } = await asVariable([`secret${'x'.repeat(10_000)}\ud800`])
    expect(text).not.toContain('secret')
    expect(text.length).toBeLessThan(600)
  })

  test('takes variables inside a literal, where a missing one is no key and a null in a list', async () => {
    const query =
      'mutation ($a: JSON, $n: Int, $none: JSON) { put(path: "a/1", value: { a: $a, l: [$n, $none], ' +
      'none: $none }) { id } }'
    expect((await put(query, { a: { b: null }, n: 3 })).value).toStrictEqual({ a: { b: null }, l: [3, null] })
  })

  test('refuses a literal that only its variables make inexact or too deep', async () => {
    const text = 'mutation ($s: String) { put(path: "a/1", value: { a: [$s] }) { id } }'
    expect(await put(text, { s: '\udc00' })).toMatchObject({ code: 'INVALID_VALUE', at: '/a/0' })
    const deep = 'mutation ($v: JSON) { transact(ops: [{ patch: { path: "a/1", patch: { merge: [$v] } } }]) { id } }'
    expect(await put(deep, { v: JSON.parse(nested(64)) as unknown })).toMatchObject({
      code: 'TOO_LARGE',
      at: '/0'.repeat(64),
    })
  })
})

describe('DateTime', () => {
  const read = async (text: string): Promise<readonly unknown[]> => {
    const db = recordingDatabase()
    const { errors } = await inProcess(db).ask('query ($t: DateTime) { history(path: "a/1", from: $t) { cursor } }', {
      t: text,
    })
    const literal = await inProcess(db).ask(`{ history(path: "a/1", from: ${JSON.stringify(text)}) { cursor } }`)
    expect(literal.errors?.[0]?.extensions['code']).toBe(errors?.[0]?.extensions['code'])
    return errors ? [errors[0]?.extensions['code']] : db.calls.map((call) => (call[2] as { from: string }).from)
  }

  test.each([
    ['2026-01-31T09:30:00Z', '2026-01-31T09:30:00.000Z'],
    ['2026-01-31T09:30:00.12Z', '2026-01-31T09:30:00.120Z'],
    ['2026-01-31T09:30:00.999999Z', '2026-01-31T09:30:00.999Z'],
    ['2026-01-31T00:30:00+01:00', '2026-01-30T23:30:00.000Z'],
    ['2026-12-31T23:30:00-00:30', '2027-01-01T00:00:00.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
  ])('reads %s as %s', async (text, moment) => {
    expect(await read(text)).toEqual([moment, moment])
  })

  test.each([
    '2026-01-31',
    '2026-01-31T09:30:00',
    '2026-01-31 09:30:00Z',
    '2026-01-31T09:30Z',
    '2026-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-01-01T25:00:00Z',
    '2026-01-01T00:60:00Z',
    '2026-01-01T00:00:00+24:00',
    '2026-01-01T00:00:00.Z',
    '20260101T000000Z',
    '1767225600000',
    'now',
    '',
  ])('refuses %s', async (text) => {
    expect(await read(text)).toEqual(['BAD_REQUEST'])
  })
})

describe('Path, PathPattern, Cursor and DateTime', () => {
  const fields: readonly (readonly [type: string, field: string])[] = [
    ['Path', 'get(path: $v)'],
    ['PathPattern', 'log(paths: [$v]) { cursor }'],
    ['Cursor', 'get(path: "a", asOf: { cursor: $v })'],
    ['DateTime', 'get(path: "a", asOf: { time: $v })'],
  ]

  test.each(fields)('are strings only: %s', async (type, field) => {
    for (const value of [1, 1.5, true, ['a'], { a: 1 }]) {
      const { errors } = await inProcess().ask(`query ($v: ${type}!) { ${field} }`, { v: value })
      expect(errors?.[0]?.extensions['code']).toBe('BAD_REQUEST')
      expect(errors?.[0]?.message).toMatch(new RegExp(`A ${type} is a string`))
    }
    for (const literal of ['1', '1.5', 'true', 'posts', '["a"]', '{ a: 1 }']) {
      const { errors } = await inProcess().ask(`{ ${field.replace('$v', literal)} }`)
      expect(errors?.[0]?.extensions['code']).toBe('BAD_REQUEST')
    }
  })
})
