/**
 * The machine of the connection: `idle` until something is wanted; `opening` a socket; `up`; `probing` whether a socket
 * that says it is open still is; `waiting` to open the next one; `streaming` and `stalled` without sockets, where each
 * feed has an event stream; `denied` (the token is refused) and `ended` for good.
 */
export interface ConnectionState {
  readonly phase: ConnectionPhase
  /** Failures in a row, until a feed is up to date or an operation is answered. */
  readonly failures: number
  /** Sockets in a row that were refused their token. */
  readonly denials: number
  /** Sockets in a row that closed before `connection_ack`. */
  readonly unacknowledged: number
}

export type ConnectionPhase =
  'idle' | 'opening' | 'up' | 'probing' | 'waiting' | 'streaming' | 'stalled' | 'denied' | 'ended'

export type ConnectionEvent =
  /** A feed or a write begins. */
  | { readonly kind: 'wanted' }
  /** The socket is acknowledged. */
  | { readonly kind: 'acknowledged' }
  /** A message came, or a batch on an event stream. */
  | { readonly kind: 'received' }
  /** A feed is up to date, or an operation was answered. */
  | { readonly kind: 'upToDate' }
  /** The socket closed with this code. */
  | { readonly kind: 'closed'; readonly code: number }
  /** An event stream broke. */
  | { readonly kind: 'broken' }
  /** The timer of the state has run out. */
  | { readonly kind: 'timeout' }
  /** The machine woke, the page is visible, or the network is back; nothing was received for `silentMs`. */
  | { readonly kind: 'woke'; readonly silentMs: number }
  /** The browser says that the network is gone. It may be wrong: a server on this machine is still there. */
  | { readonly kind: 'offline' }
  /** Nothing was received for three heartbeats. */
  | { readonly kind: 'silent' }
  /** The server answers HTTP, although sockets fail. */
  | { readonly kind: 'blocked' }
  | { readonly kind: 'end' }

export type ConnectionAction =
  | { readonly kind: 'open' }
  | { readonly kind: 'terminate' }
  | { readonly kind: 'ping' }
  /** Feeds may begin, or go on, on the transport of the state. */
  | { readonly kind: 'resume' }
  /** Ask whether the server answers HTTP. */
  | { readonly kind: 'askHttp' }
  /** Everything that waits is refused; `code`: the close code, null after `end`. */
  | { readonly kind: 'fail'; readonly code: number | null }
  /** The timer of the state, at random between the two. */
  | { readonly kind: 'timer'; readonly leastMs: number; readonly mostMs: number }

interface ConnectionStep {
  readonly state: ConnectionState
  readonly actions: readonly ConnectionAction[]
}

const OPENING_MS = 5_000
const PROBE_MS = 3_000
/** Silence after which a socket that was asleep is probed, ms. */
export const SUSPECT_MS = 5_000
const RESTART_JITTER_MS = 1_000
const WAKE_JITTER_MS = 250
const SOCKET_AGAIN_MS = 300_000
const DENIALS = 2
const UNACKNOWLEDGED = 2

/** The state before anything is wanted; `streaming` for good where sockets are not to be used. */
export function initialState(usesSockets: boolean): ConnectionState {
  return { phase: usesSockets ? 'idle' : 'streaming', failures: 0, denials: 0, unacknowledged: 0 }
}

/** The longest wait before the next attempt after so many failures in a row, ms. */
export function backOffMs(failures: number): number {
  return Math.min(30_000, 250 * 2 ** Math.min(failures, 20))
}

/** The step of the machine for one event. */
export function nextConnection(state: ConnectionState, event: ConnectionEvent): ConnectionStep {
  if (state.phase === 'denied' || state.phase === 'ended') {
    return event.kind === 'end' ? step({ ...state, phase: 'ended' }) : step(state)
  }
  switch (event.kind) {
    case 'wanted':
      return state.phase === 'idle' ? opened(state) : step(state)
    case 'acknowledged':
      if (state.phase !== 'opening') return step(state)
      return step({ ...state, phase: 'up', unacknowledged: 0 }, { kind: 'resume' })
    case 'received':
      if (state.phase === 'probing') return step({ ...state, phase: 'up' })
      return state.phase === 'stalled' ? step({ ...state, phase: 'streaming' }) : step(state)
    case 'upToDate':
      return step({ ...state, failures: 0, denials: 0 })
    case 'closed':
      return isOnSocket(state) ? closed(state, event.code) : step(state)
    case 'broken':
      return state.phase === 'streaming' ? step({ ...state, phase: 'stalled' }) : step(state)
    case 'timeout':
      return timedOut(state)
    case 'woke':
      return woke(state, event.silentMs)
    case 'offline':
      return state.phase === 'up' ? probing(state) : step(state)
    case 'silent':
      return state.phase === 'up' ? waiting(state, [{ kind: 'terminate' }], 0) : step(state)
    case 'blocked':
      if (state.phase !== 'waiting') return step(state)
      return step({ ...state, phase: 'streaming', unacknowledged: 0 }, { kind: 'resume' }, timer(SOCKET_AGAIN_MS))
    case 'end':
      return step({ ...state, phase: 'ended' }, { kind: 'terminate' }, { kind: 'fail', code: null })
  }
}

function step(state: ConnectionState, ...actions: readonly ConnectionAction[]): ConnectionStep {
  return { state, actions }
}

function timer(mostMs: number, leastMs = mostMs): ConnectionAction {
  return { kind: 'timer', leastMs, mostMs }
}

function opened(state: ConnectionState): ConnectionStep {
  return step({ ...state, phase: 'opening' }, { kind: 'open' }, timer(OPENING_MS))
}

function isOnSocket({ phase }: ConnectionState): boolean {
  return phase === 'opening' || phase === 'up' || phase === 'probing'
}

/** Waits at random for `waitMs` at most, by default as long as the failures ask for. */
function waiting(state: ConnectionState, actions: readonly ConnectionAction[], waitMs?: number): ConnectionStep {
  const unacknowledged = state.phase === 'opening' ? state.unacknowledged + 1 : state.unacknowledged
  const next = { ...state, phase: 'waiting' as const, failures: state.failures + 1, unacknowledged }
  const ask: readonly ConnectionAction[] = unacknowledged >= UNACKNOWLEDGED ? [{ kind: 'askHttp' }] : []
  return step(next, ...actions, timer(waitMs ?? backOffMs(state.failures), 0), ...ask)
}

function closed(state: ConnectionState, code: number): ConnectionStep {
  if (code === 4401) {
    const denials = state.denials + 1
    if (denials < DENIALS) return waiting({ ...state, denials }, [], 0)
    return step({ ...state, denials, phase: 'denied' }, { kind: 'fail', code })
  }
  if (isFaultOfClient(code)) return step({ ...state, phase: 'ended' }, { kind: 'fail', code })
  return waiting(state, [], code === 1001 ? RESTART_JITTER_MS : undefined)
}

/** 4408 is none: a page that was frozen sends its first message late. */
function isFaultOfClient(code: number): boolean {
  return code === 1007 || code === 1009 || (code >= 4400 && code <= 4429 && code !== 4408)
}

function timedOut(state: ConnectionState): ConnectionStep {
  switch (state.phase) {
    case 'opening':
      return waiting(state, [{ kind: 'terminate' }])
    case 'probing':
      return waiting(state, [{ kind: 'terminate' }], 0)
    case 'waiting':
    case 'streaming':
    case 'stalled':
      return opened(state)
    case 'idle':
    case 'up':
    case 'denied':
    case 'ended':
      return step(state)
  }
}

function probing(state: ConnectionState): ConnectionStep {
  return step({ ...state, phase: 'probing' }, { kind: 'ping' }, timer(PROBE_MS))
}

function woke(state: ConnectionState, silentMs: number): ConnectionStep {
  if (state.phase === 'up' && silentMs >= SUSPECT_MS) return probing(state)
  return state.phase === 'waiting' ? step(state, timer(WAKE_JITTER_MS, 0)) : step(state)
}

/** Whether the timer of a state goes on in the next one. */
export function keepsTimer(before: ConnectionState, after: ConnectionState): boolean {
  const isStreaming = ({ phase }: ConnectionState): boolean => phase === 'streaming' || phase === 'stalled'
  return isStreaming(before) && isStreaming(after)
}
