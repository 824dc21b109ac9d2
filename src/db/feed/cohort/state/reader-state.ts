import type { Revision } from '../../../../core/version.ts'

/** The facts by which a reader goes on that got no batch. */
export interface ReaderView {
  /** Whether the pull was answered or withdrawn. */
  readonly isGone: boolean
  /** Whether the position is one where readers wait for the cohort; see `canPark`. */
  readonly isParkable: boolean
  /** Whether the heartbeat is due, and the source has any. */
  readonly isHeartbeatDue: boolean
  /** Whether the position is past the edge. */
  readonly isPastEdge: boolean
  readonly isPending: boolean
  /** Whether the loop of the cohort runs. */
  readonly isLooping: boolean
  /** Whether other readers are PARKED. */
  readonly hasParked: boolean
}

/** The one thing that a reader waited for has ended, so each event belongs to one state. */
export type ReaderEvent =
  /** READING: a step was read, or taken from the cache. */
  | { readonly kind: 'STEP'; readonly hasBatch: boolean; readonly upToDate: boolean; readonly view: ReaderView }
  /** AHEAD: the wait is over. */
  | { readonly kind: 'RESUMED'; readonly view: ReaderView }

/** How an AHEAD reader waits. */
export type AheadWait =
  /** Until the edge moves or the loop ends, at most `heartbeatMs`. */
  | 'forEdge'
  /** One turn of the event loop. */
  | 'forTurn'
  /** 10 ms: the edge may stand still for long, while the store is away or the tail reads a previous value. */
  | 'forTimer'
  /** Not at all: it moves the edge to itself. */
  | 'moveEdge'

/** The next state of a reader, and the effect; a PARKED one is held by `Waiters`, and the cohort answers it. */
export type ReaderTransition =
  | { readonly state: 'READING' }
  | { readonly state: 'AHEAD'; readonly wait: AheadWait }
  | { readonly state: 'PARKED' }
  /** With the batch of the step, with a heartbeat, or with nothing since the pull is gone. */
  | { readonly state: 'ANSWERED'; readonly by: 'batch' | 'heartbeat' | 'nothing' }

/**
 * The next state of a reader between its pull and the answer. Pure. For the edge see `live-edge.ts`, for the loop
 * `cohort-state.ts`.
 *
 * STATE    position of its pull         waits for
 * PARKED   on the edge, without phase;  a broadcast, an ephemeral batch, or a heartbeat. It is due one `heartbeatMs`
 *          live, or a commit is         after the first reader of that interval parked; it first looks for commits of
 *          pending                      lost notifications, and says `upToDate: false` while one is pending. Ephemeral
 *                                       commits that were missed between two pulls come at once, unless a commit is
 *                                       pending
 * READING  behind the edge, in a phase  its own reads, up to the edge if behind it, else to the end of the log; until
 *          (a snapshot), or not live    a batch comes, it can park, or its heartbeat is due. A failed read ends its
 *                                       feed
 * AHEAD    past the edge, at the end    the next move of the edge (at most `heartbeatMs`) while the loop has a pending
 *          of the log, without a batch  commit; else 10 ms while others wait; else it moves the edge to itself. Then it
 *                                       parks or reads on
 */
export function nextReaderState(event: ReaderEvent): ReaderTransition {
  const { view } = event
  if (event.kind === 'STEP') {
    if (event.hasBatch) return { state: 'ANSWERED', by: 'batch' }
    if (event.upToDate && !view.isParkable) return { state: 'AHEAD', wait: aheadWait(view) }
  }
  // The reader unsubscribed, or changed its cohort, during a wait; parking its pull now would leak it.
  if (view.isGone) return { state: 'ANSWERED', by: 'nothing' }
  if (view.isParkable) return { state: 'PARKED' }
  // A long stretch of the log without a match: the heartbeat has a cursor to resume from.
  return view.isHeartbeatDue ? { state: 'ANSWERED', by: 'heartbeat' } : { state: 'READING' }
}

function aheadWait({ isPending, isLooping, isPastEdge, hasParked }: ReaderView): AheadWait {
  if (isPending && isLooping) return 'forEdge'
  if (!isPastEdge) return 'forTurn'
  // While others wait at the edge, or the loop reads, no single reader may move the edge.
  return hasParked || isLooping ? 'forTimer' : 'moveEdge'
}

/** A position, as far as it decides. */
interface ReaderPosition {
  readonly revision: Revision
  readonly live: boolean
  readonly phase?: string | undefined
}

/** The live edge, as a reader sees it. */
interface VisibleEdge {
  readonly hasPending: boolean
  has(revision: Revision): boolean
}

/** Whether a reader at this position is PARKED. One that is not live waits only where the loop is about to read. */
export function canPark({ revision, live, phase }: ReaderPosition, edge: VisibleEdge): boolean {
  return phase === undefined && edge.has(revision) && (live || edge.hasPending)
}
