import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { OperationTypeNode, type ExecutionResult } from 'graphql'
import type { BodyReader } from './body.ts'
import { BOUNDS, type Bounds } from './config.ts'
import { formsOf, isJsonBody, type Forms, type JsonType } from './negotiate.ts'
import { kindOf, type Operations } from './operations.ts'
import { paramsOfBody, paramsOfUrl, type Params } from './params.ts'
import { asRefusal, Refusal } from './refusal.ts'
import { statusOf, wireOf } from './result.ts'
import type { Streams } from './streams.ts'
import { createUntaken, type Untaken } from './untaken.ts'

/**
 * GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/): reads, negotiates and answers queries and
 * mutations itself, for speed and exactness; hands streams to Yoga.
 */
export interface GraphqlHttp {
  /** Answers one request to the endpoint; `headers` go with whatever the answer is. Never rejects. */
  answer(req: IncomingMessage, res: ServerResponse, headers: OutgoingHttpHeaders | null): Promise<void>
}

interface Parts {
  readonly operations: Operations
  readonly streams: Streams
  readonly bodies: BodyReader
}

interface CountedParts extends Parts {
  readonly untaken: Untaken
}

/** GraphQL over HTTP from its parts; at most `untakenBytes` of its answers are under way, default BOUNDS. */
export function createGraphqlHttp(given: Parts, { untakenBytes }: Pick<Bounds, 'untakenBytes'> = BOUNDS): GraphqlHttp {
  const parts = { ...given, untaken: createUntaken(untakenBytes) }
  return {
    answer: async (req, res, headers) => {
      try {
        if (req.method === 'POST') await answerPost(parts, req, res, headers)
        else if (req.method === 'GET') await answerParams(parts, { req, res, headers }, paramsOfUrl(req.url ?? ''))
        else throw new Refusal(405, 'GraphQL takes GET and POST.', { headers: { allow: 'GET, POST' } })
      } catch (error) {
        sendError(parts.operations, { req, res, headers }, error)
      }
    },
  }
}

interface Exchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly headers: OutgoingHttpHeaders | null
}

async function answerPost(parts: CountedParts, req: IncomingMessage, res: ServerResponse, headers: OutgoingHttpHeaders | null): Promise<void> {
  if (!isJsonBody(req.headers['content-type'])) throw new Refusal(415, 'Send the operation as application/json in UTF-8.', { headers: { 'accept-post': 'application/json' } })
  if (req.headers['content-encoding'] !== undefined) throw new Refusal(415, 'Send the body without a content encoding.', { headers: { 'accept-encoding': 'identity' } })
  const body = await parts.bodies.read(req)
  try {
    await answerParams(parts, { req, res, headers }, paramsOfBody(body.text))
  } finally {
    body.release()
  }
}

async function answerParams(parts: CountedParts, exchange: Exchange, params: Params): Promise<void> {
  const { req, res } = exchange
  const forms = formsOf(req.headers.accept)
  const prepared = parts.operations.prepare(params.query)
  const kind = prepared.kind === 'ready' ? kindOf(prepared, params.operationName) : undefined
  if (kind === OperationTypeNode.MUTATION && req.method === 'GET') throw new Refusal(405, 'A mutation needs POST.', { headers: { allow: 'POST' } })
  // By what is asked for, not by the header alone: some clients accept streams for everything.
  if (kind === OperationTypeNode.SUBSCRIPTION || forms.json === null) return stream(parts, exchange, { forms, params })
  parts.untaken.check(0)
  const result = prepared.kind === 'ready' ? await parts.operations.run(prepared, params) : { errors: prepared.errors }
  if (res.destroyed) return
  const body = JSON.stringify(wireOf(result))
  // What a write did is always told.
  if (kind !== OperationTypeNode.MUTATION) parts.untaken.check(body.length)
  parts.untaken.add(res, body.length)
  send(exchange, forms.json, { result, body })
}

/** Not awaited to its end: a stream may last for months, and must not hold its request's body. */
function stream({ streams }: Parts, { req, res, headers }: Exchange, { forms, params }: { readonly forms: Forms; readonly params: Params }): void {
  if (!forms.stream) throw new Refusal(406, 'Accept application/json or application/graphql-response+json; a subscription needs text/event-stream, or a WebSocket.')
  for (const [name, value] of Object.entries(headers ?? {})) if (value !== undefined) res.setHeader(name, value)
  void streams.answer(req, res, params).catch(() => res.destroy())
}

function send({ res, headers }: Exchange, type: JsonType, { result, body }: { readonly result: ExecutionResult; readonly body: string }): void {
  const { status, headers: more } = statusOf(result, type)
  sendJson(res, status, { type, body, headers: { ...more, ...headers } })
}

function sendError(operations: Operations, exchange: Exchange, error: unknown): void {
  const { req, res, headers } = exchange
  if (res.headersSent || res.destroyed) return
  const type = formsOf(req.headers.accept).json ?? 'application/json'
  const refusal = asRefusal(error)
  if (refusal === null) {
    const result = { errors: [operations.mask(error)] }
    return send(exchange, type, { result, body: JSON.stringify(wireOf(result)) })
  }
  const body = JSON.stringify({ errors: [{ message: refusal.message, extensions: { code: refusal.code, ...refusal.details } }] })
  sendJson(res, refusal.status, { type, body, headers: { ...refusal.headers, ...headers } })
}

interface JsonAnswer {
  readonly type: string
  readonly body: string
  readonly headers?: OutgoingHttpHeaders | undefined
}

/** Sends a JSON text, in one write. */
export function sendJson(res: ServerResponse, status: number, { type, body, headers }: JsonAnswer): void {
  res.writeHead(status, {
    'content-type': `${type}; charset=utf-8`,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  })
  res.end(body)
}
