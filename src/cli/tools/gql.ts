import { readFile } from 'node:fs/promises'
import { readEvents } from '../../client/connection/event-stream.ts'
import { remoteError, type GraphqlResult } from '../../client/operations/remote-errors.ts'
import { ERRORS } from '../../core/error.ts'
import type { Json } from '../../core/json/json.ts'
import { systemCodeOf, fetchOf, unreachable } from '../run/client.ts'
import { paintedJson } from '../run/colour.ts'
import { endWithReader } from '../follow/closed-pipe.ts'
import { badUsage } from '../run/failure.ts'
import type { Invocation } from '../run/invocation.ts'
import { targetOf } from '../run/target.ts'

interface GqlFlags {
  readonly variable?: readonly string[] | undefined
  readonly file?: string | undefined
}

/** Time for the answer of a query or a mutation, ms: longer than the server's own bounds. */
const ANSWER_MS = 35_000
/** Bytes of an operation: as many as the body of a request may have. */
const MOST_BYTES = 2_097_152

/** `tidemark gql`: one operation; of a subscription, each result as it comes. Exit code: of the first error. */
export async function runGql(given: Invocation<GqlFlags>): Promise<number> {
  const { output } = given
  const query = await queryOf(given)
  const body = `{"query":${JSON.stringify(query)},"variables":${variablesOf(given.flags.variable ?? [])}}`
  const isFeed = /^(?:\s|#.*\n|,)*subscription\b/.test(query)
  const rows = isFeed ? output.many() : null
  let exitCode = 0
  const leavePipe = isFeed ? endWithReader(given) : () => {}
  for await (const result of resultsOf({ body, isFeed }, given)) {
    const text = (): string => paintedJson(result as unknown as Json, output.paint)
    await (rows === null ? output.one(result, text) : rows.row(result, text))
    await output.flush()
    if (result.errors !== undefined) exitCode ||= ERRORS[remoteError(result.errors).code].exit
  }
  leavePipe()
  await rows?.end()
  return exitCode
}

async function queryOf({ args, flags }: Invocation<GqlFlags>): Promise<string> {
  const [query] = args
  if (query !== undefined && flags.file !== undefined) {
    throw badUsage('Give one of the two: the text of an operation, or --file <file>.')
  }
  if (query !== undefined && query !== '-') return query
  const file = flags.file ?? '-'
  if (file === '-' && process.stdin.isTTY) {
    throw badUsage(NO_OPERATION)
  }
  const text = file === '-' ? await textOfStdin() : await textOfFile(file)
  if (text.trim() !== '') return text
  throw badUsage(NO_OPERATION)
}

const NO_OPERATION = 'There is no operation: give its text, --file <file>, or - for stdin.'

function textOfFile(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw badUsage(`The file ${file} cannot be read (${systemCodeOf(error)}).`)
  })
}

async function textOfStdin(): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > MOST_BYTES) throw badUsage(`The operation has more than ${MOST_BYTES.toLocaleString('en')} bytes.`)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** The JSON of variables of `name=value`, digit by digit as they were given; a value that is no JSON is a text. */
function variablesOf(given: readonly string[]): string {
  const entries = given.map((text) => {
    const at = text.indexOf('=')
    if (at <= 0) throw badUsage(`${JSON.stringify(text)} is no variable: write -v name=value.`)
    const value = text.slice(at + 1)
    return `${JSON.stringify(text.slice(0, at))}:${isJson(value) ? value : JSON.stringify(value)}`
  })
  return `{${entries.join(',')}}`
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

interface GqlRequest {
  readonly body: string
  readonly isFeed: boolean
}

async function* resultsOf({ body, isFeed }: GqlRequest, given: Invocation<GqlFlags>): AsyncGenerator<GraphqlResult> {
  const { flags, env, signal } = given
  const { url, token, actor } = await targetOf(flags, env)
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: isFeed ? 'text/event-stream' : 'application/graphql-response+json',
    ...(actor !== undefined && { 'tidemark-actor': Buffer.from(actor, 'utf8').toString('latin1') }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  }
  const bounded = isFeed ? signal : AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
  const request = { method: 'POST', headers, body, signal: bounded }
  const response = await fetchOf(url, given)(`${url}/graphql`, request).catch((error: unknown) => {
    signal.throwIfAborted()
    throw unreachable(url, systemCodeOf(error))
  })
  signal.throwIfAborted()
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
  if (!isStream || response.body === null) return yield (await response.json()) as GraphqlResult
  for await (const event of readEvents(response.body)) {
    if (event === 'complete') return
    if (event !== 'comment') yield event.next as GraphqlResult
  }
  signal.throwIfAborted()
  throw unreachable(url, 'the event stream broke')
}
