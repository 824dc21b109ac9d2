import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { CloseCode, handleProtocols, type Server as Protocol } from 'graphql-ws'
import { WebSocketServer, type RawData } from 'ws'
import type { ErrorCode } from '../core/error.ts'
import { parseExactJson } from '../core/exact-json.ts'
import type { Bounds } from './config.ts'
import { hasTwoHosts, pathOf, ROUTES, type Http } from './http.ts'
import type { Origins } from './origin.ts'
import type { Outlets } from './outlet.ts'
import { createPeer, Gone, type Peer } from './peer.ts'
import { createProtocol, type ProtocolParts } from './protocol.ts'
import { asksForWebSocket, ignoreUpgrade, isWhole } from './upgrade.ts'

/** GraphQL over WebSockets, on the port of an HTTP server. */
export interface Sockets {
  /** From now on hears neither new peers nor new messages; what runs is still answered. */
  refuse(): void
  /** Tells all peers to resume elsewhere (1001). */
  close(): void
  /** Ends at once those that are still there. */
  terminate(): void
}

export interface SocketsOptions extends ProtocolParts {
  readonly outlets: Outlets
  readonly origins: Origins
  readonly bounds: Bounds
  /** Gets what is a bug of ours; the socket it happened on is closed. */
  readonly report: (error: unknown) => void
}

/** Accepts WebSockets at the GraphQL endpoint of `http`. */
export function openSockets(http: Pick<Http, 'server' | 'turns'>, { operations, cohorts, outlets, origins, bounds, report }: SocketsOptions): Sockets {
  const protocol = createProtocol({ operations, cohorts }, bounds)
  const server = new WebSocketServer({ noServer: true, maxPayload: bounds.messageBytes, perMessageDeflate: false, handleProtocols })
  const peers = new Set<Peer>()
  const state = { deaf: false }
  http.server.on('upgrade', (req, socket, head) => {
    if (!asksForWebSocket(req)) return isWhole(req) ? ignoreUpgrade(http, req, { socket, rest: head }) : refuse(socket, TOO_MANY_HEADERS)
    const refused = refuseUpgrade(req, origins)
    if (refused !== null || state.deaf) return refuse(socket, refused ?? STOPPING)
    server.handleUpgrade(req, socket, head, (ws) => {
      const peer = createPeer({ socket: ws, connection: socket, outlet: outlets.of(socket, () => ws.readyState === ws.OPEN) }, bounds)
      endStalled(socket, peer, bounds.answerMs)
      peers.add(peer)
      ws.once('close', () => peers.delete(peer))
      attach(protocol, peer, { report, isDeaf: () => state.deaf })
    })
  })
  const pings = setInterval(() => peers.forEach((peer) => peer.check()), bounds.pingMs).unref()
  return {
    refuse: () => {
      state.deaf = true
    },
    close: () => {
      clearInterval(pings)
      server.close()
      for (const peer of peers) peer.close(1001, 'Going away')
    },
    terminate: () => peers.forEach(({ socket }) => socket.terminate()),
  }
}

/** Ends a peer that takes nothing of what was sent to it. */
function endStalled(socket: Duplex, peer: Peer, answerMs: number): void {
  if (!(socket instanceof Socket)) return
  socket.setTimeout(answerMs)
  socket.on('timeout', () => {
    if (peer.socket.bufferedAmount > 0) peer.socket.terminate()
  })
}

interface Owner {
  readonly report: (error: unknown) => void
  readonly isDeaf: () => boolean
}

function attach(protocol: Protocol<Peer>, peer: Peer, { report, isDeaf }: Owner): void {
  const { socket } = peer
  // Messages that are too large or no UTF-8: the socket closes itself with 1009 or 1007.
  socket.on('error', () => {})
  const fail = (error: unknown): void => {
    if (error instanceof Gone) return
    report(error)
    peer.close(CloseCode.InternalServerError, 'Internal server error')
  }
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      send: (text) => peer.send(text),
      close: (code, reason) => peer.close(code, reason),
      onMessage: (handle) => socket.on('message', (data, isBinary) => {
        receive(peer, { data, isBinary }, async (message) => {
          if (!isDeaf() && socket.readyState === socket.OPEN) await handle(message).catch(fail)
        })
      }),
    },
    peer,
  )
  socket.once('close', (code, reason) => void closed(code, reason.toString()).catch(fail))
}

interface Frame {
  readonly data: RawData
  readonly isBinary: boolean
}

/** The protocol takes a message that is parsed already as well as its text, though its types do not say so. */
function receive({ inbox, close }: Peer, { data, isBinary }: Frame, handle: (message: string) => Promise<void>): void {
  try {
    if (isBinary) throw new TypeError('A message must be text.')
    const message = parseExactJson(textOf(data)) as string
    inbox.receive(message, () => handle(message))
  } catch {
    close(CloseCode.BadRequest, 'Invalid message received')
  }
}

/** A text message comes in one piece, its UTF-8 checked. */
function textOf(data: RawData): string {
  return Buffer.isBuffer(data) ? data.toString('utf8') : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]).toString('utf8')
}

type UpgradeRefusal = readonly [status: string, message: string, code: ErrorCode]

const TOO_MANY_HEADERS: UpgradeRefusal = ['431 Request Header Fields Too Large', 'A request that asks for an upgrade has less than 1,000 headers.', 'BAD_REQUEST']
const STOPPING: UpgradeRefusal = ['503 Service Unavailable', 'The server is stopping.', 'UNAVAILABLE']

function refuseUpgrade(req: IncomingMessage, origins: Origins): UpgradeRefusal | null {
  if (pathOf(req.url) !== ROUTES.graphql) return ['404 Not Found', `WebSockets are served at ${ROUTES.graphql}.`, 'NOT_FOUND']
  if (hasTwoHosts(req)) return ['400 Bad Request', 'A request has one Host header.', 'BAD_REQUEST']
  const refused = origins.refuse(req.headers)
  return refused === null ? null : ['403 Forbidden', refused, 'FORBIDDEN']
}

function refuse(socket: Duplex, [status, message, code]: UpgradeRefusal): void {
  const body = JSON.stringify({ errors: [{ message, extensions: { code } }] })
  socket.on('error', () => {})
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
}
