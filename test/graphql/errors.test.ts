import { readFileSync } from 'node:fs'
import { buildSchema, GraphQLError, GraphQLInputObjectType } from 'graphql'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { DatabaseError, ERRORS, type ErrorCode } from '../../src/core/error.ts'
import { createMaskError } from '../../src/graphql/errors.ts'
import { inProcess } from './in-process.ts'
import { recordingDatabase } from './recording-database.ts'

const failing = (error: unknown): Database => recordingDatabase({ get: () => Promise.reject(error as Error) })
const QUERY = '{ get(path: "a") }'

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('an error of the database', () => {
  const codes = (Object.keys(ERRORS) as readonly ErrorCode[]).filter((code) => code !== 'INTERNAL')

  test.each(codes)('keeps its code, its message and its details: %s', async (code) => {
    const { ask, reported } = inProcess(
      failing(new DatabaseError(code, 'What, why, how.', { path: 'a', at: '/b', cause: new Error('inner') })),
    )
    const { status, data, errors } = await ask(QUERY)
    expect({ status, data, errors }).toEqual({
      status: 200,
      data: { get: null },
      errors: [
        {
          message: 'What, why, how.',
          path: ['get'],
          locations: [{ line: 1, column: 3 }],
          extensions: { code, path: 'a', at: '/b' },
        },
      ],
    })
    expect(reported).toEqual([])
  })

  test('comes through whatever it was wrapped in', () => {
    const inner = new DatabaseError('UNAVAILABLE', 'Later.', { retryAfterMs: 100 })
    const wrapped = new GraphQLError('outer', { originalError: new GraphQLError('middle', { originalError: inner }) })
    const shown = createMaskError(() => expect.fail())(wrapped, '')
    expect(shown).toMatchObject({ message: 'Later.', extensions: { code: 'UNAVAILABLE', retryAfterMs: 100 } })
  })

  test('before there is any data has the HTTP status of its code', () => {
    const shown = createMaskError(() => expect.fail())(new DatabaseError('TOO_MANY_REQUESTS', 'Later.'), '')
    expect(shown).toMatchObject({ extensions: { code: 'TOO_MANY_REQUESTS', http: { status: 429 } } })
  })

  test('of one field leaves the data of the others', async () => {
    const get: Database['get'] = (path) =>
      path === 'b' ? Promise.reject(new DatabaseError('TIMEOUT', 'No.')) : Promise.resolve(1)
    const { data, errors } = await inProcess(recordingDatabase({ get })).ask('{ a: get(path: "a") b: get(path: "b") }')
    expect(data).toEqual({ a: 1, b: null })
    expect(errors).toMatchObject([{ path: ['b'], extensions: { code: 'TIMEOUT' } }])
  })
})

describe('a mistake of the client', () => {
  const MISTAKES: readonly (readonly [name: string, query: string, variables: object | undefined, message: RegExp])[] =
    [
      ['syntax', '{ get(path: ) }', undefined, /^Syntax Error: Unexpected "\)"\.$/],
      ['an unknown field', '{ nothing }', undefined, /^Cannot query field "nothing" on type "Query"\.$/],
      ['a missing argument', '{ get }', undefined, /^Field "get" argument "path" of type "Path!" is required/],
      [
        'a literal of another type',
        '{ get(path: "a", depth: "2") }',
        undefined,
        /^Int cannot represent non-integer value: "2"$/,
      ],
      [
        'a variable of another type',
        'query ($d: Int) { get(path: "a", depth: $d) }',
        { d: 'two' },
        /^Variable "\$d" got an invalid value: Int cannot represent non-integer value: "two"$/,
      ],
      [
        'a variable that is missing',
        'query ($p: Path!) { get(path: $p) }',
        {},
        /^Variable "\$p" of required type "Path!" was not provided\.$/,
      ],
      [
        'a place inside a variable',
        'mutation ($o: [Op!]!) { transact(ops: $o) { id } }',
        { o: [{ delete: { path: 'a', expect: { version: 'x' } } }] },
        /^Variable "\$o" got an invalid value at "o\[0\]\.delete\.expect\.version": Int cannot represent/,
      ],
      [
        'two fields of a @oneOf input',
        'query ($a: AsOf) { get(path: "a", asOf: $a) }',
        { a: { version: 1, cursor: 'c' } },
        /^Variable "\$a" got an invalid value: Exactly one key must be specified/,
      ],
      [
        'a null inside a @oneOf input',
        'query ($c: Cursor) { get(path: "a", asOf: { cursor: $c }) }',
        { c: null },
        /^Variable "\$c"/,
      ],
      [
        'a key in quotes',
        'mutation { put(path: "x/2", value: {"title": "x"}) { id } }',
        undefined,
        /Inside a literal keys have no quotes; for JSON as it is send a variable \(\$value: JSON\)\.$/,
      ],
      [
        'a time that stands for a moment',
        '{ get(path: "a", asOf: "2026-01-31T12:00:00Z") }',
        undefined,
        /Write asOf: \{ time: "2026-01-31T12:00:00\.000Z" \}/,
      ],
      [
        'a time in a variable that stands for a moment',
        'query ($a: AsOf) { get(path: "a", asOf: $a) }',
        { a: 'now' },
        /Write asOf: \{ time: .* leave asOf out\.$/,
      ],
      ['now as a moment', '{ get(path: "a", asOf: "now") }', undefined, /found "now"\. For now, leave asOf out\.$/],
      [
        'a malformed time, under no name of an argument',
        '{ history(path: "a/1", from: "now") { nodes { id } } }',
        undefined,
        /^"now" is not a time/,
      ],
      [
        'an integer beyond 32 bits',
        '{ get(path: "a", depth: 3000000000) }',
        undefined,
        /^Int cannot represent non 32-bit signed integer value: 3000000000$/,
      ],
    ]

  test.each(MISTAKES)("is BAD_REQUEST with GraphQL's own words and 400: %s", async (_, query, variables, message) => {
    const { ask, reported } = inProcess()
    const { status, errors } = await ask(query, variables)
    expect(status).toBe(400)
    const [, argument] = /^Variable "\$(\w+)" got/.exec(errors?.[0]?.message ?? '') ?? []
    const extensions = { code: 'BAD_REQUEST', ...(argument !== undefined && { argument }) }
    expect(errors?.map((error) => error.extensions)).toEqual([extensions])
    expect(errors?.[0]?.message).toMatch(message)
    expect(errors?.[0]?.locations).not.toHaveLength(0)
    expect(reported).toEqual([])
  })

  test.each([
    ['that the document does not have', 'query A { get(path: "a") }', 'B'],
    ['that is not named among several', 'query A { get(path: "a") } query B { get(path: "a") }', undefined],
  ])('is BAD_REQUEST: an operation %s', async (_, query, operationName) => {
    const { ask, reported } = inProcess()
    const { status, errors } = await ask(query, {}, operationName === undefined ? {} : { operationName })
    expect(status).toBe(400)
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_REQUEST' } }])
    expect(errors?.[0]?.message).toMatch(/operation/)
    expect(reported).toEqual([])
  })

  test('is answered with the two ways to a document: by an id', async () => {
    const { errors } = await inProcess().ask('{ document(id: "x") { id } }')
    expect(errors?.[0]?.message).toMatch(/ Write node\(id: …\) for an id, document\(path: …\) for a path\.$/)
  })

  test('does not come back at length', async () => {
    const long = `secret${'x'.repeat(5_000)}`
    for (const [query, variables] of [
      ['query ($d: Int) { get(path: "a", depth: $d) }', { d: long }],
      [`{ get(path: "a", depth: "${long}") }`, {}],
      [`{ ${long} }`, {}],
      ['query ($a: AsOf) { get(path: "a", asOf: $a) }', { a: { [long]: 1 } }],
      [`query ($v: Start = ${long}) { get(path: "a") }`, {}],
    ] as const) {
      expect((await inProcess().ask(query, variables)).text.length).toBeLessThan(2_000)
    }
  })
})

describe('a bug', () => {
  test.each([
    ['an Error', new TypeError('secret: x is not a function')],
    ['an error of the database that is a bug itself', new DatabaseError('INTERNAL', 'secret')],
    [
      'a GraphQLError that no one meant for clients',
      new GraphQLError('secret', { extensions: { code: 'WEIRD', secret: 1 } }),
    ],
    ['what is no Error', 'secret'],
  ])('is masked as INTERNAL and reported under the id that is shown: %s', async (_, error) => {
    vi.stubEnv('NODE_ENV', 'development')
    const { ask, reported } = inProcess(failing(error))
    const { status, text, errors } = await ask(QUERY)
    expect(status).toBe(200)
    expect(reported).toHaveLength(1)
    expect(String(reported[0]?.error)).toContain('secret')
    expect(errors).toMatchObject([{ path: ['get'], extensions: { code: 'INTERNAL', id: reported[0]?.id } }])
    expect(Object.keys(errors?.[0]?.extensions ?? {})).toEqual(['code', 'id'])
    expect(text).not.toMatch(/secret|stack|originalError|\.ts/)
  })

  test('that fails several fields is reported once', async () => {
    const { ask, reported } = inProcess(failing(new Error('same')))
    const { errors } = await ask('{ a: get(path: "a") b: get(path: "b") }')
    expect(reported).toHaveLength(1)
    expect(errors?.map(({ extensions }) => extensions['id'])).toEqual([reported[0]?.id, reported[0]?.id])
  })

  test('in a result that the schema does not allow is one of the server', async () => {
    const document = () => Promise.resolve({ version: 'three' } as never)
    const { ask, reported } = inProcess(recordingDatabase({ document }))
    const { errors } = await ask('{ document(path: "a/1") { version } }')
    expect(errors).toMatchObject([{ extensions: { code: 'INTERNAL', id: reported[0]?.id } }])
    expect(reported).toHaveLength(1)
  })

  test('outside of any field has the status 500', () => {
    const ids: string[] = []
    const shown = createMaskError((id) => ids.push(id))(new Error('secret'), '')
    expect(shown).toMatchObject({ extensions: { code: 'INTERNAL', id: ids[0], http: { status: 500 } } })
    expect(shown.message).not.toContain('secret')
  })
})

test('an operation that is cancelled is no bug', () => {
  const cancelled = new DOMException('This operation was aborted', 'AbortError')
  expect(createMaskError(() => expect.fail())(cancelled, '')).toMatchObject({ extensions: { code: 'UNAVAILABLE' } })
})

test('an error that was shown once passes unchanged', () => {
  const mask = createMaskError(() => undefined)
  const shown = mask(new Error('x'), '')
  expect(mask(shown, '')).toBe(shown)
})

describe('a patch that does not say how it is applied', () => {
  const advice = (name = 'title'): string =>
    `Write patch: { merge: { ${name}: … } }, { json: [ … ] } or { operators: $operators }.`
  const message = (text: string): object => ({ message: text, extensions: { code: 'BAD_REQUEST' } })

  test.each<[string, object | undefined, string]>([
    ['{ likes: 1 }', undefined, `Field "likes" is not defined by type "PatchInput". ${advice('likes')}`],
    [
      '$p',
      { p: { likes: 1 } },
      `Variable "$p" got an invalid value: Field "likes" is not defined by type "PatchInput". ${advice('likes')}`,
    ],
    ['{}', undefined, `OneOf Input Object "PatchInput" must specify exactly one key. ${advice()}`],
    ['"x"', undefined, `Expected value of type "PatchInput!", found "x". ${advice()}`],
  ])('is told what to write: %s', async (patch, variables, text) => {
    const head = variables === undefined ? 'mutation' : 'mutation ($p: PatchInput!)'
    const { errors } = await inProcess(recordingDatabase()).ask(
      `${head} { patch(path: "posts/1", patch: ${patch}) { id } }`,
      variables,
    )
    expect(errors?.[0]).toMatchObject(message(text))
  })

  test('is told to send operators as a variable', async () => {
    const { errors } = await inProcess(recordingDatabase()).ask(
      'mutation { patch(path: "posts/1", patch: { operators: { likes: { $inc: 1 } } }) { id } }',
    )
    expect(errors?.[0]?.message).toMatch(/found "\$"\. .*send operators as a variable/)
  })

  test('no other mistake is told of patches', async () => {
    const { errors } = await inProcess(recordingDatabase()).ask('mutation { put(path: "posts/1", valeu: 1) { id } }')
    for (const { message: text } of errors ?? []) expect(text).not.toContain('merge')
    expect(errors?.length).toBeGreaterThan(0)
  })
})

test.each([
  ['AsOf', 'query { get(path: "posts/1", asOf: {}) }'],
  ['Expect', 'mutation { delete(path: "posts/1", expect: {}) { id } }'],
  ['Op', 'mutation { transact(ops: [{}]) { id } }'],
  ['RevertInput', 'mutation { revert(what: {}) { conflicts { path } } }'],
])('an empty %s is told its fields', async (name, operation) => {
  const { errors } = await inProcess(recordingDatabase()).ask(operation)
  const type = buildSchema(readFileSync('schema.graphql', 'utf8')).getType(name)
  const fields = type instanceof GraphQLInputObjectType ? Object.keys(type.getFields()) : []
  expect(errors?.[0]?.message).toContain(`${name} has one of: ${fields.join(', ')}.`)
})
