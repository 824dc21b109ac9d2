import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { CloseCode, handleProtocols, type Server as Protocol } from 'graphql-ws'
import { WebSocketServer } from 'ws'
import type { ErrorCode } from '../../core/error.ts'
import type { Bounds } from '../config/config.ts'
import type { MemoryBudget } from '../limits/memory-budget.ts'
import { hasTwoHosts, pathOf, ROUTES, type Http } from '../http/http-server.ts'
import type { OperationPacer } from '../limits/operation-pacer.ts'
import type { Origins } from '../http/origin-policy.ts'
import type { WriteScheduler } from '../broadcast/write-scheduler.ts'
import { createWsConnection, ConnectionClosed, type WsConnection, type ConnectionParts } from './ws-connection.ts'
import { createProtocol, type ProtocolParts } from './graphql-transport-ws.ts'
import { asksForWebSocket, ignoreUpgrade, isWhole } from '../http/upgrade.ts'

/** GraphQL over WebSockets, on the port of an HTTP server. */
export interface Sockets {
  /** From now on hears neither new peers nor new messages; what runs is still answered. */
  stopAccepting(): void
  /** Tells all peers to resume elsewhere (1001). */
  close(): void
  /** Ends at once those that are still there. */
  terminate(): void
}

export interface SocketsOptions extends ProtocolParts {
  readonly outlets: WriteScheduler
  readonly held: MemoryBudget
  readonly pace: OperationPacer
  readonly origins: Origins
  readonly bounds: Bounds
  /** Gets what is a bug of ours; the socket it happened on is closed. */
  readonly report: (error: unknown) => void
}

/** Peers are looked at so often within each bound of time, and at least once in `mostMs`. */
const CHECKS = { times: 4, mostMs: 1_000 }

/** Accepts WebSockets at the GraphQL endpoint of `http`. */
export function openSockets(http: Pick<Http, 'server' | 'turns'>, { operations, cohorts, outlets, held, pace, origins, bounds, report }: SocketsOptions): Sockets {
  const protocol = createProtocol({ operations, cohorts }, bounds)
  const server = new WebSocketServer({ noServer: true, maxPayload: bounds.messageBytes, perMessageDeflate: false, autoPong: false, handleProtocols })
  const peers = new Set<WsConnection>()
  const state = { deaf: false }
  http.server.on('upgrade', (req, socket, head) => {
    if (!asksForWebSocket(req)) return isWhole(req) ? ignoreUpgrade(http, req, { socket, rest: head }) : refuse(socket, TOO_MANY_HEADERS)
    const refused = upgradeError(req, origins)
    if (refused !== null || state.deaf) return refuse(socket, refused ?? STOPPING)
    server.handleUpgrade(req, socket, head, (ws) => {
      const outlet = outlets.of(socket, () => ws.readyState === ws.OPEN)
      const peer = attach(protocol, { socket: ws, connection: socket, outlet, held, pace, bounds }, { report, isDraining: () => state.deaf })
      endStalled(socket, peer, bounds.stallTimeoutMs)
      peers.add(peer)
      ws.once('close', () => peers.delete(peer))
    })
  })
  const checks = setInterval(() => peers.forEach((peer) => peer.checkAlive()), Math.min(CHECKS.mostMs, bounds.pingMs / CHECKS.times, bounds.requestMs / CHECKS.times)).unref()
  return {
    stopAccepting: () => {
      state.deaf = true
    },
    close: () => {
      clearInterval(checks)
      server.close()
      for (const peer of peers) peer.close(1001, 'Going away')
    },
    terminate: () => peers.forEach(({ socket }) => socket.terminate()),
  }
}

/** Ends a peer that takes nothing of what was sent to it. */
function endStalled(socket: Duplex, peer: WsConnection, stallTimeoutMs: number): void {
  if (!(socket instanceof Socket)) return
  socket.setTimeout(stallTimeoutMs)
  socket.on('timeout', () => {
    if (peer.socket.bufferedAmount > 0) peer.socket.terminate()
  })
}

interface PeerHooks {
  readonly report: (error: unknown) => void
  readonly isDraining: () => boolean
}

function attach(protocol: Protocol<WsConnection>, wire: Omit<ConnectionParts, 'handle'>, { report, isDraining: isDeaf }: PeerHooks): WsConnection {
  const { socket } = wire
  let read: (message: string) => Promise<void> = async () => {}
  const fail = (peer: WsConnection, error: unknown): void => {
    if (error instanceof ConnectionClosed) return
    report(error)
    peer.close(CloseCode.InternalServerError, 'Internal server error')
  }
  const peer = createWsConnection({
    ...wire,
    handle: async (to, message) => {
      // The protocol takes a message that is parsed already as well as its text, though its types do not say so.
      if (!isDeaf() && socket.readyState === socket.OPEN) await read(message as string).catch((error: unknown) => fail(to, error))
    },
  })
  // Messages that are too large or no UTF-8: the socket closes itself with 1009 or 1007, and waits long for its peer.
  socket.on('error', () => peer.close())
  socket.on('message', (data, isBinary) => {
    // A text message comes in one piece, its UTF-8 checked.
    if (Buffer.isBuffer(data) && !isBinary) peer.receive(data)
    else peer.close(CloseCode.BadRequest, 'Invalid message received')
  })
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      send: (text) => peer.send(text),
      close: (code, reason) => peer.close(code, reason),
      onMessage: (handle) => {
        read = handle
      },
    },
    peer,
  )
  socket.once('close', (code, reason) => void closed(code, reason.toString()).catch((error: unknown) => fail(peer, error)))
  return peer
}

type UpgradeError = readonly [status: string, message: string, code: ErrorCode]

const TOO_MANY_HEADERS: UpgradeError = ['431 Request Header Fields Too Large', 'A request that asks for an upgrade has less than 1,000 headers.', 'BAD_REQUEST']
const STOPPING: UpgradeError = ['503 Service Unavailable', 'The server is stopping.', 'UNAVAILABLE']

function upgradeError(req: IncomingMessage, origins: Origins): UpgradeError | null {
  if (pathOf(req.url) !== ROUTES.graphql) return ['404 Not Found', `WebSockets are served at ${ROUTES.graphql}.`, 'NOT_FOUND']
  if (hasTwoHosts(req)) return ['400 Bad Request', 'A request has one Host header.', 'BAD_REQUEST']
  const refused = origins.refuse(req.headers)
  return refused === null ? null : ['403 Forbidden', refused, 'FORBIDDEN']
}

function refuse(socket: Duplex, [status, message, code]: UpgradeError): void {
  const body = JSON.stringify({ errors: [{ message, extensions: { code } }] })
  socket.on('error', () => {})
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
}
