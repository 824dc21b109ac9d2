import { describe, expect, test } from 'vitest'
import { commonStart, isComplete, methodsAfter, typedWord } from '../../web/repl/completion.ts'
import { execute } from '../../web/repl-frame/execute.ts'
import { inspect } from '../../web/repl-frame/inspect.ts'
import { createScope } from '../../web/repl-frame/scope.ts'

/** Runs programs one after the other in one scope; gives the value of the last one. */
async function runAll(...programs: readonly string[]): Promise<unknown> {
  const scope = createScope()
  let value: unknown
  for (const program of programs) value = await execute(program, scope)
  return value
}

describe('what a program declares stays', () => {
  test.each<readonly [readonly string[], unknown]>([
    [['const x = 1', 'x + 1'], 2],
    [['const x = await Promise.resolve(7)', 'x'], 7],
    [
      ['let a, b = 2', '[a, b]'],
      [undefined, 2],
    ],
    [['let n = 1; n += 4', 'n'], 5],
    [
      ['var { a, b: [c] } = { a: 1, b: [2] }', '[a, c]'],
      [1, 2],
    ],
    [
      ['const [one, , three = 3] = [1, 2]', '[one, three]'],
      [1, 3],
    ],
    [['function twice(n) { return n * 2 }', 'twice(4)'], 8],
    [['async function later() { const inner = 3; return inner }\n[1].length', 'await later()'], 3],
    [['function* count() { yield 1 }\n(2 + 2)', '[...count()]'], [1]],
    [['class Point { constructor(x) { this.x = x } }', 'new Point(3).x'], 3],
    [['const x = 1', 'const x = 2', 'x'], 2],
    [['const a = 1\nconst b = 2\nconst c = a + b', 'c'], 3],
    [['const text = `a ${ (() => { const inner = "}"; return inner })() } b`', 'text'], 'a } b'],
    [['const r = /[;}]const x/.test(";const x")', 'r'], true],
    [['/* const z = 1 */ const y = 1 // const q = 2', 'y'], 1],
    [['if (true) { const hidden = 1 }', 'typeof globalThis.hidden'], 'undefined'],
    [['const f = () => { const inner = 1\nreturn inner }', 'f()'], 1],
  ])('%j', async (programs, wanted) => {
    expect(await runAll(...programs)).toEqual(wanted)
  })
})

describe('the last expression of a program is its value', () => {
  test.each<readonly [string, unknown]>([
    ['1 + 1', 2],
    ['{ a: 1 }', { a: 1 }],
    ['1; 2; 3', 3],
    ['const x = 20\nx + 1', 21],
    ['const x = [1, 2, 3]\nx\n  .map((n) => n * 2)\n  .length', 3],
    ['let s = 1\ns = s\n+ 5', 6],
    ['const a = 2;\n[a, a].length;', 2],
    ['const x = 1', undefined],
    ['for (const n of [1]) n', undefined],
    ['if (true) 5', undefined],
    ['await Promise.resolve(3)', 3],
    ['const n = await Promise.resolve(1); await Promise.resolve(n + 1)', 2],
    ['let sum = 0; for await (const n of [1, 2]) sum += n; sum', 3],
    ['', undefined],
    ['// nothing', undefined],
  ])('%j', async (program, wanted) => {
    expect(await runAll(program)).toEqual(wanted)
  })

  test('what is not defined is a ReferenceError, and bad JavaScript a SyntaxError', async () => {
    await expect(runAll('nothing')).rejects.toThrow('nothing is not defined')
    await expect(runAll('const = 3')).rejects.toThrow(SyntaxError)
    await expect(runAll('throw new RangeError("far")')).rejects.toThrow('far')
  })
})

describe('what is typed', () => {
  test.each<readonly [string, ReturnType<typeof typedWord>]>([
    [`await db.get('`, { kind: 'path', word: '' }],
    [`await db.get('posts/ti`, { kind: 'path', word: 'posts/ti' }],
    [`db.changes(['posts', "users/`, { kind: 'path', word: 'users/' }],
    ['db.put(`posts/1', { kind: 'path', word: 'posts/1' }],
    ['await db.ge', { kind: 'method', word: 'ge' }],
    ['db.', { kind: 'method', word: '' }],
    [`db.get('posts')`, null],
    [`db.put('posts/1', { title: 'po`, null],
    ['const x', null],
    ['', null],
  ])('%j is completed as %j', (before, wanted) => {
    expect(typedWord(before)).toEqual(wanted)
  })

  test.each([
    ['db.get("posts")', true],
    ['for (const n of [1]) {', false],
    ['f(', false],
    ['`a', false],
    ['`a${', false],
    ['"("', true],
    ['a)', true],
  ])('%j is complete: %j', (program, wanted) => {
    expect(isComplete(program)).toBe(wanted)
  })

  test('words agree up to a point', () => {
    expect(commonStart(['posts/', 'posters/'])).toBe('post')
    expect([commonStart(['one']), commonStart([]), commonStart(['a', 'b'])]).toEqual(['one', '', ''])
    expect(methodsAfter('doc')).toEqual(['document(', 'documents('])
  })
})

describe('a value as text', () => {
  const cycle: Record<string, unknown> = { a: 1 }
  cycle['self'] = cycle
  test.each<readonly [unknown, string]>([
    ['a "b"', '"a \\"b\\""'],
    [null, 'null'],
    [undefined, 'undefined'],
    [12n, '12n'],
    [[], '[]'],
    [{}, '{}'],
    [[1, { a: [true] }], '[1, { "a": [true] }]'],
    [new Map([['k', 1]]), 'Map { "k" => 1 }'],
    [new Set([1]), 'Set { 1 }'],
    [new TypeError('no'), 'TypeError: no'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [cycle, '{ "a": 1, "self": [the same again] }'],
    [Math.max, '[function max]'],
  ])('%#', (value, wanted) => {
    expect(inspect(value)).toBe(wanted)
  })

  test('JSON stays JSON, and what is long is cut', () => {
    const value = { list: Array.from({ length: 50 }, (_, i) => ({ i, text: `"${i}"` })) }
    expect(JSON.parse(inspect(value))).toEqual(value)
    expect(inspect('a'.repeat(1_000_000)).length).toBeLessThan(100_010)
  })
})
