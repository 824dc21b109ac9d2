import { expect, onTestFinished, test } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import { connect } from '../../src/client/connect-node.ts'
import * as texts from '../../src/client/operations/operations.generated.ts'
import { runShell } from '../support/cli/command.ts'
import { normal } from '../support/cli/transcript.ts'
import { serveMemory } from '../support/client/served.ts'

/** One verb, in the words of the command line, of the SDK and of GraphQL. */
interface Verb {
  readonly line: string
  readonly sdk: (db: Client) => Promise<unknown>
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
  /** What is compared of an answer; default: all of it. */
  readonly of?: (answer: never) => unknown
}

const VALUE = { title: 'Hello', likes: 1, tags: ['sea'], none: null }
const quoted = (value: unknown): string => `'${JSON.stringify(value)}'`

interface Page {
  readonly edges: readonly { readonly node: unknown }[]
}
const nodesOf = ({ edges }: Page): unknown => edges.map(({ node }) => node)

interface ChangeAnswer {
  readonly document: Readonly<Record<string, unknown>>
  readonly [name: string]: unknown
}

/** A change, or the page of a log, as lines of the command. */
function linesOf({ changes, cursor }: { readonly changes: readonly ChangeAnswer[]; readonly cursor: string }): unknown {
  const lines = changes.map(({ type, path, document, fields, reason, commit, cursor: place, at }) => {
    const { version, value, actor } = document
    return { type, path, version, value, fields, reason, actor, at, commit, cursor: place }
  })
  return [...lines, { cursor }]
}

const WRITES: readonly Verb[] = [
  {
    line: `post posts ${quoted(VALUE)} --id 1`,
    sdk: (db) => db.post('posts', VALUE, { id: '1' }),
    query: texts.mutationPost,
    variables: { path: 'posts', value: VALUE, id: '1', key: key(1) },
  },
  {
    line: `put posts/2 ${quoted(VALUE)}`,
    sdk: (db) => db.put('posts/2', VALUE),
    query: texts.mutationPut,
    variables: { path: 'posts/2', value: VALUE, key: key(2) },
  },
  {
    line: `patch posts/1 '{"title":"Tides"}' --if-version 1`,
    sdk: (db) => db.patch('posts/1', { merge: { title: 'Tides' } }, { expect: { version: 1 } }),
    query: texts.mutationPatch,
    variables: { path: 'posts/1', patch: { merge: { title: 'Tides' } }, expect: { version: 1 }, key: key(3) },
  },
  {
    line: `patch posts/1 --operators '{"likes":{"$inc":2}}'`,
    sdk: (db) => db.patch('posts/1', { operators: { likes: { $inc: 2 } } }),
    query: texts.mutationPatch,
    variables: { path: 'posts/1', patch: { operators: { likes: { $inc: 2 } } }, key: key(4) },
  },
  {
    line: 'delete posts/2',
    sdk: (db) => db.delete('posts/2'),
    query: texts.mutationDelete,
    variables: { path: 'posts/2', key: key(5) },
  },
  {
    line: 'restore posts/2 1',
    sdk: (db) => db.restore('posts/2', { version: 1 }),
    query: texts.mutationRestore,
    variables: { path: 'posts/2', to: { version: 1 }, key: key(6) },
  },
  {
    line: 'revert --actor ada --from 2001-01-01T00:00:00Z --paths posts/1/likes',
    sdk: (db) => db.revert({ actor: { actor: 'ada', from: '2001-01-01T00:00:00.000Z', paths: ['posts/1/likes'] } }),
    query: texts.mutationRevert,
    variables: {
      what: { actor: { actor: 'ada', from: '2001-01-01T00:00:00.000Z', paths: ['posts/1/likes'] } },
      key: key(7),
    },
  },
  {
    line: 'purge posts/2 -y',
    sdk: (db) => db.purge('posts/2'),
    query: texts.mutationPurge,
    variables: { path: 'posts/2', key: key(8) },
  },
]

const READS: readonly Verb[] = [
  {
    line: 'get posts/1',
    sdk: (db) => db.get('posts/1'),
    query: texts.queryGet,
    variables: { path: 'posts/1' },
  },
  {
    line: 'get posts',
    sdk: (db) => db.get('posts'),
    query: texts.queryGet,
    variables: { path: 'posts' },
  },
  {
    line: 'ls posts -o json',
    sdk: (db) => db.documents('posts'),
    query: texts.queryDocuments,
    variables: { path: 'posts' },
    of: nodesOf,
  },
  {
    line: 'history posts -o json --last 100',
    sdk: (db) => db.history('posts', { last: 100 }),
    query: texts.queryHistory,
    variables: { path: 'posts', last: 100 },
    of: nodesOf,
  },
  {
    line: 'diff posts/1 1 3',
    sdk: (db) => db.diff('posts/1', { from: { version: 1 }, to: { version: 3 } }),
    query: texts.queryDiff,
    variables: { path: 'posts/1', from: { version: 1 }, to: { version: 3 } },
  },
  {
    line: 'log posts --cursor -o json',
    sdk: (db) => db.log(['posts'], { first: 1_000 }),
    query: texts.queryLog,
    variables: { paths: ['posts'], first: 1_000 },
    of: linesOf,
  },
]

/** The key that a client gives its writes by itself, as a transcript has it. */
function key(count: number): string {
  return `${String(count).padStart(24, '0')}-1`
}

/** A JSON value with its keys in order, and without what differs from run to run. */
function canonical(value: unknown): string {
  const sorted = JSON.stringify(value, (_, each: unknown) => {
    if (typeof each !== 'object' || each === null || Array.isArray(each)) return each
    const { localId, ...fields } = each as Record<string, unknown>
    const entries = Object.entries(localId === undefined ? fields : { ...fields, id: localId })
    return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
  })
  return normal(sorted)
}

async function throughCommand(url: string, { line }: Verb): Promise<unknown> {
  const { stdout, stderr } = await runShell(`tidemark ${line}`, { env: { TIDEMARK_URL: url, TIDEMARK_ACTOR: 'ada' } })
  expect([line, stderr]).toEqual([line, ''])
  return JSON.parse(stdout)
}

async function throughGraphql(url: string, { query, variables }: Verb): Promise<unknown> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'tidemark-actor': 'ada' },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors } = (await response.json()) as { data?: Record<string, unknown>; errors?: unknown }
  expect(errors).toBe(undefined)
  return Object.values(data ?? {})[0]
}

const STARTED = Date.parse('2026-11-27T10:00:00Z')

test('each verb gives the same JSON by the command line, the SDK and GraphQL', async () => {
  const servers = await Promise.all([1, 2, 3].map(() => serveMemory({ now: () => STARTED })))
  onTestFinished(async () => void (await Promise.all(servers.map((served) => served.close()))))
  const [first = '', second = '', third = ''] = servers.map(({ url }) => url)
  const db = connect(second, { actor: 'ada' })
  onTestFinished(() => db.close())
  for (const verb of [...WRITES, ...READS]) {
    const of = (verb.of ?? ((answer: unknown) => answer)) as (answer: unknown) => unknown
    const [command, sdk, graphql] = [
      canonical(await throughCommand(first, verb)),
      canonical(of(await verb.sdk(db))),
      canonical(of(await throughGraphql(third, verb))),
    ]
    expect([verb.line, command]).toEqual([verb.line, sdk])
    expect([verb.line, graphql]).toEqual([verb.line, sdk])
  }
}, 60_000)
