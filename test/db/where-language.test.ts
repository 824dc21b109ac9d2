import { Environment, type ASTNode } from '@marcbachmann/cel-js'
import { describe, expect, test } from 'vitest'
import type { Json } from '../../src/core/json/json.ts'
import { compileWhere } from '../../src/db/shape/cel/where.ts'
import { thrown } from '../core/thrown.ts'
import { readText } from '../repo/markdown.ts'

const VALUE: Json = { n: 1, s: 'text', yes: true, list: [1, 2], map: { a: null } }

/** For each entry of the page a use of it, which is true of VALUE. */
const USES: Readonly<Record<string, string>> = {
  '==': 'value.n == 1',
  '!=': 'value.n != 2',
  '<': 'value.n < 2',
  '<=': 'value.n <= 1',
  '>': 'value.n > 0',
  '>=': 'value.n >= 1',
  in: '1 in value.list',
  '&&': 'value.yes && true',
  '||': 'value.yes || false',
  '!': '!(value.n == 2)',
  '?:': 'value.yes ? true : false',
  '+': 'value.n + 1 == 2',
  '-': '-value.n - 1 == -2',
  '*': 'value.n * 2 == 2',
  '/': 'value.n / 2 == 0.5',
  '%': 'value.n % 2 == 1',
  '.': 'value.map.a == null',
  '[]': 'value["list"][0] == 1',
  'has(field)': 'has(value.n)',
  'size(x)': 'size(value.list) == 2',
  'timestamp(x)': 'timestamp(value.n) > timestamp("1970-01-01T00:00:00Z")',
  'type(x)': 'type(value.n) == double',
  'x.size()': 'value.s.size() == 4',
  'x.startsWith(y)': 'value.s.startsWith("te")',
  'x.endsWith(y)': 'value.s.endsWith("xt")',
  'x.contains(y)': 'value.s.contains("ex")',
  'x.exists(y, test)': 'value.list.exists(y, y == 2)',
  'x.all(y, test)': 'value.list.all(y, y > 0)',
  bool: 'type(value.yes) == bool',
  double: 'type(value.n) == double',
  string: 'type(value.s) == string',
  list: 'type(value.list) == list',
  map: 'type(value.map) == map',
  null_type: 'type(value.map.a) == null_type',
  null: 'value.map.a == null',
  true: 'value.yes == true',
  '1': 'value.n == 1',
  '1.5': 'value.n < 1.5',
  '"text"': 'value.s == "text"',
  '[1, 2]': 'value.list == [1, 2]',
}

/** For each node of the library's grammar a use of it, and the entry of the page; null where it is not offered. */
const NODES: Readonly<Record<ASTNode['op'], readonly [use: string, entry: string | null]>> = {
  '==': ['value.n == 1', '=='],
  '!=': ['value.n != 1', '!='],
  '<': ['value.n < 1', '<'],
  '<=': ['value.n <= 1', '<='],
  '>': ['value.n > 1', '>'],
  '>=': ['value.n >= 1', '>='],
  in: ['1 in value.list', 'in'],
  '&&': ['value.yes && true', '&&'],
  '||': ['value.yes || true', '||'],
  '!_': ['!value.yes', '!'],
  '?:': ['value.yes ? true : false', '?:'],
  '+': ['value.n + 1 == 1', '+'],
  '-': ['value.n - 1 == 1', '-'],
  '*': ['value.n * 1 == 1', '*'],
  '/': ['value.n / 1 == 1', '/'],
  '%': ['value.n % 1 == 1', '%'],
  '-_': ['-value.n == 1', '-'],
  '.': ['value.yes', '.'],
  '[]': ['value["yes"]', '[]'],
  '.?': ['value.?yes', null],
  '[?]': ['value[?"yes"]', null],
  value: ['true', 'true'],
  list: ['value.list == [1, 2]', '[1, 2]'],
  map: ['value.map == {"a": null}', null],
  id: ['value', '.'],
  call: ['has(value.n)', 'has(field)'],
  rcall: ['value.s.contains("a")', 'x.contains(y)'],
}

const NAMES: readonly string[] = ['value', 'params', 'path', 'id']

const [, table = ''] = readText('docs/feeds.md').split('| kind | offered |\n')
const rows = [...table.matchAll(/^\| (\w+) \| (.*) \|$/gm)].map(([, kind = '', cell = '']) => [kind, cell] as const)

/** The entries of the page, of some kinds or of all. */
function offered(...kinds: readonly string[]): readonly string[] {
  const cells = rows
    .slice(0, 7)
    .filter(([kind]) => kinds.length === 0 || kinds.includes(kind))
    .map(([, cell]) => cell)
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, entry = '']) => entry.replaceAll('\\|', '|')))
}

/** `x.all(y, test)` as `.all/2`: a dot for a method, the name, the number of arguments. */
function signature(call: string): string {
  const [, dot = '', name = '', args = ''] = /^(?:x(\.))?(\w+)\((.*)\)$/.exec(call) ?? []
  return `${dot}${name}/${args === '' ? 0 : args.split(', ').length}`
}

const CALLS = new Set(offered('functions', 'methods', 'macros').map(signature))
const { functions, variables } = new Environment({ enableOptionalTypes: true }).getDefinitions()
const LIBRARY = new Set(
  functions.map(({ name, receiverType, params }) => `${receiverType === null ? '' : '.'}${name}/${params.length}`),
)

const holds = (text: string): boolean => compileWhere(text, {}).test({ path: 'posts/1', id: '1', value: VALUE })

describe('what docs/feeds.md lists is offered', () => {
  test('is all that is tried here', () => {
    expect(offered().toSorted()).toEqual(Object.keys(USES).toSorted())
    expect(LIBRARY.size - CALLS.size, 'calls that CEL has and this language does not').toBeGreaterThan(40)
    expect(
      [...CALLS].filter((call) => !LIBRARY.has(call)),
      'calls that CEL does not have',
    ).toEqual([])
  })

  test.each(Object.entries(USES))('%s, as in %s', (_, text) => {
    expect(holds(text)).toBe(true)
  })
})

describe('what docs/feeds.md does not list is refused', () => {
  test.each([...LIBRARY].filter((call) => !CALLS.has(call)))('the function, method or macro %s', (call) => {
    const [, dot = '', name = '', count = ''] = /^(\.?)(\w+)\/(\d)$/.exec(call) ?? []
    const args = Array(Number(count)).fill('y').join(', ')
    const text = `value.list.exists(y, ${dot === '' ? '' : 'y.'}${name}(${args}) == 1)`
    expect(thrown(() => compileWhere(text, {}))).toMatchObject({
      code: 'BAD_EXPRESSION',
      message: expect.stringMatching(/ not offered|has takes one field/) as unknown,
    })
  })

  test.each(
    variables.map(({ name }) => name).filter((name) => !NAMES.includes(name) && !offered('types').includes(name)),
  )('the name %s', (name) => {
    expect(thrown(() => compileWhere(`value.a == ${name}`, {}))).toMatchObject({
      code: 'BAD_EXPRESSION',
      message: expect.stringContaining('nothing is called') as unknown,
    })
  })

  test.each(Object.entries(NODES))('a node of the grammar without an entry: %s', (_, [text, entry]) => {
    if (entry === null) expect(thrown(() => compileWhere(text, {}))).toMatchObject({ code: 'BAD_EXPRESSION' })
    else expect([offered().includes(entry), typeof holds(text)]).toEqual([true, 'boolean'])
  })

  test.each(['value.a == 1u', 'value.a == b"a"'])('the literal of %s', (text) => {
    expect(thrown(() => compileWhere(text, {}))).toMatchObject({
      code: 'BAD_EXPRESSION',
      message: expect.stringContaining('values have neither bytes nor unsigned numbers') as unknown,
    })
  })
})

test('the refusal of a call names all calls that are offered', () => {
  const { message } = thrown(() => compileWhere('value.a.trim() == ""', {}))
  const [, names = ''] = /there are (.*)\.$/.exec(message) ?? []
  const listed = offered('functions', 'methods', 'macros').map((call) => signature(call).replace(/^\.|\/\d$/g, ''))
  expect(names.split(/, | and /).toSorted()).toEqual([...new Set(listed)].toSorted())
})
