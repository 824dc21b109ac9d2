import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { Socket } from 'node:net'
import type { Bounds } from '../config/config.ts'
import type { GraphqlHttp } from './graphql-handler.ts'
import { sendHttpError, sendJson } from './send.ts'
import { ACTOR_HEADER } from '../operations/actor.ts'
import { HttpError } from '../operations/http-error.ts'
import type { MemoryBudget } from '../limits/memory-budget.ts'
import type { Metrics } from '../status/metrics.ts'
import type { RequestRing } from '../status/request-ring.ts'
import type { ServerStatus } from '../status/server-status.ts'
import type { Origins } from './origin-policy.ts'
import type { StaticFile, StaticFiles } from '../static/static-files.ts'
import { createRequestQueue, type RequestQueue } from './request-queue.ts'

/** Paths of the server. */
export const ROUTES = {
  graphql: '/graphql',
  console: '/console',
  playground: '/playground',
  demo: '/demo',
  live: '/livez',
  ready: '/readyz',
  metrics: '/metrics',
  status: '/status',
} as const

/** The handlers of the routes. */
interface HttpParts {
  readonly graphql: GraphqlHttp
  readonly files: StaticFiles
  readonly origins: Origins
  readonly metrics: Metrics
  readonly status: ServerStatus
  /** Gets each request that was answered, but for those of the status itself. */
  readonly requests: RequestRing
  readonly memoryBudget: MemoryBudget
  /** Null, or why the server should get no traffic at the moment. */
  notReady(): string | null
}

/** An HTTP server that closes without losing an answer. */
export interface Http {
  readonly server: Server
  readonly pipeline: RequestQueue
  /**
   * Accepts no new connections and answers pending requests; resolves when all connections are closed, WebSockets too.
   */
  close(): Promise<void>
}

/**
 * The HTTP server, bounded and not yet listening. A request that is too slow gets 408, headers beyond 16 KiB get 431.
 */
export function createHttp(parts: HttpParts, bounds: Bounds): Http {
  const options = {
    headersTimeout: bounds.requestMs,
    requestTimeout: bounds.requestMs,
    connectionsCheckingInterval: Math.min(1_000, bounds.requestMs),
    // Longer than the usual minute of a reverse proxy, which must be the side that closes.
    keepAliveTimeout: 65_000,
    maxHeaderSize: 16_384,
    noDelay: true,
  }
  // Per connection: a pipelined response that waits behind another one emits no `close` with its connection.
  const answering = new Map<Socket, Set<ServerResponse>>()
  const pipeline = createRequestQueue(bounds.maxPipelined, parts.memoryBudget)
  const server = createServer(options, (req, res) => {
    const startedAt = performance.now()
    answering.get(req.socket)?.add(res)
    res.once('close', () => {
      answering.get(req.socket)?.delete(res)
      if (pathOf(req.url) !== ROUTES.status) parts.requests.addHttp(req, res, startedAt)
    })
    res.shouldKeepAlive &&= server.listening
    pipeline.enqueue(req, res, () => route(parts, req, res))
  })
  server.on('connection', (socket) => {
    // A connection is emitted again when its upgrade was ignored.
    if (answering.has(socket)) return
    answering.set(socket, new Set())
    socket.once('close', () => answering.delete(socket))
  })
  server.timeout = bounds.stallTimeoutMs
  server.maxConnections = bounds.connections
  return { server, pipeline, close: () => close(server, answering) }
}

function close(server: Server, answering: ReadonlyMap<Socket, ReadonlySet<ServerResponse>>): Promise<void> {
  for (const responses of answering.values()) for (const res of responses) res.shouldKeepAlive = false
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
}

/** The path of a request target, without its query. */
export function pathOf(url: string | undefined): string {
  return url?.split('?', 1)[0] ?? '/'
}

function route(parts: HttpParts, req: IncomingMessage, res: ServerResponse): void {
  if (hasTwoHosts(req)) return sendHttpError(res, TWO_HOSTS)
  const path = pathOf(req.url)
  if (path === ROUTES.graphql) return routeGraphql(parts, req, res)
  if (req.method !== 'GET' && req.method !== 'HEAD') return sendHttpError(res, NOT_FOUND)
  switch (path) {
    case '/':
      return redirect(res, ROUTES.console)
    case ROUTES.live:
      return sendLive(res, parts.origins.headers(req.headers.origin))
    case ROUTES.ready:
      return sendReadiness(res, parts.notReady())
    case ROUTES.metrics:
      return void parts.metrics.text().then(
        (body) => sendJson(res, 200, { type: parts.metrics.type, body }),
        () => sendHttpError(res, new HttpError('The metrics cannot be read.', { code: 'INTERNAL' })),
      )
    case ROUTES.status:
      return routeStatus(parts, req, res)
    default:
      return sendFile(parts.files.get(path), req, res)
  }
}

/** Refused where GraphQL is: pages of other sites must not learn who subscribes to what. */
function routeStatus({ origins, status }: HttpParts, req: IncomingMessage, res: ServerResponse): void {
  const refused = origins.refuse(req.headers)
  if (refused !== null) return sendHttpError(res, new HttpError(refused, { code: 'FORBIDDEN' }))
  const after = /[?&]after=([^&]*)/.exec(req.url ?? '')?.[1] ?? '0'
  if (!/^\d{1,15}$/.test(after)) return sendHttpError(res, BAD_AFTER)
  const headers = origins.headers(req.headers.origin) ?? {}
  void status.read(Number(after)).then(
    (body) => sendJson(res, 200, { type: 'application/json', body, headers }),
    () => sendHttpError(res, new HttpError('The status cannot be read.', { code: 'INTERNAL' })),
  )
}

function sendFile(file: StaticFile | undefined, req: IncomingMessage, res: ServerResponse): void {
  if (file === undefined) return sendHttpError(res, NOT_FOUND)
  void file.answer(req, res).catch(() => sendHttpError(res, NOT_BUILT))
}

/** Whether there are several Host headers: Node keeps the first, a proxy may use the second (RFC 9112, section 3.2). */
export function hasTwoHosts({ rawHeaders }: IncomingMessage): boolean {
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.length === 4 && rawHeaders[i]?.toLowerCase() === 'host') hosts++
  }
  return hosts > 1
}

function routeGraphql({ graphql, origins }: HttpParts, req: IncomingMessage, res: ServerResponse): void {
  const refused = origins.refuse(req.headers)
  if (refused !== null) return sendHttpError(res, new HttpError(refused, { code: 'FORBIDDEN' }))
  const headers = origins.headers(req.headers.origin)
  if (req.method === 'OPTIONS') return sendPreflight(res, headers)
  if (req.method === 'GET' && req.headers.accept?.includes('text/html')) {
    return redirect(res, ROUTES.playground + (req.url ?? '').slice(ROUTES.graphql.length))
  }
  void graphql.answer(req, res, headers)
}

const NOT_FOUND = new HttpError(
  `There is nothing at this address: GraphQL is at ${ROUTES.graphql}, the console at ${ROUTES.console}.`,
  { code: 'NOT_FOUND', status: 404 },
)

const BAD_AFTER = new HttpError('The parameter "after" is not the number of a request: give one of up to 15 digits.')

const NOT_BUILT = new HttpError('This file of the server is not there: run npm run build.', { code: 'INTERNAL' })

/** For a request or an upgrade with two Host headers. */
export const TWO_HOSTS: HttpError = new HttpError('A request has one Host header.')

/** A client in a page of a listed origin asks whether the server is there, although its sockets do not pass. */
function sendLive(res: ServerResponse, headers: OutgoingHttpHeaders | null): void {
  sendJson(res, 200, { type: 'application/json', body: '{"status":"ok"}', headers: headers ?? {} })
}

function sendReadiness(res: ServerResponse, reason: string | null): void {
  const body = reason === null ? { status: 'ok' } : { status: 'unavailable', reason }
  sendJson(res, reason === null ? 200 : 503, { type: 'application/json', body: JSON.stringify(body) })
}

function redirect(res: ServerResponse, location: string): void {
  res.writeHead(302, { location, 'content-length': 0 }).end()
}

/** Answers a CORS preflight (https://fetch.spec.whatwg.org/#cors-preflight-fetch); without CORS headers it denies. */
function sendPreflight(res: ServerResponse, headers: OutgoingHttpHeaders | null): void {
  const allowed = headers !== null && 'access-control-allow-origin' in headers
  const methods = {
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': `content-type, accept, authorization, ${ACTOR_HEADER}`,
    'access-control-max-age': '600',
  }
  res.writeHead(204, { allow: 'GET, POST, OPTIONS', ...headers, ...(allowed && methods) }).end()
}
