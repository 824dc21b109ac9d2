import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { OperationTypeNode, type ExecutionArgs, type ExecutionResult } from 'graphql'
import type { BodyReader } from './body.ts'
import { BOUNDS, type Bounds } from './config.ts'
import { formsOf, isJsonBody, type JsonType } from './negotiate.ts'
import { argsOf, kindOf, type Operations } from './operations.ts'
import { paramsOfBody, paramsOfUrl, type Params } from './params.ts'
import { asRefusal, Refusal } from './refusal.ts'
import { statusOf, wireOf } from './result.ts'
import { eventsOf, type Streams } from './streams.ts'
import { subscribe } from './subscribe.ts'
import { createUntaken, type Untaken } from './untaken.ts'

/**
 * GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/): reads, negotiates and answers, for speed and
 * exactness without a framework between.
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
  const { req } = exchange
  const forms = formsOf(req.headers.accept)
  const prepared = parts.operations.prepare(params.query)
  const kind = prepared.kind === 'ready' ? kindOf(prepared, params.operationName) : undefined
  if (kind === OperationTypeNode.MUTATION && req.method === 'GET') throw new Refusal(405, 'A mutation needs POST.', { headers: { allow: 'POST' } })
  // By what is asked for, not by the header alone: some clients accept streams for everything.
  if ((kind === OperationTypeNode.SUBSCRIPTION || forms.json === null) && !forms.stream) throw new Refusal(406, NOT_ACCEPTABLE)
  const type = forms.json ?? 'text/event-stream'
  parts.untaken.check(0)
  if (prepared.kind === 'refused') return answerResult(parts, exchange, { type, result: { errors: prepared.errors } })
  if (kind === OperationTypeNode.SUBSCRIPTION) return follow(parts, exchange, { type, args: argsOf(parts.operations, prepared, params) })
  const result = await parts.operations.run(prepared, params)
  // What a write did is always told.
  answerResult(parts, exchange, { type, result, isTold: kind === OperationTypeNode.MUTATION })
}

const NOT_ACCEPTABLE = 'Accept application/json or application/graphql-response+json; a subscription needs text/event-stream, or a WebSocket.'

interface Outcome {
  readonly type: AnswerType
  readonly result: ExecutionResult
  readonly isTold?: boolean
}

function answerResult({ untaken }: CountedParts, exchange: Exchange, { type, result, isTold = false }: Outcome): void {
  if (exchange.res.destroyed) return
  const body = JSON.stringify(wireOf(result))
  if (!isTold) untaken.check(body.length)
  untaken.add(exchange.res, body.length)
  send(exchange, type, { result, body })
}

interface Following {
  readonly type: AnswerType
  readonly args: ExecutionArgs
}

/** Not awaited to its end: a stream may last for months, and must not hold its request's body. */
async function follow(parts: CountedParts, exchange: Exchange, { type, args }: Following): Promise<void> {
  const { operations, streams } = parts
  const begun = await subscribe({ ...args, contextValue: operations.context() })
  if ('refused' in begun) return answerResult(parts, exchange, { type, result: operations.maskAll(begun.refused) })
  void streams.answer(exchange.res, exchange.headers, { events: begun.events, args })
}

type AnswerType = JsonType | 'text/event-stream'

function send({ res, headers }: Exchange, type: AnswerType, { result, body }: { readonly result: ExecutionResult; readonly body: string }): void {
  // A stream has its errors inside; its reader looks for them there.
  const { status, headers: more } = statusOf(result, type === 'text/event-stream' ? 'application/json' : type)
  sendJson(res, status, { type, body: type === 'text/event-stream' ? eventsOf(body) : body, headers: { ...more, ...headers } })
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
