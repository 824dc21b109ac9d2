import { DatabaseError } from '../../core/error.ts'
import { unref, type Platform } from '../platform.ts'
import { WritableStore, type ReadableStore } from '../readable.ts'
import { BrokenConnection, type GraphqlResult } from '../operations/remote-errors.ts'
import type { RemoteOperation } from '../operations/requests.ts'
import {
  initialState,
  nextConnection,
  type ConnectionAction,
  type ConnectionEvent,
  type ConnectionState,
} from './connection-state.ts'
import type { HttpLink } from './http-link.ts'
import { ABNORMAL_CLOSURE, type Credentials, type Link, type SubscriptionSink } from './link.ts'
import type { SocketLink } from './socket-link.ts'

/** The state of a client's connection. */
export interface ConnectionStatus {
  readonly status: 'idle' | 'connecting' | 'live' | 'offline' | 'denied'
  /** Of feeds: WebSocket, or server-sent events. */
  readonly transport: 'ws' | 'sse'
  /** Since when, ms since 1970. */
  readonly since: number
  /** When the next attempt begins, ms since 1970; null: none is due. */
  readonly retryAt: number | null
  /** Writes that are not answered. */
  readonly pending: number
}

/** Waits for a connection that shows data. */
interface ConnectionUser {
  /** Feeds may begin or go on. */
  resume(): void
  /** Nothing will come any more. */
  fail(error: DatabaseError): void
}

/** Options of one query or mutation. */
export interface RequestOptions {
  readonly signal?: AbortSignal | undefined
  /** Called when a connection that is known to be there has the request; perhaps never. */
  readonly handed?: (() => void) | undefined
}

interface ConnectionOptions {
  readonly wsUrl: string
  readonly http: HttpLink
  readonly platform: Platform
  readonly credentials: Credentials
  readonly usesSockets: boolean
  /** Whether event streams take the place of sockets that do not pass. */
  readonly mayStream: boolean
  onServerTime(time: string): void
  /** Asks again what has no answer; resolves when it is answered. Feeds go on after that. */
  beforeResume(): Promise<void>
}

const TICK_MS = 1_000
/** Three heartbeats. */
const SILENCE_MS = 45_000
const OFFLINE_AFTER_MS = 3_000

/** Runs the machine of connection-state.ts: its socket, its timers, and who waits for it. */
export class Connection {
  readonly #options: ConnectionOptions
  readonly #status: WritableStore<ConnectionStatus>
  readonly #users = new Set<ConnectionUser>()
  readonly #closing = new AbortController()
  #state: ConnectionState
  #transport: 'ws' | 'sse'
  #link: SocketLink | null = null
  /** Counts the sockets, so that events of an earlier one are dropped. */
  #sockets = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #tick: ReturnType<typeof setInterval> | undefined
  #endWake: (() => void) | null = null
  #receivedAt = 0
  #disconnectedAt: number | null = null
  #retryAt: number | null = null
  #pending = 0
  /** Whether a request by HTTP was answered, and no connection broke since: only then is one known to be there. */
  #isHttpAnswered = false
  #isResuming = false
  #failure: DatabaseError | null = null
  #closeReason = ''

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#state = initialState(options.usesSockets)
    this.#transport = options.usesSockets ? 'ws' : 'sse'
    this.#status = new WritableStore<ConnectionStatus>({
      status: 'idle',
      transport: this.#transport,
      since: Date.now(),
      retryAt: null,
      pending: 0,
    })
  }

  get status(): ReadableStore<ConnectionStatus> {
    return this.#status
  }

  /** The transport of feeds; null while there is none. */
  get feedTransport(): 'ws' | 'sse' | null {
    if (this.#failure !== null || this.#isResuming) return null
    if (this.#transport === 'sse') return 'sse'
    return this.#isUp() ? 'ws' : null
  }

  get failure(): DatabaseError | null {
    return this.#failure
  }

  /** Opens a connection; until the returned function is called, `user` learns each time when it is there. */
  join(user: ConnectionUser): () => void {
    this.#users.add(user)
    this.want()
    return () => this.#users.delete(user)
  }

  want(): void {
    this.#endWake ??= this.#options.platform.onWake(
      () => this.#woke(),
      () => this.#dispatch({ kind: 'offline' }),
    )
    this.#dispatch({ kind: 'wanted' })
  }

  /** A query or a mutation, over the socket when it is up, else by HTTP. Throws BrokenConnection. */
  async request(operation: RemoteOperation, { signal, handed }: RequestOptions = {}): Promise<GraphqlResult> {
    if (this.#failure !== null) throw this.#failure
    const bounded = signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal])
    const link = this.#requestLink()
    const isHttp = link === this.#options.http
    if (!isHttp || this.#isHttpAnswered) handed?.()
    try {
      const result = await link.request(operation, bounded)
      this.#isHttpAnswered ||= isHttp
      this.#dispatch({ kind: 'upToDate' })
      return result
    } catch (error) {
      if (error instanceof BrokenConnection) this.#isHttpAnswered = false
      throw error
    }
  }

  /** Starts a subscription on the transport of feeds. */
  subscribe(operation: RemoteOperation, sink: SubscriptionSink): () => void {
    if (this.#transport === 'ws' && this.#link !== null && this.#isUp()) return this.#link.subscribe(operation, sink)
    if (this.#transport === 'sse') return this.#options.http.subscribe(operation, this.#observed(sink))
    queueMicrotask(() => sink.ended(new BrokenConnection('There is no connection.')))
    return () => {}
  }

  /** A feed shows all there is. */
  upToDate(): void {
    this.#dispatch({ kind: 'upToDate' })
  }

  /** A feed was silent for three heartbeats: an open socket on which nothing comes is none. */
  silent(): void {
    this.#dispatch({ kind: 'silent' })
  }

  setPending(pending: number): void {
    this.#pending = pending
    this.#publish()
  }

  close(): void {
    this.#dispatch({ kind: 'end' })
  }

  #isUp(): boolean {
    return this.#state.phase === 'up' || this.#state.phase === 'probing'
  }

  #requestLink(): Link {
    return this.#link !== null && this.#state.phase === 'up' ? this.#link : this.#options.http
  }

  /** Tells the machine what an event stream brings. */
  #observed(sink: SubscriptionSink): SubscriptionSink {
    return {
      received: () => sink.received?.(),
      next: (result) => {
        this.#dispatch({ kind: 'received' })
        sink.next(result)
      },
      ended: (error) => {
        if (error instanceof BrokenConnection) {
          this.#isHttpAnswered = false
          this.#dispatch({ kind: 'broken' })
        }
        sink.ended(error)
      },
    }
  }

  #woke(): void {
    this.#dispatch({ kind: 'woke', silentMs: Date.now() - this.#receivedAt })
  }

  #dispatch(event: ConnectionEvent): void {
    const before = this.#state
    const { state, actions } = nextConnection(before, event)
    this.#state = state
    if (state.phase !== before.phase && !keepsTimer(before, state)) this.#setTimer(null)
    for (const action of actions) this.#act(action)
    if (state.phase !== before.phase || actions.length > 0) this.#publish()
  }

  #act(action: ConnectionAction): void {
    switch (action.kind) {
      case 'open':
        return void this.#open()
      case 'terminate':
        return this.#dropLink()
      case 'ping':
        return this.#link?.ping()
      case 'resume':
        return void this.#resume()
      case 'askHttp':
        return void this.#askHttp()
      case 'timer':
        return this.#setTimer(action.leastMs + Math.random() * (action.mostMs - action.leastMs))
      case 'fail':
        return this.#fail(action.code)
    }
  }

  #setTimer(ms: number | null): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#retryAt = ms === null || this.#state.phase !== 'waiting' ? null : Date.now() + ms
    if (ms === null) return
    this.#timer = setTimeout(() => this.#dispatch({ kind: 'timeout' }), ms)
    // No process waits for the next try of a socket while event streams do.
    if (this.#state.phase === 'streaming') unref(this.#timer)
  }

  #dropLink(): void {
    this.#sockets++
    const link = this.#link
    if (link !== null) this.#isHttpAnswered = false
    this.#link = null
    clearInterval(this.#tick)
    link?.terminate()
  }

  async #open(): Promise<void> {
    this.#dropLink()
    const socket = this.#sockets
    const isCurrent = (): boolean => socket === this.#sockets
    const closed = (code: number, reason: string): void => {
      if (!isCurrent()) return
      this.#closeReason = reason
      this.#dropLink()
      this.#dispatch({ kind: 'closed', code })
    }
    try {
      const webSocketImpl = await this.#options.platform.webSocket()
      if (!isCurrent()) return
      if (webSocketImpl === null) return closed(ABNORMAL_CLOSURE, 'There are no WebSockets here.')
      this.#link = this.#options.platform.openSocket({
        url: this.#options.wsUrl,
        webSocketImpl,
        credentials: this.#options.credentials,
        observer: {
          acknowledged: (payload) => isCurrent() && this.#acknowledged(payload),
          received: () => isCurrent() && this.#received(),
          closed,
        },
      })
    } catch (error) {
      closed(ABNORMAL_CLOSURE, String(error))
    }
  }

  #acknowledged(payload: unknown): void {
    const { time } = (payload ?? {}) as { time?: unknown }
    if (typeof time === 'string') this.#options.onServerTime(time)
    this.#transport = 'ws'
    this.#received()
    clearInterval(this.#tick)
    this.#tick = setInterval(() => {
      if (Date.now() - this.#receivedAt > SILENCE_MS) this.#dispatch({ kind: 'silent' })
    }, TICK_MS)
    unref(this.#tick)
    this.#dispatch({ kind: 'acknowledged' })
  }

  #received(): void {
    this.#receivedAt = Date.now()
    if (this.#state.phase === 'probing') this.#dispatch({ kind: 'received' })
  }

  /** Writes without an answer come first: else their effect would be shown twice, by the feed and by the echo. */
  async #resume(): Promise<void> {
    if (this.#state.phase === 'streaming') this.#transport = 'sse'
    const socket = this.#sockets
    this.#isResuming = true
    await this.#options.beforeResume()
    if (socket !== this.#sockets) return
    this.#isResuming = false
    this.#publish()
    for (const user of this.#users) user.resume()
  }

  async #askHttp(): Promise<void> {
    if (!this.#options.mayStream) return
    if (await this.#options.http.isAlive(this.#closing.signal)) this.#dispatch({ kind: 'blocked' })
  }

  #fail(code: number | null): void {
    this.#failure = failureOf(code, this.#closeReason)
    this.#dropLink()
    this.#setTimer(null)
    this.#endWake?.()
    this.#closing.abort(this.#failure)
    for (const user of this.#users) user.fail(this.#failure)
    this.#users.clear()
  }

  #publish(): void {
    const status = this.#statusNow()
    const [transport, retryAt, pending] = [this.#transport, this.#retryAt, this.#pending]
    const last = this.#status.get()
    const since = status === last.status ? last.since : Date.now()
    const next = { status, transport, since, retryAt, pending }
    if (!isSameStatus(last, next)) this.#status.set(next)
  }

  #statusNow(): ConnectionStatus['status'] {
    switch (this.#state.phase) {
      case 'up':
      case 'probing':
      case 'streaming':
        this.#disconnectedAt = null
        return this.#isResuming ? 'connecting' : 'live'
      case 'denied':
        return 'denied'
      case 'idle':
        return 'idle'
      case 'ended':
        return 'offline'
      case 'opening':
      case 'waiting':
      case 'stalled':
        return this.#statusWithout()
    }
  }

  /** `offline` after some seconds without a connection. */
  #statusWithout(): ConnectionStatus['status'] {
    if (this.#transport === 'sse' && this.#state.phase !== 'stalled') return 'live'
    const now = Date.now()
    if (this.#disconnectedAt === null) {
      this.#disconnectedAt = now
      unref(setTimeout(() => this.#publish(), OFFLINE_AFTER_MS))
    }
    return now - this.#disconnectedAt >= OFFLINE_AFTER_MS ? 'offline' : 'connecting'
  }
}

function isSameStatus(a: ConnectionStatus, b: ConnectionStatus): boolean {
  return (
    a.since === b.since &&
    a.transport === b.transport &&
    a.retryAt === b.retryAt &&
    a.pending === b.pending &&
    a.status === b.status
  )
}

function keepsTimer(before: ConnectionState, after: ConnectionState): boolean {
  const isStreaming = ({ phase }: ConnectionState): boolean => phase === 'streaming' || phase === 'stalled'
  return isStreaming(before) && isStreaming(after)
}

function failureOf(code: number | null, reason: string): DatabaseError {
  if (code === null) return new DatabaseError('UNREACHABLE', 'The client is closed.', { outcome: 'UNKNOWN' })
  if (code === 4401) return new DatabaseError('FORBIDDEN', 'The server refused the token twice: give another one.')
  return new DatabaseError('INTERNAL', `The server closed the connection with ${code}: ${reason}`)
}
