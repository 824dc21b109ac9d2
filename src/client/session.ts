import type { Op } from '../core/database.ts'
import type { Cursor } from '../core/database/options.ts'
import type { ConnectOptions } from './connect-options.ts'
import { Connection, type RequestOptions } from './connection/connection.ts'
import { HttpLink } from './connection/http-link.ts'
import type { Credentials } from './connection/link.ts'
import { RemoteFeed, type FeedKind } from './feed/remote-feed.ts'
import { remoteError } from './operations/remote-errors.ts'
import type { RemoteOperation } from './operations/requests.ts'
import type { Platform } from './platform.ts'
import { monotonicIds, writeKeys } from './writes/monotonic-id.ts'
import { Outbox } from './writes/outbox.ts'
import { withRetry } from './writes/retry.ts'
import type { WriteScope } from './writes/write-scope.ts'

/** A write of a session. */
export interface SessionWrite<T> {
  readonly key: string
  readonly ops: readonly Op[]
  readonly scope: WriteScope
  readonly isShown: boolean
  readonly signal: AbortSignal | undefined
  readonly operation: RemoteOperation
  readonly read: (data: unknown) => T
  cursorOf(result: T): Cursor | null
}

const MAX_PENDING = 1_000

/** The dealings of a client with its server: reads, writes and feeds over one connection. */
export class Session {
  readonly connection: Connection
  readonly outbox: Outbox
  readonly freshKey: () => string = writeKeys()
  readonly freshId: () => string
  readonly #offlineMs: number
  readonly #waiters = new Set<() => void>()
  /** The clock of the server less that of this machine, ms. */
  #clockOffset = 0

  constructor(url: string, options: ConnectOptions, platform: Platform) {
    const { transport = 'auto', offlineMs = platform.offlineMs, maxPending = MAX_PENDING } = options
    const base = url.replace(/\/+$/, '').replace(/\/graphql$/, '')
    const credentials = credentialsOf(options)
    const onServerTime = (time: string): void => this.#setClock(time)
    const given = options.fetch ?? platform.fetch
    const http = new HttpLink({
      url: base,
      fetch: (...args) => given(...args),
      credentials,
      maxStreams: platform.maxStreams,
      onServerTime,
    })
    this.#offlineMs = offlineMs
    this.freshId = monotonicIds(() => Date.now() + this.#clockOffset)
    this.connection = new Connection({
      wsUrl: `${base.replace(/^http/, 'ws')}/graphql`,
      http,
      platform: options.WebSocket === undefined ? platform : withSocket(platform, options.WebSocket),
      credentials,
      usesSockets: transport !== 'sse',
      mayStream: transport !== 'ws',
      onServerTime,
      beforeResume: () => this.#settleWrites(),
    })
    this.outbox = new Outbox({
      maxPending,
      offlineMs,
      connected: (signal) => this.#connected(signal),
      onPending: (count) => this.connection.setPending(count),
      holdPage: () => platform.holdPage(),
    })
  }

  /** The field `name` of the result of a query. */
  read(operation: RemoteOperation, name: string, signal: AbortSignal | undefined): Promise<unknown> {
    return withRetry(() => this.#ask(operation, name, { signal }), {
      deadline: Date.now() + this.#offlineMs,
      signal: signal ?? NEVER,
      connected: (waiting) => this.#connected(waiting),
      isWrite: false,
    })
  }

  /** Sends a write once: for what has no key. */
  send(operation: RemoteOperation, name: string, signal: AbortSignal | undefined): Promise<unknown> {
    return withRetry(() => this.#ask(operation, name, { signal }), {
      deadline: 0,
      signal: signal ?? NEVER,
      connected: (waiting) => this.#connected(waiting),
      isWrite: true,
    })
  }

  /** Sends a write until it is answered. */
  write<T>({ operation, read, ...order }: SessionWrite<T>, name: string): Promise<T> {
    this.connection.want()
    return this.outbox.write({
      ...order,
      attempt: async (signal, handed) => read(await this.#ask(operation, name, { signal, handed })),
    })
  }

  feed<T>(kind: FeedKind<T>, signal: AbortSignal | undefined): RemoteFeed<T> {
    return new RemoteFeed(this.connection, kind, signal)
  }

  close(): void {
    this.connection.close()
    const reason = this.connection.failure
    if (reason !== null) this.outbox.close(reason)
  }

  async #ask(operation: RemoteOperation, name: string, options: RequestOptions): Promise<unknown> {
    const { data, errors } = await this.connection.request(operation, options)
    if (errors !== undefined || data == null) throw remoteError(errors ?? [])
    return data[name]
  }

  async #settleWrites(): Promise<void> {
    this.#wake()
    await this.outbox.settle()
  }

  /** Resolves at the next connection, or when `signal` is aborted. */
  #connected(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiters.delete(done)
        resolve()
      }
      this.#waiters.add(done)
      signal.addEventListener('abort', done, { once: true })
    })
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter()
  }

  #setClock(time: string): void {
    const millis = Date.parse(time)
    if (!Number.isNaN(millis)) this.#clockOffset = millis - Date.now()
  }
}

const NEVER = new AbortController().signal

function credentialsOf({ actor, token }: ConnectOptions): Credentials {
  return { actor, token: async () => (typeof token === 'function' ? token() : token) }
}

function withSocket(platform: Platform, webSocket: unknown): Platform {
  return { ...platform, webSocket: () => Promise.resolve(webSocket) }
}
