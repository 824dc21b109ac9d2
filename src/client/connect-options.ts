import type { ClientCache } from './cache/client-cache.ts'

/** How a client connects. */
export interface ConnectOptions {
  /** Asked again at each connection. */
  readonly token?: string | (() => string | Promise<string>) | undefined
  /** The actor of the writes, for a server without identities. */
  readonly actor?: string | undefined
  /** `auto` (default): WebSocket, and server-sent events where sockets do not pass; `ws` and `sse`: these alone. */
  readonly transport?: 'auto' | 'ws' | 'sse' | undefined
  /** How long a call waits for a server, ms: default 300,000 in a browser, 30,000 elsewhere. Then UNREACHABLE. */
  readonly offlineMs?: number | undefined
  /** Writes without an answer: default 1,000. The next one is refused with TOO_MANY_REQUESTS. */
  readonly maxPending?: number | undefined
  /** Keeps what live stores show over a reload, as `indexedDbCache()` of `tidemark/client/cache`. Default: none. */
  readonly cache?: ClientCache | undefined
  /** Default: the global one. */
  readonly fetch?: typeof fetch | undefined
  /** A constructor of WebSockets. Default: the global one; in Node that of the package `ws`. */
  readonly WebSocket?: unknown
}
