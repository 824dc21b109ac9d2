import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { CloseCode, handleProtocols, type Server as Protocol } from 'graphql-ws'
import { WebSocketServer } from 'ws'
import type { Bounds } from '../config/config.ts'
import type { MemoryBudget } from '../limits/memory-budget.ts'
import { hasTwoHosts, pathOf, ROUTES, TWO_HOSTS, type Http } from '../http/http-server.ts'
import { endWithHttpError } from '../http/send.ts'
import { HttpError } from '../operations/http-error.ts'
import type { OperationPacer } from '../limits/operation-pacer.ts'
import type { Origins } from '../http/origin-policy.ts'
import type { FlushScheduler } from '../broadcast/flush-scheduler.ts'
import { createWsConnection, ConnectionClosed, type WsConnection, type ConnectionParts } from './ws-connection.ts'
import { createProtocol, type ProtocolParts } from './graphql-transport-ws.ts'
import { asksForWebSocket, ignoreUpgrade, hasAllHeaders } from '../http/upgrade.ts'

/** GraphQL over WebSockets, on the port of an HTTP server. */
export interface Sockets {
  /** From now on accepts neither new connections nor new messages; running operations are still answered. */
  stopAccepting(): void
  /** Closes all connections with 1001, upon which clients resume elsewhere. */
  close(): void
  /** Ends the remaining connections at once. */
  terminate(): void
}

interface SocketsOptions extends ProtocolParts {
  readonly flushScheduler: FlushScheduler
  readonly memoryBudget: MemoryBudget
  readonly pacer: OperationPacer
  readonly origins: Origins
  readonly bounds: Bounds
  /** Called with an error that is a bug of the server; the socket it happened on is closed. */
  readonly report: (error: unknown) => void
}

/** Connections are checked `perBound` times within each time bound, and at least once in `maxMs`. */
const CHECK_INTERVAL = { perBound: 4, maxMs: 1_000 }

/** Accepts WebSockets at the GraphQL endpoint of `http`. */
export function openSockets(
  http: Pick<Http, 'server' | 'pipeline'>,
  { executor, payloadCache, requests, flushScheduler, memoryBudget, pacer, origins, bounds, report }: SocketsOptions,
): Sockets {
  const protocol = createProtocol({ executor, payloadCache, requests }, bounds)
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: bounds.messageBytes,
    perMessageDeflate: false,
    autoPong: false,
    handleProtocols,
  })
  const connections = new Set<WsConnection>()
  const state = { draining: false }
  http.server.on('upgrade', (req, socket, head) => {
    if (!asksForWebSocket(req)) {
      return hasAllHeaders(req)
        ? ignoreUpgrade(http, req, { socket, head })
        : endWithHttpError(socket, TOO_MANY_HEADERS)
    }
    const problem = upgradeError(req, origins)
    if (problem !== null || state.draining) return endWithHttpError(socket, problem ?? STOPPING)
    server.handleUpgrade(req, socket, head, (ws) => {
      const writer = flushScheduler.writer(socket, () => ws.readyState === ws.OPEN)
      const connection = attach(
        protocol,
        { socket: ws, req: executor.hasPlugins ? req : undefined, stream: socket, writer, memoryBudget, pacer, bounds },
        { report, isDraining: () => state.draining },
      )
      endStalled(socket, connection, bounds.stallTimeoutMs)
      connections.add(connection)
      ws.once('close', () => connections.delete(connection))
    })
  })
  const checks = setInterval(
    () => connections.forEach((connection) => connection.checkAlive()),
    Math.min(CHECK_INTERVAL.maxMs, bounds.pingMs / CHECK_INTERVAL.perBound, bounds.requestMs / CHECK_INTERVAL.perBound),
  ).unref()
  return {
    stopAccepting: () => {
      state.draining = true
    },
    close: () => {
      clearInterval(checks)
      server.close()
      for (const connection of connections) connection.close(1001, 'Going away')
    },
    terminate: () => connections.forEach(({ socket }) => socket.terminate()),
  }
}

/** Ends a connection whose peer takes no sent bytes for `stallTimeoutMs`. */
function endStalled(socket: Duplex, connection: WsConnection, stallTimeoutMs: number): void {
  if (!(socket instanceof Socket)) return
  socket.setTimeout(stallTimeoutMs)
  socket.on('timeout', () => {
    if (connection.socket.bufferedAmount > 0) connection.socket.terminate()
  })
}

interface ConnectionHooks {
  readonly report: (error: unknown) => void
  readonly isDraining: () => boolean
}

function attach(
  protocol: Protocol<WsConnection>,
  parts: Omit<ConnectionParts, 'handle'>,
  { report, isDraining }: ConnectionHooks,
): WsConnection {
  const { socket } = parts
  let read: (message: string) => Promise<void> = async () => {}
  const fail = (connection: WsConnection, error: unknown): void => {
    if (error instanceof ConnectionClosed) return
    report(error)
    connection.close(CloseCode.InternalServerError, 'Internal server error')
  }
  const connection = createWsConnection({
    ...parts,
    handle: async (to, message) => {
      // graphql-ws also takes a parsed message instead of its text, though its types do not say so.
      if (!isDraining() && socket.readyState === socket.OPEN) {
        await read(message as string).catch((error: unknown) => fail(to, error))
      }
    },
  })
  // For a message that is too large or no UTF-8, `ws` closes the socket with 1009 or 1007, but waits long for the peer.
  socket.on('error', () => connection.close())
  socket.on('message', (data, isBinary) => {
    // `ws` gives a text message as one buffer, its UTF-8 checked.
    if (Buffer.isBuffer(data) && !isBinary) connection.receive(data)
    else connection.close(CloseCode.BadRequest, 'Invalid message received')
  })
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      send: (text) => connection.send(text),
      close: (code, reason) => connection.close(code, reason),
      onMessage: (handle) => {
        read = handle
      },
    },
    connection,
  )
  socket.once(
    'close',
    (code, reason) => void closed(code, reason.toString()).catch((error: unknown) => fail(connection, error)),
  )
  return connection
}

const TOO_MANY_HEADERS = new HttpError('A request that asks for an upgrade has less than 1,000 headers.', {
  status: 431,
})
const STOPPING = new HttpError('The server is stopping.', { code: 'UNAVAILABLE' })
const NOT_FOUND = new HttpError(`WebSockets are served at ${ROUTES.graphql}.`, { code: 'NOT_FOUND', status: 404 })

function upgradeError(req: IncomingMessage, origins: Origins): HttpError | null {
  if (pathOf(req.url) !== ROUTES.graphql) return NOT_FOUND
  if (hasTwoHosts(req)) return TWO_HOSTS
  const problem = origins.refuse(req.headers)
  return problem === null ? null : new HttpError(problem, { code: 'FORBIDDEN' })
}
