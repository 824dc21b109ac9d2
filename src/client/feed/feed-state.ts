import { backOffMs } from '../connection/connection-state.ts'

/** The machine of one feed, as docs/feeds.md describes it. */
export interface FeedState {
  readonly phase: 'offline' | 'connecting' | 'behind' | 'live' | 'ended'
  /** Failures in a row, until the feed is up to date. */
  readonly failures: number
}

export type FeedEvent =
  /** The back-off is over, and there is a connection. */
  | { readonly kind: 'start' }
  | { readonly kind: 'batch'; readonly upToDate: boolean }
  /** The stream broke, or was silent for three heartbeats. */
  | { readonly kind: 'broken' }
  /** An error that may pass. */
  | { readonly kind: 'refused'; readonly retryAfterMs: number }
  /** CURSOR_UNKNOWN in `live`. */
  | { readonly kind: 'cursorUnknown' }
  /** Any other error. */
  | { readonly kind: 'failed' }
  /** The server completed it; `wasAsked`: after the `limit` that it was given. */
  | { readonly kind: 'completed'; readonly wasAsked: boolean }
  /** The reader wants no more. */
  | { readonly kind: 'ended' }

export type FeedAction =
  | { readonly kind: 'subscribe' }
  | { readonly kind: 'deliver' }
  | { readonly kind: 'unsubscribe' }
  | { readonly kind: 'dropCursor' }
  /** Start again after a time at random between the two. */
  | { readonly kind: 'wait'; readonly leastMs: number; readonly mostMs: number }
  /** The feed shows all there is. */
  | { readonly kind: 'upToDate' }
  /** The reader gets the end. */
  | { readonly kind: 'end' }

interface FeedTransition {
  readonly state: FeedState
  readonly actions: readonly FeedAction[]
}

/** The state before the first connection. */
export const FEED_START: FeedState = { phase: 'offline', failures: 0 }

/** The step of the machine for one event. */
export function nextFeed(state: FeedState, event: FeedEvent): FeedTransition {
  if (state.phase === 'ended') return { state, actions: [] }
  switch (event.kind) {
    case 'start':
      if (state.phase !== 'offline') return { state, actions: [] }
      return { state: { ...state, phase: 'connecting' }, actions: [{ kind: 'subscribe' }] }
    case 'batch':
      return state.phase === 'offline' ? { state, actions: [] } : delivered(state, event)
    case 'broken':
      return state.phase === 'offline' ? { state, actions: [] } : offline(state, 0)
    case 'refused':
      return state.phase === 'offline' ? { state, actions: [] } : offline(state, event.retryAfterMs)
    case 'cursorUnknown':
      return state.phase === 'offline' ? { state, actions: [] } : offline(state, 0, { kind: 'dropCursor' })
    case 'completed':
      if (!event.wasAsked) return state.phase === 'offline' ? { state, actions: [] } : offline(state, 0)
      return ended(state)
    case 'failed':
      return ended(state)
    case 'ended':
      return { state: { ...state, phase: 'ended' }, actions: [{ kind: 'unsubscribe' }] }
  }
}

function ended(state: FeedState): FeedTransition {
  return { state: { ...state, phase: 'ended' }, actions: [{ kind: 'unsubscribe' }, { kind: 'end' }] }
}

function delivered(state: FeedState, { upToDate }: { readonly upToDate: boolean }): FeedTransition {
  if (!upToDate) return { state: { ...state, phase: 'behind' }, actions: [{ kind: 'deliver' }] }
  return { state: { phase: 'live', failures: 0 }, actions: [{ kind: 'deliver' }, { kind: 'upToDate' }] }
}

function offline(state: FeedState, leastMs: number, ...actions: readonly FeedAction[]): FeedTransition {
  const wait: FeedAction = { kind: 'wait', leastMs, mostMs: leastMs + backOffMs(state.failures) }
  return {
    state: { phase: 'offline', failures: state.failures + 1 },
    actions: [{ kind: 'unsubscribe' }, ...actions, wait],
  }
}
