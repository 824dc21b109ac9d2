import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ERRORS, isRetryableCode, type ErrorCode } from '../src/core/error.ts'
import { LIMITS, type Limits } from '../src/core/limits.ts'
import { BUDGET } from '../src/graphql/limits/budget.ts'
import { QUERY_LIMITS } from '../src/graphql/limits/query-limits.ts'
import { BOUNDS, type Bounds } from '../src/server/config/config.ts'

const LIMIT_TEXTS: Readonly<Record<keyof Limits, string>> = {
  pathSegments: 'segments of a path',
  segmentBytes: 'bytes of one segment, in UTF-8',
  pathBytes: 'bytes of a path, in UTF-8',
  valueBytes: "bytes of a document's value, as compact JSON in UTF-8",
  valueDepth: 'levels of a value; its root is level 1',
  keysPerObject: 'keys of one object',
  objectKeyBytes: 'bytes of one key of an object, in UTF-8',
  arrayLength: 'elements of one array',
  operations: 'operations of one transaction, those of a JSON Patch counted singly, and as many checks',
  transactionBytes: 'bytes of what one transaction writes: the values, and what is kept beside each of them',
  documents: 'documents in one `get`, `delete`, `purge`, `restore` or `revert`',
  revertedVersions: 'versions that one `revert` takes back',
  revertedBytes: 'bytes of the fields that one `revert` takes back, before and after',
  pageBytes:
    'bytes of one `get`, and of the conflicts of a `revert`; a page of rows ends there, with at least one of them',
  pageSize: 'rows of one page of documents, history or log; 100 when you do not say',
  searchedDocuments:
    'documents that one page looks at to find those that match, or that were there then; then it ends early',
  searchedCommits:
    'commits, or versions of a document, that one page of the log or of a history looks at; then it ends early',
  lastCommits: 'commits that `changes` looks back through for its `last` changes; then it begins there, with fewer',
  patterns: 'path patterns of one feed, or of one page of the log',
  columns: 'columns of one feed',
  keyBytes: 'bytes of an idempotency key, in UTF-8',
  expressionBytes: 'bytes of the text of an expression, in UTF-8',
  expressionNodes: 'literals, names, accesses, operators and calls of an expression',
  expressionDepth: 'levels of parentheses, brackets and accesses of an expression',
  params: 'parameters of an expression',
  paramsBytes: 'bytes of the parameters of an expression, as compact JSON in UTF-8',
}

const QUERY_TEXTS: Readonly<Record<keyof typeof QUERY_LIMITS, string>> = {
  tokens: 'tokens of the document that is sent',
  depth: 'levels of fields, fragments expanded',
  fields: 'fields, fragments expanded and aliases counted',
  names: 'characters of the names under which fields are answered, fragments expanded',
  introspectionDepth: 'levels of fields about the schema, fragments expanded',
  introspectionFields: 'fields about the schema, fragments expanded and aliases counted',
  introspectionResults: 'fields about the schema in the answer, estimated: lists within lists multiply',
}

const BUDGET_TEXTS: Readonly<Record<keyof typeof BUDGET, string>> = {
  rows: 'rows of all lists together; each list counts as one at least',
  answerBytes: 'bytes of the answer, estimated',
  operationMs: 'milliseconds for a query (`TIMEOUT`); a mutation that has begun to write is not broken off',
  reads: 'reads at once; more wait',
  errors: 'errors in the answer; more are left out',
}

const BOUND_TEXTS: Readonly<Record<keyof Bounds, string>> = {
  bodyBytes: 'bytes of an HTTP body',
  messageBytes: 'bytes of a WebSocket message; a longer one closes the socket (1009)',
  inflightBytes: 'bytes that are held for all clients together, as below',
  inflightBytesPerConnection: 'of these for one connection, and never more than half of what is free',
  operations: 'queries and mutations that run at once, over all transports',
  operationsPerSocket:
    'of these on one WebSocket, until the answer has left; it is not read from while there are so many',
  subscriptions: 'subscriptions of one WebSocket',
  socketBufferBytes: 'bytes that one WebSocket was sent and has not taken; it is not read from while there are more',
  maxPipelined:
    'requests of one connection that wait for the answers before theirs; it is not read from while 8 do, ' +
    'and closed when one read brings more',
  connections: 'open connections',
  requestMs: 'milliseconds for the headers and the body of a request to arrive (408), or a WebSocket message (4408)',
  stallTimeoutMs: 'milliseconds without progress, while a peer has an answer to take; then its connection is closed',
  initMs: 'milliseconds for `connection_init` to arrive on a WebSocket (4408)',
  pingMs:
    'milliseconds between two pings, the first within a second; a WebSocket that answered none of two is ' +
    'closed when the third is due',
  stopMs: 'milliseconds for a clean stop',
}

type Row = readonly string[]

const code = (text: string): string => `\`${text}\``

function table(head: Row, rows: readonly Row[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

function limitTable<K extends string>(values: Readonly<Record<K, number>>, texts: Readonly<Record<K, string>>): string {
  const names = Object.keys(values) as K[]
  return table(
    ['limit', 'at most', 'of'],
    names.map((name) => [code(name), values[name].toLocaleString('en-US'), texts[name]]),
  )
}

function errorTable(): string {
  const rows = (Object.keys(ERRORS) as ErrorCode[]).map((name) => {
    const { sentence, fields, http, exit } = ERRORS[name]
    return [
      code(name),
      sentence,
      fields.map(code).join(', '),
      String(http),
      String(exit),
      isRetryableCode(name) ? 'yes' : 'no',
    ]
  })
  return table(['code', 'when', 'more fields', 'HTTP', 'exit code', 'retry'], rows)
}

/** The tables of the documentation, by page and by the name of their marker. */
export const TABLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'docs/errors.md': { errors: errorTable() },
  'docs/limits.md': {
    data: limitTable(LIMITS, LIMIT_TEXTS),
    operations: limitTable(QUERY_LIMITS, QUERY_TEXTS),
    budget: limitTable(BUDGET, BUDGET_TEXTS),
    server: limitTable(BOUNDS, BOUND_TEXTS),
  },
}

/**
 * The page with its tables, between `<!-- table NAME -->` and `<!-- end -->`, replaced. Throws when a marker is
 * missing.
 */
export function withTables(page: string, tables: Readonly<Record<string, string>>): string {
  return Object.entries(tables).reduce((text, [name, rows]) => {
    const section = new RegExp(`(<!-- table ${name} -->\n)[^]*?(?=<!-- end -->)`)
    if (!section.test(text)) throw new Error(`There is no place for the table ${name}.`)
    return text.replace(section, (_, begin: string) => `${begin}${rows}\n`)
  }, page)
}

function writePages(): void {
  const root = fileURLToPath(new URL('..', import.meta.url))
  for (const [path, tables] of Object.entries(TABLES)) {
    writeFileSync(root + path, withTables(readFileSync(root + path, 'utf8'), tables))
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writePages()
