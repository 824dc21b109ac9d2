import fc from 'fast-check'
import { getNamedType, isLeafType, type ExecutionResult, type GraphQLObjectType } from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import type { Json } from '../../src/core/json/json.ts'
import { openEngine } from '../../src/db/engine.ts'
import { createGraphqlModule } from '../../src/graphql/graphql-module.ts'
import { BUDGET, type BudgetBounds } from '../../src/graphql/limits/budget.ts'
import { schema } from '../../src/graphql/schema.ts'
import { RenderedJson } from '../../src/graphql/rendered/rendered-json.ts'
import { createExecutor, type Executor } from '../../src/server/operations/executor.ts'
import type { PreparedOperation } from '../../src/server/operations/operation-pipeline.ts'
import { isRendered, toWire, wireText } from '../../src/server/operations/result.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { json } from '../core/json.ts'
import { Random } from '../support/past/random-commits.ts'
import { seedOfTest } from '../support/seed.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'

const ROOM = { claim: () => true, readTurn: () => null }

/** A database whose documents are plain objects, or views of rows. */
interface Filled {
  readonly db: Database
  readonly cursor: string
  readonly dispose: () => Promise<void>
}

const filled: Filled[] = []

const VALUES: readonly Json[] = [
  null,
  'a "quoted" \\ text\n\u2028 \u{1F600}',
  { title: 'Über', n: -0.5, deep: { list: [1, [2, { x: null }], 1e21, 5e-324] }, '': true, 'a"b': '\u0001' },
  [],
  {},
  12_345.678,
  'x'.repeat(300),
]

beforeAll(async () => {
  filled.push(await fill(new MemoryStore(), false))
  const directory = await freshDirectory()
  const { dispose, ...lmdb } = await fill(await openLmdbStore({ directory: directory.path }), true)
  filled.push({ ...lmdb, dispose: () => dispose().then(() => directory[Symbol.asyncDispose]()) })
})

afterAll(() => Promise.all(filled.map(({ dispose }) => dispose())))

async function fill(store: Store, views: boolean): Promise<Filled> {
  const engine = await openEngine(store)
  const [ada, nobody] = ['Ada "the first"', null].map((actor) => engine.database('default', { actor, views }))
  if (ada === undefined || nobody === undefined) throw new Error('There must be two.')
  let cursor = ''
  for (const [i, value] of VALUES.entries()) {
    ;({ cursor } = await (i % 2 === 0 ? ada : nobody).put(`posts/p${i}`, value))
  }
  for (const id of ['quo"te', 'back\\slash', '\u{1F600}', 'Über']) await ada.put(`posts/${id}`, { id })
  await nobody.put('posts/p1', 'again')
  await ada.put('posts/p5', { a: 1 })
  await ada.patch('posts/p5', { merge: { 'b"],': 'é\\"' } })
  await ada.delete('posts/p2')
  const dispose = async (): Promise<void> => {
    await engine.close()
    await store.close()
  }
  return { db: nobody, cursor, dispose }
}

function executorWith(db = filled[0]?.db, budget?: BudgetBounds): Executor {
  if (db === undefined) throw new Error('No database is open.')
  const module = createGraphqlModule({ report: () => {}, budget })
  return createExecutor({ module, databaseOf: () => db, maxRunning: 10, observe: () => {} })
}

interface BothWays {
  readonly rendered: ExecutionResult
  readonly plain: ExecutionResult
}

/** The result of an operation as it is executed, and field by field. */
async function bothWays(executor: Executor, query: string, variables = {}): Promise<BothWays> {
  const prepared = (await executor.prepare({ params: { query, variables } })) as PreparedOperation
  if (prepared.kind !== 'ready') throw new Error(JSON.stringify(prepared))
  return {
    rendered: await executor.execute(prepared, ROOM),
    plain: await executor.execute({ ...prepared, isRenderable: false }, ROOM),
  }
}

const LEAVES = {
  Document: [
    '__typename',
    'path',
    'id',
    'localId',
    'version',
    'value',
    'deleted',
    'createdAt',
    'updatedAt',
    'actor',
    'cursor',
    'asOf',
  ],
  DocumentEdge: ['__typename', 'cursor'],
  PageInfo: ['__typename', 'hasNextPage', 'hasPreviousPage', 'startCursor', 'endCursor'],
  DocumentConnection: ['__typename', 'cursor', 'truncated'],
}

const OBJECTS: Readonly<Record<string, Readonly<Record<string, keyof typeof LEAVES>>>> = {
  DocumentEdge: { node: 'Document' },
  DocumentConnection: { edges: 'DocumentEdge', nodes: 'Document', pageInfo: 'PageInfo' },
}

/** A random selection: leaves with and without an alias, doubled, in inline fragments, objects below. */
function selection(type: keyof typeof LEAVES, random: Random): string {
  const leaves = Array.from({ length: 1 + random.below(6) }, () => {
    const leaf = random.of(LEAVES[type])
    if (random.below(4) > 0) return leaf
    return random.below(2) === 0 ? `other_${leaf}: ${leaf}` : `... on ${type} { ${leaf} }`
  })
  const objects = Object.entries(OBJECTS[type] ?? {}).flatMap(([name, of], i) =>
    random.below(3) === 0 ? [] : [`${i === 0 ? '' : `its_${name}: `}${name} { ${selection(of, random)} }`],
  )
  return (random.below(2) === 0 ? [...leaves, ...objects] : [...objects, ...leaves]).join(' ')
}

const ROOTS: readonly ((random: Random) => string)[] = [
  (random) => `document(path: "posts/p${random.below(9)}") { ${selection('Document', random)} }`,
  (random) => `document(path: "posts/p2", deleted: true) { ${selection('Document', random)} }`,
  (random) =>
    `document(path: "posts/p1", asOf: { version: ${1 + random.below(3)} }) { ${selection('Document', random)} }`,
  (random) => `documents(path: "posts", first: ${random.below(9)}) { ${selection('DocumentConnection', random)} }`,
  (random) => `documents(path: "posts", last: 3) { ${selection('DocumentConnection', random)} }`,
  (random) => `documents(path: "none") { ${selection('DocumentConnection', random)} }`,
  (random) => `document(path: "posts") { ${selection('Document', random)} }`,
  (random) => `documents(path: "posts/p1") { ${selection('DocumentConnection', random)} }`,
  (random) => `documents(path: "posts", asOf: { cursor: $at }) { ${selection('DocumentConnection', random)} }`,
]

describe.each([
  ['plain objects', 0],
  ['views of rows', 1],
])('a result that is rendered at once from %s equals the result that is executed field by field', (_, place) => {
  const database = (): Filled => {
    const found = filled[place]
    if (found === undefined) throw new Error('The database is not open.')
    return found
  }

  test('for random selections of documents and pages, errors of reads included', async () => {
    const [random, executor] = [new Random(seedOfTest()), executorWith(database().db)]
    let rendered = 0
    for (let i = 0; i < 1_000; i++) {
      const roots = Array.from({ length: 1 + random.below(3) }, (_, n) => `r${n}: ${random.of(ROOTS)(random)}`)
      const last = 't: document(path: "no/p", asOf: { cursor: $at }) { id }'
      const query = `query ($at: Cursor!) { ${roots.join(' ')} ${last} }`
      const both = await bothWays(executor, query, { at: database().cursor })
      if (both.rendered.data != null && isRendered(both.rendered.data)) rendered++
      expect(wireText(both.rendered), query).toBe(JSON.stringify(toWire(both.plain)))
      expect(JSON.stringify(toWire(both.rendered))).toBe(JSON.stringify(toWire(both.plain)))
    }
    expect(rendered).toBeGreaterThan(300)
  }, 30_000)

  test('for what is beyond the budget, with the same errors at the same fields', async () => {
    const query = '{ documents(path: "posts") { edges { node { id value } } } }'
    for (const answerBytes of [1, 300, 700, 1_000, 1_300, 5_000]) {
      const both = await bothWays(executorWith(database().db, { ...BUDGET, answerBytes }), query)
      expect(wireText(both.rendered)).toBe(JSON.stringify(toWire(both.plain)))
    }
  })

  test('for random values, within the budget and beyond it', async () => {
    const random = fc.sample(json, { numRuns: 300, seed: seedOfTest() })
    await database().db.transact(random.map((value, i) => ({ kind: 'put', path: `random/r${i}`, value })))
    const query = 'query ($n: Int) { documents(path: "random", first: $n) { nodes { localId value } } }'
    for (let n = 1; n <= 300; n += 7) {
      for (const answerBytes of [n * 60, n * 100, n * 200, BUDGET.answerBytes]) {
        const both = await bothWays(executorWith(database().db, { ...BUDGET, answerBytes }), query, { n })
        expect(wireText(both.rendered)).toBe(JSON.stringify(toWire(both.plain)))
      }
    }
  }, 30_000)

  test('for variables that are wrong', async () => {
    const query = 'query ($n: Int!) { documents(path: "posts", first: $n) { nodes { id } } }'
    for (const n of [1.5, null, 'x', -1, 2_000]) {
      const both = await bothWays(executorWith(database().db), query, { n })
      expect(wireText(both.rendered)).toBe(JSON.stringify(toWire(both.plain)))
    }
  })
})

test('each leaf of these types can be rendered', () => {
  for (const [type, leaves] of Object.entries(LEAVES)) {
    const { fields } = (schema.getType(type) as GraphQLObjectType).toConfig()
    const ofType = Object.entries(fields).filter(
      ([, { type: of, args }]) => isLeafType(getNamedType(of)) && Object.keys(args ?? {}).length === 0,
    )
    expect(leaves.slice(1).toSorted()).toEqual(ofType.map(([name]) => name).toSorted())
  }
})

test.each([
  ['a list below a document', '{ document(path: "posts/p0") { documents(name: "c") { nodes { id } } } }'],
  ['a field with arguments', '{ document(path: "posts/p0") { field(path: "a") } }'],
  ['a directive', '{ document(path: "posts/p0") { id @include(if: false) version } }'],
  ['two selections to merge', '{ documents(path: "posts") { edges { cursor } edges { node { id } } } }'],
  ['a condition on another type', '{ document(path: "posts/p0") { ... on Node { id } } }'],
  ['another root field', '{ get(path: "posts/p0") document(path: "posts/p0") { id } }'],
  ['a fragment at the root', '{ ...F } fragment F on Query { document(path: "posts/p0") { id } }'],
])('%s is executed field by field', async (_, query) => {
  const { rendered } = await bothWays(executorWith(), query)
  expect(rendered.errors).toBeUndefined()
  expect(Object.values(rendered.data ?? {}).some((value) => value instanceof RenderedJson)).toBe(false)
})

test('a view of a document is the same as JSON, and in an answer, as the plain object', async () => {
  const directory = await freshDirectory()
  const store = await openLmdbStore({ directory: directory.path })
  const engine = await openEngine(store)
  const [plain, viewing] = [false, true].map((views) => engine.database('default', { actor: 'ada', views }))
  for (const [i, value] of VALUES.entries()) await plain?.put(`posts/p${i}`, value)
  await plain?.delete('posts/p1')
  const query = `{
    documents(path: "posts") { edges { cursor node { ...All } } pageInfo { startCursor endCursor hasNextPage } cursor }
    document(path: "posts/p1", deleted: true) { ...All }
  }
  fragment All on Document { path id localId version value deleted createdAt updatedAt actor cursor asOf }`
  const answers = [plain, viewing].map(async (db) => wireText((await bothWays(executorWith(db), query)).rendered))
  const [ofPlain, ofViews] = await Promise.all(answers)
  expect(ofViews).toBe(ofPlain)
  const pages = await Promise.all([plain, viewing].map(async (db) => db?.documents('posts', { last: 3 })))
  const [page, viewed] = pages.map((found) => found?.edges.map(({ cursor, node }) => ({ cursor, node })))
  expect(JSON.stringify(viewed)).toBe(JSON.stringify(page))
  await engine.close()
  await store.close()
  await directory[Symbol.asyncDispose]()
})
