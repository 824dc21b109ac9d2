import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { OperationTypeNode, type ExecutionArgs, type ExecutionResult } from 'graphql'
import type { AnswerRoom } from '../../graphql/limits/budget.ts'
import { decodeBody, readBody, tooBusy } from './request-body.ts'
import { BOUNDS, type Bounds } from '../config/config.ts'
import type { MemoryBudget, Reservation } from '../limits/memory-budget.ts'
import { estimateParsedBytes } from '../limits/json-weight.ts'
import type { OperationPacer } from '../limits/operation-pacer.ts'
import { acceptedTypes, isJsonBody, type JsonType } from '../operations/accept.ts'
import { executionArgs, operationType, type Executor } from '../operations/executor.ts'
import { paramsOfBody, paramsOfUrl, type Params } from '../operations/request-params.ts'
import { toHttpError, HttpError } from '../operations/http-error.ts'
import { statusOf, toWire } from '../operations/result.ts'
import { eventsOf, type EventStreams } from '../sse/event-stream.ts'
import { subscribe } from '../broadcast/subscribe.ts'

/**
 * GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/): reads, negotiates and answers, for speed and
 * exactness without a framework between.
 */
export interface GraphqlHttp {
  /** Answers one request to the endpoint; `headers` go with whatever the answer is. Never rejects. */
  answer(req: IncomingMessage, res: ServerResponse, headers: OutgoingHttpHeaders | null): Promise<void>
}

interface GraphqlHttpParts {
  readonly operations: Executor
  readonly streams: EventStreams
  readonly held: MemoryBudget
  readonly pace: OperationPacer
}

interface BoundParts extends GraphqlHttpParts {
  readonly bodyBytes: number
}

/** GraphQL over HTTP from its parts; `bodyBytes`: default BOUNDS. */
export function createGraphqlHttp(given: GraphqlHttpParts, { bodyBytes }: Pick<Bounds, 'bodyBytes'> = BOUNDS): GraphqlHttp {
  const parts = { ...given, bodyBytes }
  return {
    answer: async (req, res, headers) => {
      const exchange = { req, res, headers, hold: parts.held.of(req.socket).reserve() }
      try {
        if (req.method === 'POST') await answerPost(parts, exchange)
        else if (req.method === 'GET') await answerGet(parts, exchange)
        else throw new HttpError(405, 'GraphQL takes GET and POST.', { headers: { allow: 'GET, POST' } })
      } catch (error) {
        sendError(parts.operations, exchange, error)
      } finally {
        releaseWith(exchange)
      }
    },
  }
}

interface Exchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly headers: OutgoingHttpHeaders | null
  /** What the request takes while it is worked on, then its answer until it is taken. */
  readonly hold: Reservation
}

/** When the work is done, the answer is all that is held, until it was taken. */
function releaseWith({ res, hold }: Pick<Exchange, 'res' | 'hold'>): void {
  if (res.closed) hold.release()
  else res.once('close', () => hold.release())
}

async function answerPost(parts: BoundParts, exchange: Exchange): Promise<void> {
  const { req, hold } = exchange
  if (!isJsonBody(req.headers['content-type'])) throw new HttpError(415, 'Send the operation as application/json in UTF-8.', { headers: { 'accept-post': 'application/json' } })
  if (req.headers['content-encoding'] !== undefined) throw new HttpError(415, 'Send the body without a content encoding.', { headers: { 'accept-encoding': 'identity' } })
  const body = await readBody(req, parts.bodyBytes, hold)
  await parts.pace.entered(parts.held.of(req.socket), body.length)
  if (!hold.grow(estimateParsedBytes(body) - body.length)) throw tooBusy('The server holds as many requests and answers as it may')
  await answerParams(parts, exchange, paramsOfBody(decodeBody(body)))
}

async function answerGet(parts: GraphqlHttpParts, exchange: Exchange): Promise<void> {
  const { req } = exchange
  await parts.pace.entered(parts.held.of(req.socket), 0)
  await answerParams(parts, exchange, paramsOfUrl(req.url ?? ''))
}

async function answerParams(parts: GraphqlHttpParts, exchange: Exchange, params: Params): Promise<void> {
  const { req, hold } = exchange
  const forms = acceptedTypes(req.headers.accept)
  const prepared = parts.operations.prepare(params.query)
  const kind = prepared.kind === 'ready' ? operationType(prepared, params.operationName) : undefined
  if (kind === OperationTypeNode.MUTATION && req.method === 'GET') throw new HttpError(405, 'A mutation needs POST.', { headers: { allow: 'POST' } })
  // By what is asked for, not by the header alone: some clients accept streams for everything.
  if ((kind === OperationTypeNode.SUBSCRIPTION || forms.json === null) && !forms.stream) throw new HttpError(406, NOT_ACCEPTABLE)
  const type = forms.json ?? 'text/event-stream'
  if (prepared.kind === 'refused') return answerResult(exchange, { type, result: { errors: prepared.errors } })
  if (kind === OperationTypeNode.SUBSCRIPTION) return startEventStream(parts, exchange, { type, args: executionArgs(parts.operations, prepared, params) })
  let hasRoom = true
  const account = parts.held.of(req.socket)
  const room: AnswerRoom = { claim: (bytes) => (hasRoom &&= hold.claim(bytes)), readTurn: () => parts.pace.nextPiece(account) }
  const result = await parts.operations.run(prepared, params, room)
  // What a write did is always told.
  if (!hasRoom && kind === OperationTypeNode.QUERY) throw tooBusy('The server holds as many answers that were not taken as it may')
  answerResult(exchange, { type, result })
}

const NOT_ACCEPTABLE = 'Accept application/json or application/graphql-response+json; a subscription needs text/event-stream, or a WebSocket.'

interface HttpResult {
  readonly type: AnswerType
  readonly result: ExecutionResult
}

function answerResult(exchange: Exchange, { type, result }: HttpResult): void {
  if (exchange.res.destroyed) return
  const body = JSON.stringify(toWire(result))
  exchange.hold.set(body.length)
  send(exchange, type, { result, body })
}

interface StartingSubscription {
  readonly type: AnswerType
  readonly args: ExecutionArgs
}

/** Not awaited to its end: a stream may last for months. Of its request it holds no more than it keeps. */
async function startEventStream(parts: GraphqlHttpParts, exchange: Exchange, { type, args }: StartingSubscription): Promise<void> {
  const { operations, streams } = parts
  const begun = await subscribe({ ...args, contextValue: operations.context() })
  if ('refused' in begun) return answerResult(exchange, { type, result: operations.maskResult(begun.refused) })
  exchange.hold.retainForSubscription()
  void streams.answer(exchange.res, exchange.headers, { events: begun.events, args })
}

type AnswerType = JsonType | 'text/event-stream'

function send({ res, headers }: Exchange, type: AnswerType, { result, body }: { readonly result: ExecutionResult; readonly body: string }): void {
  // A stream has its errors inside; its reader looks for them there.
  const { status, headers: more } = statusOf(result, type === 'text/event-stream' ? 'application/json' : type)
  sendJson(res, status, { type, body: type === 'text/event-stream' ? eventsOf(body) : body, headers: { ...more, ...headers } })
}

function sendError(operations: Executor, exchange: Exchange, error: unknown): void {
  const { req, res, headers } = exchange
  if (res.headersSent || res.destroyed) return
  const type = acceptedTypes(req.headers.accept).json ?? 'application/json'
  const refusal = toHttpError(error)
  if (refusal === null) {
    const result = { errors: [operations.mask(error)] }
    return send(exchange, type, { result, body: JSON.stringify(toWire(result)) })
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
