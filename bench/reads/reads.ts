import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Write } from '../../src/core/version.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { median, number, progress, ratio, table } from '../figures.ts'
import { overWs } from '../load.ts'
import { startProcess, startServer, type BenchServer } from '../server.ts'
import { range, StoreFiller } from '../store-filler.ts'
import { answerOf, overSockets, type RequestFigure } from './requests.ts'

/** Documents of about 250 bytes; TIDEMARK_BENCH_DOCUMENTS=1000000 for more. */
const DOCUMENTS = Number(process.env['TIDEMARK_BENCH_DOCUMENTS'] ?? 100_000)
/** Posts with COMMENTS comments each. */
const POSTS = 1_000
const COMMENTS = 20
const ROUNDS = 5
const MS = 1_500
const PAGE = 50

/** An operation that users send, with variables of a random place. */
interface UserRead {
  readonly query: string
  readonly variables: () => Readonly<Record<string, unknown>>
  readonly clients: number
}

const random = (count: number): number => Math.floor(Math.random() * count)
const itemId = (i: number): string => `i${String(i).padStart(8, '0')}`

function reads(places: readonly string[]): Readonly<Record<string, UserRead>> {
  const item = (): string => `items/${itemId(random(DOCUMENTS))}`
  return {
    '{__typename}': { query: '{__typename}', variables: () => ({}), clients: 64 },
    'document by id': {
      query: 'query ($path: Path!) { document(path: $path) { id version value } }',
      variables: () => ({ path: item() }),
      clients: 64,
    },
    'get of a field': {
      query: 'query ($path: Path!) { get(path: $path) }',
      variables: () => ({ path: `${item()}/title` }),
      clients: 64,
    },
    'page of 50': {
      query: `query ($after: String) {
        documents(path: "items", first: ${PAGE}, after: $after) {
          edges { cursor node { id path version updatedAt value } } pageInfo { hasNextPage endCursor }
        }
      }`,
      variables: () => ({ after: places[random(places.length)] }),
      clients: 16,
    },
    'get of a post with 20 comments': {
      query: 'query ($path: Path!) { get(path: $path) }',
      variables: () => ({ path: `posts/${random(POSTS)}` }),
      clients: 16,
    },
    'document with 20 nested ones': {
      query: `query ($path: Path!) {
        document(path: $path) { id value documents(name: "comments", first: 20) { nodes { id value } } }
      }`,
      variables: () => ({ path: `posts/${random(POSTS)}` }),
      clients: 16,
    },
  }
}

/** Reads as users make them, at random, beside a bare `node:http` that sends the same bytes, in interleaved rounds. */
export async function readsOfUsers(): Promise<void> {
  const server = await startServer('.', await filled())
  const cases = reads(await pageCursors(server))
  const scratch = await mkdtemp(join(tmpdir(), 'tidemark-bench-'))
  const answers = await sampleAnswers(server, cases)
  await writeFile(join(scratch, 'answers.json'), JSON.stringify(answers))
  const bare = await startProcess(['--import', 'tsx', 'bench/reads/bare.ts', join(scratch, 'answers.json')])
  const rows: string[][] = []
  for (const [name, read] of Object.entries(cases)) {
    const [own, limit, ws]: [RequestFigure[], RequestFigure[], number[]] = [[], [], []]
    for (const round of range(ROUNDS)) {
      progress(`round ${round + 1}/${ROUNDS}: ${name}`)
      own.push(await measured(server, '/graphql', read))
      limit.push(await measured(bare, `/?${encodeURIComponent(name)}`, read))
      const { query, variables, clients } = read
      ws.push((await overWs(server, { query, variables, clients, ms: MS })).cpuMicros ?? NaN)
    }
    const of = (figures: readonly RequestFigure[], key: keyof RequestFigure): number =>
      median(figures.map((figure) => figure[key]))
    rows.push([
      name,
      number(answers[encodeURIComponent(name)]?.length ?? NaN),
      number(of(own, 'perSecond')),
      number(of(own, 'cpuMicros')),
      `${of(own, 'p50').toFixed(1)} / ${of(own, 'p99').toFixed(1)}`,
      number(of(limit, 'perSecond')),
      number(of(limit, 'cpuMicros')),
      ratio(of(own, 'perSecond') / of(limit, 'perSecond')),
      ratio(of(limit, 'cpuMicros') / of(own, 'cpuMicros')),
      number(median(ws)),
    ])
  }
  progress('')
  await Promise.all([server.stop(), bare.stop()])
  await rm(scratch, { recursive: true })
  console.log(
    `Reads of ${number(DOCUMENTS)} documents at random (GraphQL with variables); bare: node:http, the same bytes`,
  )
  table(['', 'bytes', 'per second', 'CPU µs', 'p50/p99 ms', 'bare', 'bare µs', 'to bare', 'by CPU', 'ws CPU µs'], rows)
}

function measured(server: BenchServer, target: string, read: UserRead): Promise<RequestFigure> {
  const body = (): string => JSON.stringify({ query: read.query, variables: read.variables() })
  return overSockets(server, { target, body, clients: read.clients, ms: MS })
}

/** One answer of each read, by the name as it stands in a query string. */
async function sampleAnswers(
  server: BenchServer,
  cases: Readonly<Record<string, UserRead>>,
): Promise<Readonly<Record<string, string>>> {
  const answers: Record<string, string> = {}
  for (const [name, { query, variables }] of Object.entries(cases)) {
    const body = JSON.stringify({ query, variables: variables() })
    answers[encodeURIComponent(name)] = await answerOf(server, '/graphql', body)
  }
  return answers
}

/** Cursors of pages all over the collection. */
async function pageCursors(server: BenchServer): Promise<readonly string[]> {
  const query = `query ($after: String) {
    documents(path: "items", first: 1000, after: $after) { edges { cursor } pageInfo { hasNextPage endCursor } }
  }`
  const cursors: string[] = []
  for (let after: string | null = null; ;) {
    const answer = await answerOf(server, '/graphql', JSON.stringify({ query, variables: { after } }))
    const { edges, pageInfo } = (JSON.parse(answer) as CursorPage).data.documents
    cursors.push(...edges.map(({ cursor }) => cursor))
    if (!pageInfo.hasNextPage) return cursors.slice(0, -PAGE)
    after = pageInfo.endCursor
  }
}

interface CursorPage {
  readonly data: {
    readonly documents: {
      readonly edges: readonly { readonly cursor: string }[]
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string }
    }
  }
}

/** A directory with the documents, and posts with comments. */
async function filled(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-bench-'))
  const store = await openLmdbStore({ directory })
  const filler = new StoreFiller(store)
  const group = 100
  await filler.commits('default', DOCUMENTS / group, (commit) => ({
    writes: range(group).map((i) => created(`items/${itemId(commit * group + i)}`, commit * group + i)),
  }))
  await filler.commits('default', POSTS, (post) => ({
    writes: [
      created(`posts/${post}`, post),
      ...range(COMMENTS).map((i) => created(`posts/${post}/comments/c${String(i).padStart(2, '0')}`, i)),
    ],
  }))
  await store.close()
  return directory
}

/** The first version of a document, whose value has about 250 bytes. */
function created(path: string, i: number): Write {
  const value = {
    title: `Title of number ${i}`,
    body: `${'Words as people write them, some of them. '.repeat(3)}${i}`,
    likes: i % 1_000,
    author: { name: 'Ada Lovelace', id: `u${i % 97}` },
    tags: ['sea', 'tides'],
    public: i % 2 === 0,
  }
  return { path: path.split('/'), version: 1, type: 'NEW', fields: [], value, createdAt: null }
}
