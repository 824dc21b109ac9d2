import { getIntrospectionQuery } from 'graphql'
import { describe, expect, test } from 'vitest'
import { serve } from '../support/server/fixture.ts'
import { inProcess } from './in-process.ts'
import { recordingDatabase } from './recording-database.ts'

const ask = (query: string, variables?: object) => inProcess().ask(query, variables)

/** The bound that an operation breaks; null when it runs. */
async function brokenLimit(query: string): Promise<unknown> {
  const { errors, status } = await ask(query)
  const extensions = errors?.[0]?.extensions
  if (extensions) expect([status, extensions['code']]).toEqual([400, 'OPERATION_TOO_COMPLEX'])
  return extensions?.['limit'] ?? null
}

/** A query with so many levels of fields. */
function deep(levels: number): string {
  const pairs = (levels - 2) / 2
  return `{ document(path: "a/1") ${'{ documents(name: "b") { nodes '.repeat(pairs)} { id } ${'} }'.repeat(pairs)} }`
}

const wide = (fields: number): string =>
  `{ ${Array.from({ length: fields }, (_, i) => `f${i}: __typename`).join(' ')} }`

/** Fragments of which each uses the next one twice: 2^levels fields in a text that grows with `levels`. */
function bomb(levels: number): string {
  const fragments = Array.from(
    { length: levels },
    (_, i) => `fragment F${i} on Document { ...F${i + 1} a${i}: id ...F${i + 1} }`,
  )
  return `{ document(path: "a/1") { ...F0 } } ${fragments.join(' ')} fragment F${levels} on Document { id version }`
}

describe('an operation', () => {
  test('may have 10 levels of fields, not 12', async () => {
    expect(await brokenLimit(deep(10))).toBeNull()
    expect(await brokenLimit(deep(12))).toBe('depth')
  })

  test('may have 200 fields, not 201, aliases counted', async () => {
    expect(await brokenLimit(wide(200))).toBeNull()
    expect(await brokenLimit(wide(201))).toBe('fields')
  })

  test('may have 1,000 tokens, not 1,001', async () => {
    const tokens = (count: number): string => `{ get(path: "a") @include(if: true) ${'__typename '.repeat(count - 15)}}`
    expect(await brokenLimit(tokens(1_000))).toBe('fields')
    expect(await brokenLimit(tokens(1_001))).toBe('tokens')
  })

  test('counts the fields and levels of a fragment wherever it is used', async () => {
    const nine = Array.from({ length: 9 }, (_, i) => `a${i}: id`).join(' ')
    const uses = (count: number): string =>
      `{ ${Array.from({ length: count }, (_, i) => `d${i}: document(path: "a/1") { ...N }`).join(' ')} } ` +
      `fragment N on Document { ${nine} }`
    expect(await brokenLimit(uses(20))).toBeNull()
    expect(await brokenLimit(uses(21))).toBe('fields')
    const levels = Array.from(
      { length: 5 },
      (_, i) => `fragment L${i} on Document { documents(name: "b") { nodes { ...L${i + 1} } } }`,
    )
    expect(
      await brokenLimit(`{ document(path: "a/1") { ...L0 } } ${levels.join(' ')} fragment L5 on Document { id }`),
    ).toBe('depth')
  })

  test('counts inline fragments as what they hold', async () => {
    const nested = `{ ${'... on Query { '.repeat(20)} __typename ${'} '.repeat(20)} }`
    expect(await brokenLimit(nested)).toBeNull()
  })

  test('made of fragments that double at each of 60 levels is refused as soon as its text is read', async () => {
    expect(await brokenLimit(bomb(60))).toBe('fields')
  })

  test('with a fragment that contains itself is refused', async () => {
    const fragments = 'fragment A on Document { id ...B } fragment B on Document { id ...A }'
    const { errors, status } = await ask(`{ document(path: "a/1") { ...A } } ${fragments}`)
    expect(status).toBe(400)
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_REQUEST' } }])
  })

  test('is measured by itself, whatever else its document holds', async () => {
    const half = wide(150).slice(1, -1)
    const { errors } = await inProcess().ask(`query A { ${half} } query B { ${half} }`, {}, { operationName: 'A' })
    expect(errors).toBeUndefined()
  })

  test('may have names of 10,000 characters together, not more', async () => {
    const named = (chars: number): string => `{ ${'x'.repeat(chars - 5)}: __typename x: __typename abcd: __typename }`
    expect(await brokenLimit(named(10_000))).toBeNull()
    expect(await brokenLimit(named(10_001))).toBe('names')
  })

  test('that asks for the schema as tools do is not bound by depth and fields', async () => {
    const everything = {
      descriptions: true,
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      schemaDescription: true,
      inputValueDeprecation: true,
      oneOf: true,
    }
    expect(await brokenLimit(getIntrospectionQuery())).toBeNull()
    expect(await brokenLimit(getIntrospectionQuery({ ...everything, typeDepth: 9 } as typeof everything))).toBeNull()
    expect(await brokenLimit(`{ __schema { types { ${'name '.repeat(300)} } } }`)).toBeNull()
    expect(await brokenLimit(`{ __schema { types { ${'name '.repeat(1_000)} } } }`)).toBe('tokens')
  })

  test('that asks for the schema is bounded in fields, levels and what lists within lists give', async () => {
    const times = (count: number, field: string): string =>
      Array.from({ length: count }, (_, i) => `${field.replace('#', String(i))}`).join(' ')
    const level = (name: string, body: string): string => `fragment ${name} on __Type { ${body} }`
    const aliases = [
      level('A', times(40, 'a#: ofType { ...B }')),
      level('B', times(60, 'b#: ofType { ...C }')),
      level('C', times(60, 'c#: description')),
    ]
    expect(await brokenLimit(`{ __schema { types { ...A } } } ${aliases.join(' ')}`)).toBe('introspectionFields')
    expect(await brokenLimit(`{ __schema { types { ${'ofType { '.repeat(20)} name ${'} '.repeat(20)} } } }`)).toBe(
      'introspectionDepth',
    )
    const lists = `{ __schema { types { fields { type { fields { args { ${times(200, 'a#: description')} } } } } } } }`
    expect(await brokenLimit(lists)).toBe('introspectionResults')
  })

  test('that is too complex is 400 for clients of application/json too', async () => {
    const { endpoint } = await serve(recordingDatabase())
    const headers = { accept: 'application/json', 'content-type': 'application/json' }
    const { status } = await fetch(endpoint, { method: 'POST', headers, body: JSON.stringify({ query: wide(201) }) })
    expect(status).toBe(400)
  })
})

test.each([
  'subscription { changes(paths: ["a"]) @include(if: true) { cursor } }',
  'subscription { ... @skip(if: false) { changes(paths: ["a"]) { cursor } } }',
  'subscription { ...F } fragment F on Subscription { ...G } fragment G on Subscription { changes(paths: ' +
    '["a"]) @skip(if: false) { cursor } }',
])('a condition on the root field of a subscription is BAD_REQUEST: %s', async (query) => {
  const { errors, status } = await ask(query)
  expect(status).toBe(400)
  expect(errors).toMatchObject([
    { message: expect.stringContaining('@skip') as unknown, extensions: { code: 'BAD_REQUEST' } },
  ])
})

test('a condition below the root field of a subscription is valid', async () => {
  const query = 'subscription { changes(paths: ["a"]) { cursor @skip(if: true) upToDate } }'
  expect(await inProcess().executor.prepare({ params: { query } })).toMatchObject({ kind: 'ready' })
})

describe('a text', () => {
  const { executor } = inProcess(recordingDatabase(), [])

  test.each([
    ['that is valid', '{ get(path: "a") }'],
    ['that is refused', wide(201)],
    ['that does not parse', '{ get('],
  ])('%s is parsed and validated once, however often it comes', (_, query) => {
    const [first, second] = [1, 2].map(() => executor.prepare({ params: { query } }))
    const once = (result: typeof first): unknown => {
      if (result === undefined || result instanceof Promise) return expect.fail()
      return result.kind === 'ready' ? result.args.document : result.result.errors
    }
    expect(once(second)).toBe(once(first))
  })
})
