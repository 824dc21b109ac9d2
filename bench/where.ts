import type { Json } from '../src/core/json/json.ts'
import { LIMITS } from '../src/core/limits.ts'
import { parseExpression } from '../src/db/shape/cel/syntax.ts'
import { compileWhere, type WhereSubject } from '../src/db/shape/cel/where.ts'
import { interleaved, number, ratio, table, type Figure } from './figures.ts'

const DOCUMENTS = 1_000
const MS = 100
const ROUNDS = 7
const PARAMS: Json = { author: 'ann', min: 50, tags: ['sea', 'moon'] }

const FILTERS = [
  'value.likes >= params.min',
  'value.author.name == params.author',
  'value.author.name == params.author && value.likes >= params.min && !value.draft',
  'value.author.name in ["ann", "bob", "eve"]',
  '"sea" in value.tags',
  'value.title.startsWith("Post 1") || value.body.contains("tide 77")',
  'value.tags.exists(t, t in params.tags)',
  'value.items.all(i, i.count > 0 && i.price < 90)',
  'value.due < "2026-07"', // a quarter of the documents has no such field
  'has(value.due) && timestamp(value.due) < timestamp("2026-07-01T00:00:00Z")',
  'type(value.rating) == double ? value.rating / 2 > 1.5 : size(value.title) > 6',
]

/**
 * Evaluations of filters by our closures and by the CEL library, of filters that were compiled beforehand, in process.
 */
export async function where(): Promise<void> {
  const documents = Array.from({ length: DOCUMENTS }, (_, i) => documentOf(i))
  const pairs = FILTERS.map((text) => ({ text, closures: compileWhere(text, PARAMS).test, library: byLibrary(text) }))
  for (const { text, closures, library } of pairs) agree(text, documents, [closures, library])
  const measurements = pairs.flatMap(
    ({ text, closures, library }) =>
      [
        [`closures: ${text}`, measured(documents, closures)],
        [`library: ${text}`, measured(documents, library)],
      ] as const,
  )
  const figures = await interleaved(Object.fromEntries(measurements), ROUNDS)
  console.log(`Filters evaluated per second (${number(DOCUMENTS)} documents, in process)`)
  const ratios = FILTERS.map(
    (text) => (figures[`closures: ${text}`]?.perSecond ?? NaN) / (figures[`library: ${text}`]?.perSecond ?? NaN),
  )
  table(
    ['', 'closures', 'library', 'closures / library'],
    FILTERS.map((text, i) => [
      text,
      number(figures[`closures: ${text}`]?.perSecond ?? NaN),
      number(figures[`library: ${text}`]?.perSecond ?? NaN),
      ratio(ratios[i] ?? NaN),
    ]),
  )
  console.log(
    'Geometric mean of the ratios: ' +
      `${ratio(Math.exp(ratios.reduce((sum, one) => sum + Math.log(one), 0) / ratios.length))}\n`,
  )
}

function documentOf(i: number): WhereSubject {
  const author = ['ann', 'bob', 'cid', 'dan'][i % 4] ?? ''
  const value = {
    title: `Post ${i}`,
    body: `${'All about the sea. '.repeat(10)}tide ${i % 100}`,
    likes: (i * 37) % 100,
    draft: i % 5 === 0,
    author: { name: author, age: 20 + (i % 50) },
    tags: [['sea', 'sun'], ['moon'], ['rain', 'wind', 'snow']][i % 3] ?? [],
    items: [
      { count: 1 + (i % 3), price: i % 95 },
      { count: 2, price: 5 },
    ],
    rating: i % 2 === 0 ? i % 6 : null,
    ...(i % 4 === 0 ? {} : { due: new Date(Date.UTC(2026, i % 12, 1 + (i % 28))).toISOString() }),
  }
  return { path: `posts/${i}`, id: String(i), value }
}

type Test = (subject: WhereSubject) => boolean

/** The library's own evaluation, with its types checked beforehand. An error is false, as with ours. */
function byLibrary(text: string): Test {
  const parsed = parseExpression(text, LIMITS)
  parsed.check()
  return ({ value, path, id }) => {
    try {
      return parsed({ value, params: PARAMS, path, id }) === true
    } catch {
      return false
    }
  }
}

function agree(text: string, documents: readonly WhereSubject[], [closures, library]: readonly [Test, Test]): void {
  const matches = documents.filter(closures)
  if (matches.length === 0 || matches.length === documents.length) throw new Error(`Not selective: ${text}`)
  if (documents.some((document) => closures(document) !== library(document))) {
    throw new Error(`The library disagrees on ${text}`)
  }
}

function measured(documents: readonly WhereSubject[], test: Test): () => Promise<Figure> {
  return () => {
    const begun = performance.now()
    let [operations, elapsed] = [0, 0]
    while (elapsed < MS) {
      for (const document of documents) test(document)
      operations += documents.length
      elapsed = performance.now() - begun
    }
    return Promise.resolve({ perSecond: operations / (elapsed / 1_000) })
  }
}
