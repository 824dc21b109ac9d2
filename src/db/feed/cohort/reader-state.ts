import type { FeedPosition } from './feed-source.ts'
import type { LiveEdge } from './live-edge.ts'

/** State of a reader whose pull waits. PARKED and ANSWERED are final: `Waiters` holds a PARKED one for the cohort. */
export type ReaderState = 'READING' | 'AHEAD' | 'PARKED' | 'ANSWERED'

/** What a reader sees when it looks up from its reads. */
export interface ReaderView {
  /** Whether the pull was answered or withdrawn. */
  readonly isGone: boolean
  /** Whether its position is one where readers wait for the cohort; see `canPark`. */
  readonly canPark: boolean
  /** Whether its heartbeat is due, and the source has any. */
  readonly isHeartbeatDue: boolean
  /** Whether its position is past the edge. */
  readonly isPastEdge: boolean
  readonly isPending: boolean
  /** Whether the cohort is in LOOP. */
  readonly isLooping: boolean
  /** Whether other readers are PARKED. */
  readonly hasParked: boolean
}

export type ReaderEvent =
  /** A step was read, or taken from the cache. */
  | { readonly kind: 'STEP'; readonly hasBatch: boolean; readonly upToDate: boolean; readonly view: ReaderView }
  | { readonly kind: 'FAILED' }
  /** A wait of AHEAD is over. */
  | { readonly kind: 'RESUMED'; readonly view: ReaderView }

export type ReaderEffect =
  /** Ends in STEP or FAILED. */
  | 'read'
  | 'park'
  /** Answers the pull with the batch of the step. */
  | 'answer'
  | 'answerHeartbeat'
  | 'reject'
  | 'nothing'
  | AheadWait

/** How an AHEAD reader waits; each ends in RESUMED. */
export type AheadWait =
  /** Until the edge moves or the loop ends, at most `heartbeatMs`. */
  | 'waitForEdge'
  /** One turn of the event loop. */
  | 'waitTurn'
  /** 10 ms: the edge may stand still for long, while the store is away or the tail reads a previous value. */
  | 'waitTimer'
  /** Does not wait, and moves the edge to itself. */
  | 'moveEdge'

export interface ReaderTransition {
  readonly state: ReaderState
  readonly effect: ReaderEffect
}

type ReaderEventOf<Kind extends ReaderEvent['kind']> = Extract<ReaderEvent, { readonly kind: Kind }>

/** A cell per state and event; null: the event is ignored in this state. */
type ReaderTable = Readonly<
  Record<
    ReaderState,
    { readonly [Kind in ReaderEvent['kind']]: ((event: ReaderEventOf<Kind>) => ReaderTransition) | null }
  >
>

/**
 * The table of a reader, from its pull to the answer. The edge: `live-edge.ts`; IDLE, LOOP, RETRY: `cohort-state.ts`.
 *
 * STATE    position of its pull         waits for
 * PARKED   on the edge, without phase;  a broadcast, an ephemeral batch, or a heartbeat. It is due one `heartbeatMs` after
 *          live, or a commit is         the first reader of that interval parked; it first looks for commits of lost
 *          pending                      notifications, and says `upToDate: false` while one is pending. Ephemeral commits
 *                                       that were missed between two pulls come at once, unless a commit is pending
 * READING  behind the edge, in a phase  its own reads, up to the edge if behind it, else to the end of the log; until a
 *          (a snapshot), or not live    batch comes, it can park, or its heartbeat is due. A failed read ends its feed
 * AHEAD    past the edge, at the end    the next move of the edge (at most `heartbeatMs`) while the loop has a pending
 *          of the log, without a batch  commit; else 10 ms while others wait; else it moves the edge to itself. Then parks
 *                                       or reads on
 */
const TABLE: ReaderTable = {
  READING: { STEP: take, FAILED: reject, RESUMED: null },
  AHEAD: { STEP: null, FAILED: null, RESUMED: ({ view }) => goOn(view) },
  PARKED: { STEP: null, FAILED: null, RESUMED: null },
  ANSWERED: { STEP: null, FAILED: null, RESUMED: null },
}

function take({ hasBatch, upToDate, view }: ReaderEventOf<'STEP'>): ReaderTransition {
  if (hasBatch) return { state: 'ANSWERED', effect: 'answer' }
  return upToDate && !view.canPark ? { state: 'AHEAD', effect: aheadWait(view) } : goOn(view)
}

function reject(): ReaderTransition {
  return { state: 'ANSWERED', effect: 'reject' }
}

function goOn({ isGone, canPark: isAtEdge, isHeartbeatDue }: ReaderView): ReaderTransition {
  // The reader unsubscribed, or changed its cohort, during a wait; parking its pull now would leak it.
  if (isGone) return { state: 'ANSWERED', effect: 'nothing' }
  if (isAtEdge) return { state: 'PARKED', effect: 'park' }
  return isHeartbeatDue ? { state: 'ANSWERED', effect: 'answerHeartbeat' } : { state: 'READING', effect: 'read' }
}

function aheadWait({ isPending, isLooping, isPastEdge, hasParked }: ReaderView): AheadWait {
  if (isPending && isLooping) return 'waitForEdge'
  if (!isPastEdge) return 'waitTurn'
  // While others wait at the edge, or the loop reads, no single reader may move the edge.
  return hasParked || isLooping ? 'waitTimer' : 'moveEdge'
}

/** The next state of a reader, and what is to be done; null: the event is ignored. Pure. */
export function nextReaderState(state: ReaderState, event: ReaderEvent): ReaderTransition | null {
  // A cell takes its event: a lookup by a union cannot say so.
  const cell = TABLE[state][event.kind] as ((event: ReaderEvent) => ReaderTransition) | null
  return cell === null ? null : cell(event)
}

/** Whether a reader at this position is PARKED. One that is not live waits only where the loop is about to read. */
export function canPark(position: FeedPosition, edge: Pick<LiveEdge, 'has' | 'hasPending'>): boolean {
  return position.phase === undefined && edge.has(position.revision) && (position.live || edge.hasPending)
}
