import { onAbort } from '../abort.ts'
import { createClient, type Client as SocketClient } from 'graphql-ws/client'
import { BrokenConnection, remoteError, type GraphqlResult, type WireError } from '../operations/remote-errors.ts'
import type { RemoteOperation } from '../operations/requests.ts'
import { ABNORMAL_CLOSURE, type Credentials, type Link, type SubscriptionSink } from './link.ts'

/** Receives the events of a socket. After `closed` nothing more comes. */
interface SocketObserver {
  /** `payload` of `connection_ack`. */
  acknowledged(payload: unknown): void
  received(): void
  closed(code: number, reason: string): void
}

/** One WebSocket, from opening to closing: whatever breaks ends it, and nothing is tried again. */
export interface SocketLink extends Link {
  ping(): void
  /** Gives the socket up at once, also one that does not answer. */
  terminate(): void
}

interface SocketOptions {
  readonly url: string
  readonly webSocketImpl: unknown
  readonly credentials: Credentials
  readonly observer: SocketObserver
}

/** Pings after so much silence, so that a client without feeds hears something, ms. */
const KEEP_ALIVE_MS = 12_000

interface SendingSocket {
  readonly readyState: number
  send(text: string): void
}

const OPEN = 1

/** Opens a socket. */
export function openSocketLink({ url, webSocketImpl, credentials, observer }: SocketOptions): SocketLink {
  let socket: SendingSocket | null = null
  let isClosed = false
  let operations = 0
  const closed = (code: number, reason: string): void => {
    if (isClosed) return
    isClosed = true
    observer.closed(code, reason)
  }
  const client = createClient({
    url,
    webSocketImpl,
    lazy: false,
    retryAttempts: 0,
    keepAlive: KEEP_ALIVE_MS,
    // Small numbers, as those of other clients, so that the server sends the same frames to many.
    generateID: () => String(++operations),
    connectionParams: () => connectionParams(credentials),
    onNonLazyError: (error) => closed(...closeOf(error)),
    on: {
      opened: (opened) => void (socket = opened as SendingSocket),
      connected: (_, payload) => observer.acknowledged(payload),
      message: () => observer.received(),
      error: (error) => closed(...closeOf(error)),
      closed: (event) => closed(...closeOf(event)),
    },
  })
  return {
    request: (operation, signal) => request(client, operation, signal),
    subscribe: (operation, sink) => subscribe(client, operation, sink),
    ping: () => {
      if (socket?.readyState === OPEN) socket.send('{"type":"ping"}')
    },
    terminate: () => {
      client.terminate()
      closed(ABNORMAL_CLOSURE, 'terminated')
    },
  }
}

async function connectionParams(credentials: Credentials): Promise<Record<string, unknown> | undefined> {
  const { actor } = credentials
  const token = await credentials.renewed()
  return actor === undefined && token === undefined ? undefined : { actor, token }
}

function closeOf(event: unknown): [code: number, reason: string] {
  const { code, reason, message } = (event ?? {}) as { code?: unknown; reason?: string; message?: string }
  return [
    typeof code === 'number' ? code : ABNORMAL_CLOSURE,
    [reason, message].find((text) => typeof text === 'string') ?? '',
  ]
}

function subscribe(client: SocketClient, operation: RemoteOperation, sink: SubscriptionSink): () => void {
  let isEnded = false
  const end = (error: Error | null): void => {
    if (isEnded) return
    isEnded = true
    sink.ended(error)
  }
  const dispose = client.subscribe(
    { query: operation.query, variables: { ...operation.variables } },
    {
      next: (result) => {
        if (!isEnded) sink.next(result as GraphqlResult)
      },
      error: (error) => end(errorOf(error)),
      complete: () => end(null),
    },
  )
  return () => {
    isEnded = true
    // graphql-ws counts a subscription twice that ends here and, in the same chunk of bytes, on the server: then it
    // closes the socket. Later the end by the server is known.
    queueMicrotask(dispose)
  }
}

/** A list of errors is the server's answer; anything else is the end of the socket. */
function errorOf(error: unknown): Error {
  if (Array.isArray(error)) return remoteError(error as readonly WireError[])
  return new BrokenConnection('The connection broke.', { cause: error })
}

function request(client: SocketClient, operation: RemoteOperation, signal: AbortSignal): Promise<GraphqlResult> {
  return new Promise((resolve, reject) => {
    let answer: GraphqlResult | null = null
    let forget = (): void => {}
    const dispose = subscribe(client, operation, {
      next: (result) => {
        answer = result
      },
      ended: (error) => {
        forget()
        if (answer !== null) resolve(answer)
        else reject(error ?? new BrokenConnection('The operation ended without an answer.'))
      },
    })
    forget = onAbort(signal, () => {
      dispose()
      reject(signal.reason as Error)
    })
  })
}
