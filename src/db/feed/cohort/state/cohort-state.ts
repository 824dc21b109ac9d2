import type { Revision } from '../../../../core/version.ts'

/** The event that a running loop waits for. */
type LoopPass =
  /** A new turn of the event loop, in which the pass begins. */
  | 'TURN'
  /** The pacer, before a broadcast may start. */
  | 'PACE'
  /** The read from the edge. */
  | 'READ'
  /** The end of a broadcast of ephemeral commits. */
  | 'DELIVER'
  /** The end of the rejections after a failed read. */
  | 'REJECT'

/** A running loop. `retry`: whether the retry timer is set; a loop that starts sooner leaves it set. */
interface LoopState {
  readonly kind: LoopPass
  readonly retry: boolean
}

export type CohortState =
  { readonly kind: 'IDLE'; readonly retry: false } | { readonly kind: 'RETRY'; readonly retry: true } | LoopState

/** A step that was read from the edge, as far as it decides. */
interface EdgeStep {
  /** Null: nothing matched. */
  readonly batch: unknown
  readonly next: { readonly revision: Revision }
  readonly upToDate: boolean
}

export type CohortEvent =
  /** A reader waits, and a commit is pending or an ephemeral one has come. */
  | { readonly kind: 'WORK' }
  | LoopTurn
  /** All readers of the last broadcast wait again. */
  | { readonly kind: 'COMPLETE' }
  /** The read from the edge, which was at `from`, has ended. */
  | { readonly kind: 'STEP'; readonly from: Revision; readonly step: EdgeStep }
  /** A broadcast that the loop waits for has ended. */
  | { readonly kind: 'DELIVERED' }
  /** A read from the edge, or the rendering of ephemeral commits, has failed. */
  | { readonly kind: 'FAILED'; readonly error: unknown; readonly isUnavailable: boolean }
  /** The retry timer has fired, and commits of lost notifications were looked for. */
  | { readonly kind: 'RETRY_DUE' }

/** The turn of a pass has come, or its wait for the pacer is over. */
export interface LoopTurn {
  readonly kind: 'TURN'
  /** How long the pacer wants to wait, ms. */
  readonly waitMs: number
  /** Number of PARKED readers. */
  readonly parked: number
  readonly isPending: boolean
  /** Whether an ephemeral commit has come that was not delivered by the loop. */
  readonly hasEphemeral: boolean
}

/** To be executed at once, in order. */
export type CohortEffect =
  /** Ends in a TURN event, in a new turn of the event loop. */
  | { readonly kind: 'nextTurn' }
  /** Ends in a TURN event after this time, or after `endWait`. */
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'endWait' }
  /** Reads the source from the edge; ends in STEP or FAILED. */
  | { readonly kind: 'read' }
  | { readonly kind: 'moveEdge'; readonly revision: Revision }
  /** Sends a step to all PARKED readers. */
  | { readonly kind: 'broadcast'; readonly step: EdgeStep }
  /** Pulls again for the PARKED readers without an up-to-date batch so far, so that they get an empty one. */
  | { readonly kind: 'repullNotLive' }
  /** Resumes the AHEAD readers. */
  | { readonly kind: 'releaseAhead' }
  /** Sends the new ephemeral commits to the PARKED readers; ends in DELIVERED or FAILED. */
  | { readonly kind: 'deliverEphemeral' }
  /** Rejects the pulls of all PARKED readers; ends in DELIVERED. */
  | { readonly kind: 'reject'; readonly error: unknown }
  /** Sets the retry timer (500 ms); ends in RETRY_DUE. */
  | { readonly kind: 'setRetry' }
  /**
   * Sends a heartbeat to all PARKED readers; then dispatches WORK if a commit is pending: the retry of a failed read.
   */
  | { readonly kind: 'heartbeat' }

export interface CohortTransition {
  readonly state: CohortState
  readonly effects: readonly CohortEffect[]
}

type EventOf<Kind extends CohortEvent['kind']> = Extract<CohortEvent, { readonly kind: Kind }>

/** A cell per event; null: the event is ignored in this state. */
type CohortRow<State extends CohortState> = {
  readonly [Kind in CohortEvent['kind']]: ((state: State, event: EventOf<Kind>) => CohortTransition) | null
}

type CohortTable = Readonly<Record<'IDLE' | 'RETRY', CohortRow<CohortState>> & Record<LoopPass, CohortRow<LoopState>>>

export const IDLE: CohortState = { kind: 'IDLE', retry: false }
const RETRY: CohortState = { kind: 'RETRY', retry: true }
const NEXT_TURN: CohortEffect = { kind: 'nextTurn' }

/**
 * A cohort is IDLE, in RETRY (IDLE, and the retry timer is set), or its LOOP is in one of the other states. The loop
 * looks for work in each pass, so it ignores WORK. PARKED, READING and AHEAD: see `reader-state.ts`.
 *
 * STATE    event         effect
 * IDLE     WORK          → TURN: a reader is PARKED, and a commit is pending or ephemeral. Sent by `markPending`,
 *                        `publishEphemeral`, a pull that parks, a heartbeat
 * RETRY    WORK          → TURN, sooner than the timer, which stays set
 *          RETRY_DUE     → IDLE: heartbeat to all PARKED readers, if the source has any; then WORK if a commit is
 *                        pending
 * TURN     TURN          in a new turn of the event loop. In this order:
 *                        the pacer waits (for its share of the time; for all readers, at most 20 ms): → PACE
 *                        no reader is PARKED: → IDLE, or RETRY while the timer is set
 *                        a commit is pending: → READ, from the edge, never from the cache
 *                        an ephemeral commit is new: → DELIVER, to the live PARKED readers that have not had it; the
 *                        edge stays
 *                        else: → IDLE or RETRY
 * PACE     TURN          as in TURN: the wait is over
 *          COMPLETE      → TURN: the wait ends early
 * READ     STEP          → TURN. The edge moves to where the read ended. A batch goes to all PARKED readers in the same
 *                        turn, so that none parks in between. Without one, those that are not live are pulled again
 *                        (now READING, to get an empty batch), and the others stay PARKED
 *          FAILED        UNAVAILABLE: → RETRY; the PARKED readers and the edge stay. Else → REJECT: the pulls of all
 *                        PARKED readers are rejected, so their feeds end
 * DELIVER  DELIVERED     → TURN
 *          FAILED        as in READ
 * REJECT   DELIVERED     → TURN: a reader may have parked meanwhile
 * LOOP     RETRY_DUE     as in RETRY; the loop goes on
 */
const TABLE: CohortTable = {
  IDLE: { WORK: begin, TURN: null, COMPLETE: null, STEP: null, DELIVERED: null, FAILED: null, RETRY_DUE: null },
  RETRY: { WORK: begin, TURN: null, COMPLETE: null, STEP: null, DELIVERED: null, FAILED: null, RETRY_DUE: retryRead },
  TURN: {
    WORK: null,
    TURN: chooseWork,
    COMPLETE: null,
    STEP: null,
    DELIVERED: null,
    FAILED: null,
    RETRY_DUE: sendDueHeartbeat,
  },
  PACE: {
    WORK: null,
    TURN: chooseWork,
    COMPLETE: endWait,
    STEP: null,
    DELIVERED: null,
    FAILED: null,
    RETRY_DUE: sendDueHeartbeat,
  },
  READ: {
    WORK: null,
    TURN: null,
    COMPLETE: null,
    STEP: advance,
    DELIVERED: null,
    FAILED: fail,
    RETRY_DUE: sendDueHeartbeat,
  },
  DELIVER: {
    WORK: null,
    TURN: null,
    COMPLETE: null,
    STEP: null,
    DELIVERED: begin,
    FAILED: fail,
    RETRY_DUE: sendDueHeartbeat,
  },
  REJECT: {
    WORK: null,
    TURN: null,
    COMPLETE: null,
    STEP: null,
    DELIVERED: begin,
    FAILED: null,
    RETRY_DUE: sendDueHeartbeat,
  },
}

function begin({ retry }: CohortState): CohortTransition {
  return { state: { kind: 'TURN', retry }, effects: [NEXT_TURN] }
}

function end({ retry }: CohortState): CohortTransition {
  return { state: retry ? RETRY : IDLE, effects: [{ kind: 'releaseAhead' }] }
}

function retryRead(): CohortTransition {
  return { state: IDLE, effects: [{ kind: 'heartbeat' }] }
}

function chooseWork(state: LoopState, { waitMs, parked, isPending, hasEphemeral }: LoopTurn): CohortTransition {
  const { retry } = state
  if (waitMs > 0) return { state: { kind: 'PACE', retry }, effects: [{ kind: 'wait', ms: waitMs }] }
  if (parked > 0 && isPending) return { state: { kind: 'READ', retry }, effects: [{ kind: 'read' }] }
  if (parked > 0 && hasEphemeral) return { state: { kind: 'DELIVER', retry }, effects: [{ kind: 'deliverEphemeral' }] }
  return end(state)
}

function endWait({ retry }: LoopState): CohortTransition {
  return { state: { kind: 'TURN', retry }, effects: [{ kind: 'endWait' }] }
}

/** Moves the edge even for an empty step: a reader may hold a document that came and went, and needs its DELETE. */
function advance(state: LoopState, { from, step }: EventOf<'STEP'>): CohortTransition {
  const { revision } = step.next
  if (revision <= from) return begin(state)
  const deliver: CohortEffect = step.batch === null ? { kind: 'repullNotLive' } : { kind: 'broadcast', step }
  return {
    state: { kind: 'TURN', retry: state.retry },
    effects: [{ kind: 'moveEdge', revision }, deliver, { kind: 'releaseAhead' }, NEXT_TURN],
  }
}

/** UNAVAILABLE ends no feed: the retry reads from the same edge. */
function fail(state: LoopState, { error, isUnavailable }: EventOf<'FAILED'>): CohortTransition {
  const { retry } = state
  if (!isUnavailable) return { state: { kind: 'REJECT', retry }, effects: [{ kind: 'reject', error }] }
  const release: CohortEffect = { kind: 'releaseAhead' }
  // A timer is never postponed, so heartbeats come in time also while other readers start loops that fail.
  return { state: RETRY, effects: retry ? [release] : [{ kind: 'setRetry' }, release] }
}

function sendDueHeartbeat({ kind, retry }: LoopState): CohortTransition {
  return { state: { kind, retry: false }, effects: retry ? [{ kind: 'heartbeat' }] : [] }
}

/** The next state of a cohort, and what is to be done; null: the event is ignored. Pure. */
export function nextCohortState(state: CohortState, event: CohortEvent): CohortTransition | null {
  // The row of a state takes that state, and a cell its event: a lookup by two unions cannot say so.
  const cell = TABLE[state.kind][event.kind] as ((of: CohortState, event: CohortEvent) => CohortTransition) | null
  return cell === null ? null : cell(state, event)
}

/** Whether the loop runs. */
export function isLooping({ kind }: CohortState): boolean {
  return kind !== 'IDLE' && kind !== 'RETRY'
}
