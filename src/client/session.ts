import type { Op } from '../core/database.ts'
import type { Cursor } from '../core/database/options.ts'
import { onAbort } from './abort.ts'
import type { ConnectOptions } from './connect-options.ts'
import { Connection } from './connection/connection.ts'
import type { RequestOptions } from './connection/connection-options.ts'
import { credentialsOf } from './connection/credentials.ts'
import { HttpLink } from './connection/http-link.ts'
import { RemoteFeed, type FeedKind } from './feed/remote-feed.ts'
import { BrokenConnection, remoteError } from './operations/remote-errors.ts'
import type { RemoteOperation } from './operations/requests.ts'
import type { Platform } from './platform.ts'
import { monotonicIds, writeKeys } from './writes/monotonic-id.ts'
import { Outbox, type WriteCall } from './writes/outbox.ts'
import { withRetry } from './writes/retry.ts'
import type { WriteScope } from './writes/write-scope.ts'

/** A write of a session. */
interface SessionWrite<T> {
  readonly key: string
  readonly call: WriteCall
  readonly ops: readonly Op[]
  readonly scope: WriteScope
  readonly isShown: boolean
  readonly signal: AbortSignal | undefined
  readonly operation: RemoteOperation
  cursorOf(result: T): Cursor | null
}

const MAX_PENDING = 1_000

/** Reads, writes and feeds of a client over one connection. */
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
    const { transport = 'auto', offlineMs = platform.offlineMs, maxPending = MAX_PENDING, WebSocket } = options
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
    this.freshId = monotonicIds(() => this.serverNow())
    this.connection = new Connection({
      wsUrl: `${base.replace(/^http/, 'ws')}/graphql`,
      http,
      platform: WebSocket === undefined ? platform : { ...platform, webSocket: () => Promise.resolve(WebSocket) },
      credentials,
      usesSockets: transport !== 'sse',
      mayStream: transport !== 'ws',
      onServerTime,
      onAnswer: () => this.#wake(),
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

  /** The time by the clock of the server, ms since 1970; until that is known, by the clock of this machine. */
  serverNow(): number {
    return Date.now() + this.#clockOffset
  }

  /** The result of a query, or of a mutation without a key; one that writes is sent once. */
  request<T>(
    operation: RemoteOperation,
    signal: AbortSignal | undefined,
    isWrite: boolean = operation.query.startsWith('mutation'),
  ): Promise<T> {
    return withRetry(() => this.#ask<T>(operation, { signal }), {
      deadline: isWrite ? 0 : performance.now() + this.#offlineMs,
      signal,
      connected: (waiting) => this.#connected(waiting),
      isWrite,
    })
  }

  /** Sends a write until it is answered. */
  write<T>({ operation, ...order }: SessionWrite<T>): Promise<T> {
    this.connection.want()
    return this.outbox.write({
      ...order,
      attempt: (signal, handed) => this.#ask<T>(operation, { signal, handed }),
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

  /** The one field of the result. */
  async #ask<T>(operation: RemoteOperation, options: RequestOptions): Promise<T> {
    const { data, errors } = await this.connection.request(operation, options)
    if (errors !== undefined || data == null) throw remoteError(errors)
    const [result] = Object.values(data)
    if (result === undefined) throw new BrokenConnection('No Tidemark answered, but something else.')
    return result as T
  }

  async #settleWrites(): Promise<void> {
    this.#wake()
    await this.outbox.settle()
  }

  /** Resolves at the next connection, or when `signal` is aborted. */
  #connected(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      let forget = (): void => {}
      const done = (): void => {
        this.#waiters.delete(done)
        forget()
        resolve()
      }
      this.#waiters.add(done)
      forget = onAbort(signal, done)
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
