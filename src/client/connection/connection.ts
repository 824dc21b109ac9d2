import { linkSignals } from '../abort.ts'
import { DatabaseError } from '../../core/error.ts'
import { BrokenConnection, type GraphqlResult } from '../operations/remote-errors.ts'
import { isLarge, type RemoteOperation } from '../operations/requests.ts'
import { unref } from '../platform.ts'
import type { ReadableStore } from '../readable.ts'
import {
  initialState,
  keepsTimer,
  nextConnection,
  SUSPECT_MS,
  type ConnectionAction,
  type ConnectionEvent,
  type ConnectionState,
} from './connection-state.ts'
import { StatusStore, type ConnectionStatus } from './connection-status.ts'
import { closingError } from './connection-failure.ts'
import type { ConnectionOptions, ConnectionUser, RequestOptions } from './connection-options.ts'
import { ABNORMAL_CLOSURE, type Link, type SubscriptionSink } from './link.ts'
import type { SocketLink } from './socket-link.ts'

const TICK_MS = 1_000
/** Three heartbeats. */
const SILENCE_MS = 45_000
/** The longest wait for the next attempt where a person looks, ms. */
const WATCHED_MS = 5_000

/** Runs the machine of connection-state.ts: its socket, its timers, and who waits for it. */
export class Connection {
  readonly #options: ConnectionOptions
  readonly #status: StatusStore
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
    this.#status = new StatusStore(this.#transport)
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
    const link = this.#requestLink(operation)
    const isHttp = link === this.#options.http
    if (!isHttp || this.#isHttpAnswered) handed?.()
    const linked = linkSignals(signal, this.#closing.signal)
    try {
      const result = await link.request(operation, linked.signal)
      this.#isHttpAnswered ||= isHttp
      this.#dispatch({ kind: 'upToDate' })
      this.#options.onAnswer()
      return result
    } catch (error) {
      if (error instanceof BrokenConnection) this.#isHttpAnswered = false
      throw error
    } finally {
      linked.release()
    }
  }

  /** Starts a subscription on the transport of feeds. */
  subscribe(operation: RemoteOperation, sink: SubscriptionSink): () => void {
    if (this.#transport === 'sse') return this.#options.http.subscribe(operation, this.#observed(sink))
    const isTooLarge = isLarge(operation)
    if (this.#link !== null && this.#isUp() && !isTooLarge) return this.#link.subscribe(operation, sink)
    const error = isTooLarge
      ? new DatabaseError('TOO_LARGE', 'The arguments of the feed are too long for one message: send less.')
      : new BrokenConnection('There is no connection.')
    queueMicrotask(() => sink.ended(error))
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

  /** Makes the next attempt at once, for which feeds and requests wait. */
  retryNow(): void {
    this.#dispatch({ kind: 'woke', silentMs: 0 })
    for (const user of this.#users) user.retry()
    this.#options.onAnswer()
  }

  /** A wait of so many ms for the next attempt, or a shorter one where a person looks. */
  bounded(ms: number): number {
    return this.#options.platform.isWatched() ? Math.min(ms, WATCHED_MS) : ms
  }

  close(): void {
    this.#dispatch({ kind: 'end' })
  }

  #isUp(): boolean {
    return this.#state.phase === 'up' || this.#state.phase === 'probing'
  }

  #requestLink(operation: RemoteOperation): Link {
    const isReady = this.#state.phase === 'up' && !isLarge(operation)
    return (isReady ? this.#link : null) ?? this.#options.http
  }

  /** Tells the machine what an event stream brings. */
  #observed(sink: SubscriptionSink): SubscriptionSink {
    return {
      received: () => {
        this.#receivedAt = Date.now()
        sink.received?.()
      },
      next: (result) => {
        this.#receivedAt = Date.now()
        if (this.#state.phase === 'stalled') this.#options.onAnswer()
        this.#dispatch({ kind: 'received' })
        sink.next(result)
      },
      ended: (error) => {
        if (error instanceof BrokenConnection) {
          this.#isHttpAnswered = false
          this.#dispatch({ kind: 'broken' })
          void this.#resume()
        }
        sink.ended(error)
      },
    }
  }

  #woke(): void {
    const silentMs = this.#silentMs()
    if (silentMs > SUSPECT_MS) this.#options.http.abandon()
    if (this.#transport === 'sse' && silentMs > SUSPECT_MS) for (const user of this.#users) user.doubt()
    this.#dispatch({ kind: 'woke', silentMs })
    if (this.#transport === 'sse') for (const user of this.#users) user.retry()
  }

  /** By the clock of the machine, which goes on in its sleep; a clock that was set is as good as a silence. */
  #silentMs(): number {
    return Math.abs(Date.now() - this.#receivedAt)
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
        return this.#startTimer(action)
      case 'fail':
        return this.#fail(action.code)
    }
  }

  #startTimer({ leastMs, mostMs }: { readonly leastMs: number; readonly mostMs: number }): void {
    const longestMs = this.#state.phase === 'waiting' ? this.bounded(mostMs) : mostMs
    this.#setTimer(leastMs + Math.random() * (longestMs - leastMs))
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
      if (this.#silentMs() > SILENCE_MS) this.#dispatch({ kind: 'silent' })
    }, TICK_MS)
    unref(this.#tick)
    this.#dispatch({ kind: 'acknowledged' })
  }

  #received(): void {
    this.#receivedAt = Date.now()
    if (this.#state.phase === 'probing') this.#dispatch({ kind: 'received' })
  }

  /** Writes without an answer come first: else their effect would be shown twice, by the feed and optimistically. */
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
    this.#failure = closingError(code, this.#closeReason)
    this.#dropLink()
    this.#setTimer(null)
    this.#endWake?.()
    this.#closing.abort(this.#failure)
    for (const user of this.#users) user.fail(this.#failure)
    this.#users.clear()
  }

  #publish(): void {
    const [transport, retryAt, pending, isResuming] = [this.#transport, this.#retryAt, this.#pending, this.#isResuming]
    this.#status.report({ phase: this.#state.phase, transport, retryAt, pending, isResuming })
  }
}
