import { describe, expect, test } from 'vitest'
import type { Json } from '../../src/core/json/json.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { compileWhere } from '../../src/db/shape/cel/where.ts'
import { thrown, tooLarge } from '../core/thrown.ts'
import { costOf } from '../support/time/cost.ts'

const POST: Json = {
  likes: 10,
  score: 1.5,
  zero: 0,
  huge: 1e21,
  title: 'Hello',
  smile: '😀',
  draft: false,
  nothing: null,
  author: { name: 'Ada', 'full name': 'Ada L.', age: 36 },
  tags: ['a', 'b', null],
  grid: [[1, 2], [3]],
  items: [
    { sku: 'x', count: 2 },
    { sku: 'y', count: 0 },
  ],
  counts: { x: 1, y: null },
  empty: {},
  odd: { constructor: 1, toString: 'data', size: 3, 'a.b': true, '': 'empty' },
  at: '2026-01-31T12:00:00+02:00',
  when: 'if',
}
const PARAMS: Json = {
  min: 5,
  who: 'Ada',
  list: [1, 'a'],
  object: { key: { deep: [true] } },
  'with space': 1,
  none: null,
  empty: {},
  ada: { age: 36, name: 'Ada', 'full name': 'Ada L.' },
}

const is = (text: string, value: Json = POST, params: Json = PARAMS): boolean =>
  compileWhere(text, params).test({ path: 'posts/1', id: '1', value })

const bad = (position: number, message = ''): object => ({
  code: 'BAD_EXPRESSION',
  details: { position },
  message: expect.stringContaining(message) as unknown,
})

describe('an expression is true', () => {
  test.each([
    'value.likes >= params.min && value.author.name == params.who',
    'value.likes == 10',
    'value.likes == 10.0',
    '10 == value.likes',
    'value.likes > 9.5',
    'value.score < 2',
    'value.likes == 0xA',
    'value.huge == 1e21',
    'value.zero == -0',
    'value.zero == -0.0',
    '-value.likes == -10',
    'value.likes in [10.0]',
    'value.grid == [[1, 2.0], [3]]',
    'value.nothing == null',
    'null in value.tags',
    'value.tags[2] == null',
    'has(value.nothing)',
    'has(value.author.age)',
    '!has(value.author.shoe)',
    'value.author["full name"] == "Ada L."',
    'value["likes"] == 10',
    'value.tags[0] == "a"',
    'value.tags[0.0] == "a"',
    'value.grid[1][0] == 3',
    'value.items[0].sku == "x"',
    'value.title.startsWith("He") && value.title.endsWith("lo") && value.title.contains("ell")',
    'size(value.smile) == 1',
    'value.smile.size() == 1',
    'size("a😀b") == 3',
    'size(value.tags) == 3',
    'value.author.size() == 3',
    'size("\ufeff") == 1',
    '"a" in value.tags',
    '"name" in value.author',
    '"y" in value.counts',
    '!("toString" in value.author)',
    'params.who in [value.author.name]',
    'value.odd.constructor == 1',
    'value.odd.toString == "data"',
    'value.odd["a.b"]',
    'value.odd[""] == "empty"',
    'value.odd.size == 3',
    '"constructor" in value.odd',
    'value.author == params.ada',
    'value.odd != params.empty',
    'value.likes != "10"',
    'value.likes != value.title',
    '!(value.title == value.likes)',
    'value.tags != value.author',
    'value.empty == params.empty',
    'value.empty != []',
    '[] != value.empty',
    'value.likes <= 10',
    'value.likes >= 10',
    '!(value.likes < 10)',
    '!(value.likes > 10)',
    'path == "posts/1" && id == "1" && path.startsWith("posts/")',
    'value.draft ? value.missing : value.likes == 10',
    'value.author.age % 5 == 1',
    'value.likes / 4 == 2.5',
    '5 / 2 == 2.5',
    '(value.likes + 1) * 2 - 1 == 21',
    'value.title + "!" == "Hello!"',
    'value.grid[0] + [9] == [1, 2, 9]',
    'value.items.exists(i, i.sku == "y" && i.count == 0)',
    'value.items.all(i, i.count >= 0)',
    'value.grid.exists(row, row.exists(n, n == row.size()))',
    'value.grid.exists(x, x.exists(x, x == 3))',
    'value.counts.all(k, k != "z")',
    'value.tags.exists(value, value == "b")',
    'value.items.exists(i, value.grid.exists(g, g[0] == 1) && i.sku == "x")',
    'timestamp(value.at) == timestamp("2026-01-31T10:00:00Z")',
    'timestamp(value.at) > timestamp("2026-01-31T09:59:59.999Z")',
    'timestamp(value.at) <= timestamp("2026-01-31T10:00:00Z")',
    'timestamp(0) < timestamp(value.at)',
    'timestamp(value.score) == timestamp("1970-01-01T00:00:01.5Z")',
    'timestamp(value.at) in [timestamp("2026-01-31T10:00:00Z")]',
    '[1, timestamp(0)].exists(t, t != 0 && t == timestamp(0))',
    'type(value.likes) == double',
    'type(value.title) == string',
    'type(value.draft) == bool',
    'type(value.tags) == list',
    'type(value.author) == map',
    'type(value.nothing) == null_type',
    'type(value.title) in [string, double]',
    'type(1) == double',
    'type(value.tags.size()) == double',
    'type(value.title) != double',
    'value.tags.exists(string, string == "a")',
    'string != double',
    'params.object.key.deep[0]',
    'params["with space"] == 1',
    'value.nothing == params.none',
    '!has(params.absent)',
    '!("absent" in params)',
    'true',
    '  true\n',
    'true // comment',
    '// comment\n\n true',
    '"a//b" == "a" + "//b"',
    '"""a\nb""" == "a\\nb"',
    'r"\\n" != "\\n"',
    '\'it\' == "it"',
    '"\\u0041" == "A"',
    'value.when == "if"',
    '"a" < "b"',
    '"B" < "a"',
    'false < true',
    '"\ue000" < "😀"',
  ])('%s', (text) => {
    expect(is(text)).toBe(true)
  })

  test.each([
    'true || value.missing',
    'value.missing || true',
    'value.missing.deeper || true',
    '1 / value.title == 1 || true',
    'value.likes || true',
    'true || value.likes',
    '!(false && value.missing)',
    '!(value.missing && false)',
    '!(value.likes && false)',
    '[1, "a"].exists(x, x + 1 == 2)',
    '!([1, "a"].all(x, x == "a" && x + 1 == 2))',
  ])('whatever the error elsewhere: %s', (text) => {
    expect(is(text)).toBe(true)
  })

  test.each([
    ['true || false && false', true],
    ['(true || false) && false', false],
    ['!true == false', true],
    ['!(true == true)', false],
    ['1 + 2 * 3 == 7', true],
    ['-2 + 3 == 1', true],
    ['1 < 2 == true', true],
    ['1 in [1] && true', true],
    ['false ? true : true ? false : true', false],
    ['!value.draft && !false', true],
    ['10 - 2 - 3 == 5', true],
    ['-value.likes - 1 == -11', true],
    ['value.likes > 5 == value.likes < 20', true],
  ])('by precedence: %s is %s', (text, expected) => {
    expect(is(text)).toBe(expected)
  })
})

describe('an expression is false, and so is its opposite,', () => {
  test.each([
    'value.missing == 1',
    'value.missing != 1',
    'value.missing.deeper == 1',
    'has(value.missing.deeper)',
    'value.missing',
    'value.tags[3] == null',
    'value.tags[-1] == null',
    'value.tags[0.5] == null',
    'value.tags["0"] == "a"',
    'value.title[0] == "H"',
    'value["length"] == 0',
    'value.tags.length == 3',
    'value.title.length == 5',
    'value.author.toString == 1',
    'value.author.constructor == 1',
    'value.author.__proto__ == 1',
    'value.author["hasOwnProperty"] == 1',
    'value.odd.size.x == 1',
    'value.likes < "11"',
    'value.title > 5',
    'value.nothing < 1',
    'value.tags < value.tags',
    'value.draft < 1',
    'value.author >= value.author',
    'value.likes',
    'value.title',
    'value.nothing',
    '!value.likes',
    'value.missing && true',
    'true && value.missing',
    'false || value.missing',
    'true && value.likes',
    'value.likes ? true : true',
    'value.missing ? true : true',
    '"x" in value.title',
    '1 in value.likes',
    'size(value.likes) == 1',
    'value.likes.startsWith("1")',
    'value.title.startsWith(value.likes)',
    'value.title + 1 == "Hello1"',
    'value.likes % 0 == 0',
    '-value.title == 1',
    'value.tags + value.title == []',
    'value.likes.exists(x, true)',
    'value.title.exists(x, true)',
    'value.tags.all(t, t != 1 && t.x)',
    'value.tags.exists(t, t.x)',
    'timestamp(value.title) == timestamp(0)',
    'timestamp("2026-01-31T12:00:00") == timestamp(0)',
    'timestamp(value.huge) == timestamp(0)',
    'timestamp(value.missing) == timestamp(0)',
    'timestamp(value.draft) == timestamp(0)',
    'timestamp(value.at) < value.likes',
    'type(value.missing) == double',
    '[1, timestamp(value.at)].all(t, type(t) == double)',
    '[1, double].exists(t, t < t)',
    '[double, 1].all(t, type(t) == double)',
    ...[
      'size(t) == 0',
      '"a" in t',
      't.content == 1',
      't.constructor == 1',
      't["toString"] == 1',
      't + t == 1',
      't - t == 1',
      '-t == 1',
      't < 1',
      't.startsWith("2")',
      't.exists(x, true)',
    ].map((test) => `[timestamp(value.at), null].exists(t, ${test})`),
  ])('when it stays an error: %s', (text) => {
    expect(is(text)).toBe(false)
    expect(is(`!(${text})`)).toBe(false)
  })

  test.each<[Json]>([[null], [1], ['text'], [true], [[1]], [{}]])('of a value without the field: %j', (value) => {
    expect(is('value.a == 1', value)).toBe(false)
    expect(is('!(value.a == 1)', value)).toBe(false)
    expect(is('value.a.b.c', value)).toBe(false)
  })

  test('when a comparison is with what is no number', () => {
    expect(is('value.zero / value.zero == value.zero / value.zero')).toBe(false)
    expect(is('value.zero / value.zero <= 0 || value.zero / value.zero >= 0')).toBe(false)
    expect(is('value.likes / value.zero > 1e300')).toBe(true)
  })
})

describe('an expression is refused', () => {
  test.each<[string, number, string]>([
    ['', 0, 'does not parse'],
    ['value.likes ==', 14, 'does not parse'],
    ['value.likes = 1', 12, 'does not parse'],
    ['(true', 5, 'does not parse'],
    ['true true', 5, 'does not parse'],
    ['value..a', 6, 'does not parse'],
    ['"open', 0, 'Unterminated'],
    ['value.a == "\\ud800"', 12, 'surrogate'],
    ['value.a # 1', 8, '#'],
    ['value.a == 1e400', 11, 'number'],
    ['value.a.?b', 8, 'does not parse'],
    ['value[?"a"]', 6, 'does not parse'],
    ['if == 1', 0, 'Reserved'],
    [
      'likes == 1',
      0,
      'nothing is called likes; there are value, params, path and id: write value.likes for a field, ' +
        '"likes" for a text',
    ],
    [
      'a = b',
      2,
      'it does not parse: a single "=" does not compare; write "==", and value. before the name of a ' +
        'field, as in value.title == "x"',
    ],
    ['value.a = 1', 8, 'write "=="'],
    ['value.a === 1', 10, 'write "=="'],
    ['value.a == "=" && value.b =', 26, 'write "=="'],
    ['value.a == 1 && user', 16, 'user'],
    ['likes == 1', 0, 'params.likes for what the params bring'],
    ['', 0, 'it is empty; leave where out'],
    ['value.a == 1 and true', 13, 'write && for "and"'],
    ['true OR false', 5, 'write || for "or"'],
    ['not value.a', 4, 'write ! for "not"'],
    ['not(value.a)', 0, 'write ! for "not"'],
    ['"x" not in value.a', 4, 'write ! for "not"'],
    ['value.a <> 1', 9, 'write != for "<>"'],
    ['value.a like "x"', 8, 'write value.title.startsWith("x"), endsWith or contains'],
    ['value.a.length() > 1', 0, 'write size(…) for length'],
    ['value.author/name == "Ada"', 13, 'a field of a field comes after a point: write value.author.name'],
    ['value.list.exists(x, y == 1)', 21, 'y'],
    ['value.list.exists(x, x == 1) && x == 1', 32, 'x'],
    ['constructor == 1', 0, 'constructor'],
    ['cel.bind(x, 1, x == 1)', 0, 'bind'],
    ['cel == cel', 0, 'cel'],
    ['type(value) == int', 15, 'nothing is called int; all numbers are of the type double'],
    ['type(timestamp(0)) == google.protobuf.Timestamp', 22, 'google'],
    ['value.a == {"b": 1}', 11, 'maps are not offered; send one among the params'],
    ['value.a == params.absent', 18, 'params has no absent'],
    ['params.object.key.no == 1', 18, 'params.object.key has no no'],
    ['params["constructor"] == 1', 0, 'params has no constructor'],
    ['params.list[7] == 1', 0, 'params.list has no 7'],
    ['has(params.no.deeper)', 11, 'params has no no'],
    ['value.a.matches("a+")', 0, 'regular expressions (matches) are not offered'],
    ['matches(value.a, "a")', 0, 'regular expressions'],
    ['value.list.exists(x, x.matches("(a+)+$"))', 21, 'regular expressions'],
    ['value.a == 1 || now() == 1', 16, 'now'],
    ['value.a.toString()', 0, 'toString'],
    ['value.a.constructor("x")', 0, 'constructor'],
    ['__proto__(1)', 0, '__proto__'],
    ['value.a.split(",") == []', 0, 'split'],
    ['value.a.join() == ""', 0, 'join'],
    ['value.a.lastIndexOf("b") == 1', 0, 'lastIndexOf'],
    ['bytes("a").json() == 1', 0, 'json'],
    ['bytes("a") == 1', 0, 'bytes'],
    ['path + timestamp(path) == 1', 0, 'timestamps are compared, not added or subtracted; durations are not offered'],
    ['timestamp(0) - timestamp(value.at) == timestamp(0) - timestamp(1)', 0, 'durations are not offered'],
    ['timestamp(value.at) + duration("1h") > timestamp(0)', 0, 'durations are not offered'],
    ['duration("1s") == value.a', 0, 'duration'],
    [
      'value.a.filter(x, x > 1) == []',
      0,
      'filter is not offered; there are has, size, type, timestamp, startsWith, ' +
        'endsWith, contains, exists and all',
    ],
    ['int(value.a) == 1', 0, 'int is not offered'],
    ['value.size(1) == 1', 0, 'size'],
    ['startsWith(path, "a")', 0, 'startsWith'],
    ['value.a.has(x)', 0, 'has'],
    ['exists(value.a, x)', 0, 'exists'],
    ['value.a.timestamp() == 1', 0, 'timestamp'],
    ['timestamp(0).getHours("Asia/Tokyo") == 1', 0, 'getHours'],
    ['timestamp(0).getDayOfYear() == 1', 0, 'getDayOfYear'],
    ['value.list.map(x, true, x) == []', 0, 'map'],
    ['has(value)', 0, 'has takes one field'],
    ['has(value["a"])', 0, 'has takes one field'],
    ['has(value.a[0].b)', 0, 'has takes one field'],
    ['has()', 0, 'has'],
    ['value.list.exists(1, true)', 18, 'does not parse'],
    ['value.a == 9007199254740993', 11, 'the number would be rounded'],
    ['value.a == -9007199254740992', 12, 'rounded'],
    ['value.a == 1u', 11, 'unsigned'],
    ['value.a == b"a"', 11, 'bytes'],
    ['1 == "a"', 0, 'the types do not go together'],
    ['value.a && path', 0, 'the types do not go together'],
    ['value.a == 1 && path < 1', 16, 'types'],
    ['size(1) == 1', 0, 'types'],
    ['value.likes + 1 == 1 ? 1 : 2', 0, 'it gives a value of the type int'],
    ['"text"', 0, 'type string'],
    ['[]', 0, 'must give true or false'],
  ])('%s, with its place %i', (text, position, message) => {
    expect(thrown(() => compileWhere(text, PARAMS))).toMatchObject(bad(position, message))
  })

  test('when the params are no object, and when there are too many', () => {
    for (const params of [null, 1, 'a', [1]]) {
      expect(thrown(() => compileWhere('true', params))).toMatchObject({
        code: 'BAD_REQUEST',
        details: { argument: 'params' },
      })
    }
    const many = (count: number): Json => Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, i]))
    expect(compileWhere('true', many(32)).test({ path: 'a/b', id: 'b', value: 1 })).toBe(true)
    expect(thrown(() => compileWhere('true', many(33)))).toMatchObject(tooLarge({ limit: 'params', max: 32 }))
    expect(compileWhere('true', undefined).test({ path: 'a/b', id: 'b', value: 1 })).toBe(true)
    expect(thrown(() => compileWhere('params.a == 1', undefined))).toMatchObject(bad(7))
  })

  test('with more bytes, nodes or levels than allowed, and taken with as many', () => {
    const terms = (count: number): string => Array(count).fill('true').join('||')
    expect(is(terms(250))).toBe(true)
    expect(thrown(() => is(terms(251)))).toMatchObject(tooLarge({ limit: 'expressionNodes', max: 500 }))
    expect(is(`true //${'é'.repeat(4_092)}`)).toBe(true)
    expect(thrown(() => is(`true // ${'é'.repeat(4_093)}`))).toMatchObject(
      tooLarge({ limit: 'expressionBytes', max: 8_192 }),
    )
    expect(is(`${'('.repeat(63)}true${')'.repeat(63)}`)).toBe(true)
    expect(thrown(() => is(`${'('.repeat(64)}true${')'.repeat(64)}`))).toMatchObject(
      tooLarge({ limit: 'expressionDepth', max: 64 }),
    )
    const few = { ...LIMITS, expressionNodes: 3, expressionDepth: 2 }
    expect(compileWhere('true || (true)', {}, few).equalities).toEqual([])
    expect(thrown(() => compileWhere('true || true || true', {}, few))).toMatchObject(
      tooLarge({ limit: 'expressionNodes', max: 3 }),
    )
    expect(thrown(() => compileWhere('true || ((true))', {}, few))).toMatchObject(
      tooLarge({ limit: 'expressionDepth', max: 2 }),
    )
  })

  test.each([
    '('.repeat(10_000),
    '('.repeat(8_000),
    '['.repeat(8_000),
    '{'.repeat(8_000),
    '!'.repeat(8_000),
    '-'.repeat(8_000),
    `${'!'.repeat(8_000)}true`,
    'value['.repeat(1_300),
    'value.a('.repeat(1_000),
    'a?'.repeat(4_000),
    'has('.repeat(2_000),
    `value${'.a'.repeat(4_000)}`,
    `value${'[0]'.repeat(2_000)}`,
    '1+'.repeat(4_000),
    'true'.repeat(3_000_000),
  ])('without harm, however deep or long it is', (text) => {
    const error = thrown(() => compileWhere(text, {}))
    expect(['TOO_LARGE', 'BAD_EXPRESSION']).toContain(error.code)
    expect(error.message.length).toBeLessThan(1_000)
  })
})

describe('the equalities', () => {
  test.each<[string, Json]>([
    ['value.a == 1', [{ field: ['a'], value: 1 }]],
    ['1.0 == value.a', [{ field: ['a'], value: 1 }]],
    ['value.a == -1', [{ field: ['a'], value: -1 }]],
    ['value.a.b["c d"] == params.who', [{ field: ['a', 'b', 'c d'], value: 'Ada' }]],
    ['value["a"] == null', [{ field: ['a'], value: null }]],
    ['value.a == params.object.key.deep[0]', [{ field: ['a'], value: true }]],
    [
      'value.a == 1 && (value.b == "x" && value.n > 1) && value.c == false',
      [
        { field: ['a'], value: 1 },
        { field: ['b'], value: 'x' },
        { field: ['c'], value: false },
      ],
    ],
    ['value.a == -0', [{ field: ['a'], value: 0 }]],
    ['value.a == 1 && value.list.exists(x, x.b == 2)', [{ field: ['a'], value: 1 }]],
    ['value.a == 1 || value.b == 2', []],
    ['!(value.a == 1)', []],
    ['value.a != 1', []],
    ['value.a == value.b', []],
    ['value.a == [1]', []],
    ['value == 1', []],
    ['value.list[0] == 1', []],
    ['value.a == params.object', []],
    ['path == "a/b"', []],
    ['value[id] == 1', []],
    ['(value.a == 1) ? true : false', []],
    ['(value.a == 1) == true', []],
  ])('of %s are %j', (text, expected) => {
    expect(compileWhere(text, PARAMS).equalities).toEqual(expected)
  })
})

const NUMBERS = Array.from({ length: LIMITS.arrayLength }, (_, i) => i)
const TEXT = 'a'.repeat(1_000_000)
const DIGITS = '1'.repeat(1_000_000)
const NEARLY = `${'a'.repeat(999_999)}b`
const ROWS = (): Json[] => Array.from({ length: 100 }, () => NUMBERS.slice(0, 1_000))
const KEYS: Json = Object.fromEntries(NUMBERS.slice(0, 1_024).map((i) => [`k${i}`, i]))
const doubled = (count: number, text: string): string => Array(count).fill(text).join(' + ')
const ored = (count: number, text: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => text(i)).join(' || ')

describe('a value of 1 MiB', () => {
  test.each<[string, Json, Json]>([
    ['value.l.exists(x, value.l.exists(y, value.l.exists(z, x + y + z < 0)))', { l: NUMBERS }, {}],
    ['value.l.exists(x, value.s.contains(params.p))', { l: NUMBERS, s: TEXT }, { p: `${'a'.repeat(500_000)}b` }],
    ['value.l.exists(x, value.s.contains(params.p))', { l: NUMBERS, s: TEXT }, { p: `b${'a'.repeat(500_000)}` }],
    [ored(80, () => 'value.s.contains("aaaaab")'), { s: TEXT }, {}],
    [ored(80, () => 'size(value.s) == 1'), { s: TEXT }, {}],
    ['value.l.exists(x, value.d == params.d)', { l: NUMBERS, d: ROWS() }, { d: [...ROWS().slice(0, 99), []] }],
    ['value.l.exists(x, value.o == params.o)', { l: NUMBERS, o: KEYS }, { o: { ...(KEYS as object), k1023: -1 } }],
    ['value.l.exists(x, value.s == params.p)', { l: NUMBERS, s: TEXT }, { p: NEARLY }],
    ['value.l.exists(x, value.s < params.p && false)', { l: NUMBERS, s: TEXT }, { p: NEARLY }],
    ['value.l.exists(x, x in params.l)', { l: NUMBERS }, { l: NUMBERS.map((n) => -n - 1) }],
    ['value.l.exists(x, value.o.exists(k, k == "none"))', { l: NUMBERS, o: KEYS }, {}],
    [`value.l.exists(x, (${doubled(30, 'value.s')}).contains("b"))`, { l: NUMBERS, s: TEXT }, {}],
    [`value.l.exists(x, size(${doubled(30, 'value.l')}) == 2)`, { l: NUMBERS }, {}],
    ['value.l.exists(x, (value.s + x).contains("b"))', { l: NUMBERS.map(String), s: TEXT }, {}],
    [`value.l.exists(x, ${ored(60, () => 'timestamp(x) == timestamp(0)')})`, { l: NUMBERS.map(String) }, {}],
    [`value.l.exists(x, ${ored(60, () => 'type(value.o) == string')})`, { l: NUMBERS, o: KEYS }, {}],
    [ored(60, () => 'timestamp(value.s) == timestamp(0)'), { s: DIGITS }, {}],
  ])('ends soon, as false: %s', async (text, value, params) => {
    // Each param is as large as a value, so that what is tested is the cost and not the bound of the params.
    const { test } = compileWhere(text, params, { ...LIMITS, paramsBytes: Infinity })
    const cost = await costOf(() => expect(test({ path: 'a/b', id: 'b', value })).toBe(false))
    // On its own a few, at most 30 or so; without the bound on steps thousands and more.
    expect(cost).toBeLessThan(1_000)
  })

  test('is searched to its end, as one list and as one text', () => {
    expect(is('value.l.exists(x, x == 8191 && x != 1 && x > 2)', { l: NUMBERS })).toBe(true)
    expect(is('8191 in value.l && value.l.all(x, x >= 0) && !value.l.exists(x, x > 8191)', { l: NUMBERS })).toBe(true)
    expect(is('value.s.contains("b") && size(value.s) == 1000000 && value.s.endsWith("ab")', { s: NEARLY })).toBe(true)
    expect(is('value.l.exists(x, type(x) != double || x + 1 == 8192)', { l: NUMBERS })).toBe(true)
  })

  test('leaves nothing behind: the next test is as if it were the first', () => {
    const { test } = compileWhere('value.l.exists(x, value.l.exists(y, x + y == 3))', {})
    expect(test({ path: 'a/b', id: 'b', value: { l: NUMBERS.map((n) => -n) } })).toBe(false)
    expect(test({ path: 'a/b', id: 'b', value: { l: [1, 2] } })).toBe(true)
    expect(test({ path: 'a/b', id: 'b', value: { l: [] } })).toBe(false)
  })
})
