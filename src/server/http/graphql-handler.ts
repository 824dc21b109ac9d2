import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { OperationTypeNode, type ExecutionResult } from 'graphql'
import { parseExactJson } from '../../core/json/exact-json.ts'
import type { SharedResources } from '../../graphql/limits/budget.ts'
import { decodeBody, readBody, tooBusy } from './request-body.ts'
import { BOUNDS, type Bounds } from '../config/config.ts'
import type { MemoryBudget, Reservation } from '../limits/memory-budget.ts'
import { estimateParsedBytes } from '../limits/json-weight.ts'
import { LARGE_MESSAGE_BYTES, parseInTurns } from '../limits/parse-in-turns.ts'
import type { OperationPacer } from '../limits/operation-pacer.ts'
import { actorOfRequest } from '../operations/actor.ts'
import { acceptedTypes, isJsonBody, type JsonType } from '../operations/accept.ts'
import type { Executor } from '../operations/executor.ts'
import type { PreparedOperation } from '../operations/operation-pipeline.ts'
import { paramsOfBody, paramsOfUrl, type Params } from '../operations/request-params.ts'
import { toHttpError, HttpError } from '../operations/http-error.ts'
import { sendHttpError, sendJson } from './send.ts'
import { statusOf, toWire, wireText } from '../operations/result.ts'
import { nameOperation, operationLabel } from '../status/request-ring.ts'
import { singleResultEvents, type EventStreams } from '../sse/event-stream.ts'

/**
 * GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/): body, content negotiation and answer. Without
 * a framework, for speed and for exact numbers (docs/adr/0003-an-http-handler-in-front-of-yoga.md).
 */
export interface GraphqlHttp {
  /** Answers one request to the endpoint; `headers` are added to every answer. Never rejects. */
  answer(req: IncomingMessage, res: ServerResponse, headers: OutgoingHttpHeaders | null): Promise<void>
}

interface GraphqlHttpParts {
  readonly executor: Executor
  readonly streams: EventStreams
  readonly memoryBudget: MemoryBudget
  readonly pacer: OperationPacer
}

interface BoundParts extends GraphqlHttpParts {
  readonly bodyBytes: number
}

/** GraphQL over HTTP from its parts; `bodyBytes`: default BOUNDS. */
export function createGraphqlHttp(
  deps: GraphqlHttpParts,
  { bodyBytes }: Pick<Bounds, 'bodyBytes'> = BOUNDS,
): GraphqlHttp {
  const parts = { ...deps, bodyBytes }
  return {
    answer: async (req, res, headers) => {
      const exchange = { req, res, headers, reservation: parts.memoryBudget.account(req.socket).reserve() }
      try {
        if (req.method === 'POST') await answerPost(parts, exchange)
        else if (req.method === 'GET') await answerGet(parts, exchange)
        else throw new HttpError('GraphQL takes GET and POST.', { status: 405, headers: { allow: 'GET, POST' } })
      } catch (error) {
        sendError(parts.executor, exchange, error)
      } finally {
        releaseOnClose(exchange)
      }
    },
  }
}

interface Exchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly headers: OutgoingHttpHeaders | null
  /** Bytes of the request while it runs, then of its answer until the response is closed. */
  readonly reservation: Reservation
}

/** Called when the request has been answered: its bytes are released when the response is closed. */
function releaseOnClose({ res, reservation }: Pick<Exchange, 'res' | 'reservation'>): void {
  if (res.closed) reservation.release()
  else res.once('close', () => reservation.release())
}

async function answerPost(parts: BoundParts, exchange: Exchange): Promise<void> {
  const { req, reservation } = exchange
  if (!isJsonBody(req.headers['content-type'])) {
    throw new HttpError('Send the operation as application/json in UTF-8.', {
      status: 415,
      headers: { 'accept-post': 'application/json' },
    })
  }
  if (req.headers['content-encoding'] !== undefined) {
    throw new HttpError('Send the body without a content encoding.', {
      status: 415,
      headers: { 'accept-encoding': 'identity' },
    })
  }
  const body = await readBody(req, parts.bodyBytes, reservation)
  await parts.pacer.entered(parts.memoryBudget.account(req.socket), body.length)
  if (!reservation.grow(estimateParsedBytes(body) - body.length)) {
    throw tooBusy('The server holds as many requests and answers as it may')
  }
  const text = decodeBody(body)
  const parsed = body.length > LARGE_MESSAGE_BYTES ? await parseInTurns(text) : parseExactJson(text)
  await answerParams(parts, exchange, paramsOfBody(parsed))
}

async function answerGet(parts: GraphqlHttpParts, exchange: Exchange): Promise<void> {
  const { req } = exchange
  await parts.pacer.entered(parts.memoryBudget.account(req.socket), 0)
  await answerParams(parts, exchange, paramsOfUrl(req.url ?? ''))
}

async function answerParams(parts: GraphqlHttpParts, exchange: Exchange, params: Params): Promise<void> {
  const { req, reservation } = exchange
  const accepted = acceptedTypes(req.headers.accept)
  const preparing = parts.executor.prepare({ params, req, actor: actorOfRequest(req) })
  const prepared = preparing instanceof Promise ? await preparing : preparing
  const operation = prepared.kind === 'ready' ? prepared.type : undefined
  if (prepared.kind === 'ready') nameOperation(exchange.res, operationLabel(prepared))
  if (operation === OperationTypeNode.MUTATION && req.method === 'GET') {
    throw new HttpError('A mutation needs POST.', { status: 405, headers: { allow: 'POST' } })
  }
  // The type of the operation decides, not the header alone: some clients accept streams for everything.
  if ((operation === OperationTypeNode.SUBSCRIPTION || accepted.json === null) && !accepted.stream) {
    throw new HttpError(NOT_ACCEPTABLE, { status: 406 })
  }
  const type = accepted.json ?? 'text/event-stream'
  if (prepared.kind === 'done') return answerResult(exchange, { type, result: prepared.result })
  if (operation === OperationTypeNode.SUBSCRIPTION) {
    return startEventStream(parts, exchange, { type, prepared })
  }
  let isAdmitted = true
  const account = parts.memoryBudget.account(req.socket)
  const room: SharedResources = {
    claim: (bytes) => (isAdmitted &&= reservation.claim(bytes)),
    readTurn: () => parts.pacer.nextPiece(account),
  }
  const result = await parts.executor.execute(prepared, room)
  // The result of a mutation is always sent, for it may have written.
  if (!isAdmitted && operation === OperationTypeNode.QUERY) {
    throw tooBusy('The server holds as many answers that were not taken as it may')
  }
  answerResult(exchange, { type, result })
}

const NOT_ACCEPTABLE =
  'Accept application/json or application/graphql-response+json; a subscription needs text/event-stream, ' +
  'or a WebSocket.'

interface HttpResult {
  readonly type: AnswerType
  readonly result: ExecutionResult
}

function answerResult(exchange: Exchange, { type, result }: HttpResult): void {
  if (exchange.res.destroyed) return
  const body = wireText(result)
  exchange.reservation.set(body.length)
  send(exchange, type, { result, body })
}

interface StartingSubscription {
  readonly type: AnswerType
  readonly prepared: PreparedOperation
}

/**
 * Does not await the end of the stream, which may last for months. The reservation shrinks to that of a subscription.
 */
async function startEventStream(
  parts: GraphqlHttpParts,
  exchange: Exchange,
  { type, prepared }: StartingSubscription,
): Promise<void> {
  const { executor, streams } = parts
  const started = await executor.subscribe(prepared)
  if ('errorResult' in started) return answerResult(exchange, { type, result: started.errorResult })
  exchange.reservation.retainForSubscription()
  void streams.answer(exchange.res, exchange.headers, started)
}

type AnswerType = JsonType | 'text/event-stream'

function send(
  { res, headers }: Exchange,
  type: AnswerType,
  { result, body }: { readonly result: ExecutionResult; readonly body: string },
): void {
  // A stream carries errors in its events, so its status is that of `application/json`.
  const { status, headers: more } = statusOf(result, type === 'text/event-stream' ? 'application/json' : type)
  sendJson(res, status, {
    type,
    body: type === 'text/event-stream' ? singleResultEvents(body) : body,
    headers: { ...more, ...headers },
  })
}

function sendError(executor: Executor, exchange: Exchange, error: unknown): void {
  const { req, res, headers } = exchange
  if (res.headersSent || res.destroyed) return
  const type = acceptedTypes(req.headers.accept).json ?? 'application/json'
  const httpError = toHttpError(error)
  if (httpError === null) {
    const result = { errors: [executor.mask(error)] }
    return send(exchange, type, { result, body: JSON.stringify(toWire(result)) })
  }
  sendHttpError(res, httpError, { type, headers })
}
