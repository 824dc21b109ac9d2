import { describe, expect, test } from 'vitest'
import {
  nextCohortState,
  type CohortEffect,
  type CohortEvent,
  type CohortState,
  type CohortTransition,
  type LoopTurn,
} from '../../src/db/feed/cohort/state/cohort-state.ts'

/** Every state; `+`: the retry timer is set. */
const STATES = {
  IDLE: { kind: 'IDLE', retry: false },
  RETRY: { kind: 'RETRY', retry: true },
  TURN: { kind: 'TURN', retry: false },
  'TURN+': { kind: 'TURN', retry: true },
  PACE: { kind: 'PACE', retry: false },
  'PACE+': { kind: 'PACE', retry: true },
  READ: { kind: 'READ', retry: false },
  'READ+': { kind: 'READ', retry: true },
  DELIVER: { kind: 'DELIVER', retry: false },
  'DELIVER+': { kind: 'DELIVER', retry: true },
  REJECT: { kind: 'REJECT', retry: false },
  'REJECT+': { kind: 'REJECT', retry: true },
} as const satisfies Readonly<Record<string, CohortState>>

type StateName = keyof typeof STATES

const FOUND = { kind: 'TURN', waitMs: 0, parked: 3, isPending: false, hasEphemeral: false } as const

/** A step from revision 5 to `revision`. */
function stepTo(revision: number, batch: string | null, upToDate = true): CohortEvent {
  return { kind: 'STEP', from: 5, step: { batch, next: { revision }, upToDate } }
}

/** Every event, once for each case of its data that the machine distinguishes. */
const EVENTS = {
  work: { kind: 'WORK' },
  'turn, too early': { ...FOUND, waitMs: 7, isPending: true },
  'turn, pending': { ...FOUND, isPending: true, hasEphemeral: true },
  'turn, ephemeral': { ...FOUND, hasEphemeral: true },
  'turn, no commit': FOUND,
  'turn, no reader': { ...FOUND, parked: 0, isPending: true, hasEphemeral: true },
  complete: { kind: 'COMPLETE' },
  'step, batch': stepTo(8, 'changes'),
  'step, batch of many': stepTo(8, 'changes', false),
  'step, empty': stepTo(8, null),
  'step, not moved': stepTo(5, null),
  delivered: { kind: 'DELIVERED' },
  'failed, unavailable': { kind: 'FAILED', error: 'away', isUnavailable: true },
  'failed, otherwise': { kind: 'FAILED', error: 'broken', isUnavailable: false },
  'retry due': { kind: 'RETRY_DUE' },
} as const satisfies Readonly<Record<string, CohortEvent>>

type EventName = keyof typeof EVENTS

const IGNORED = 'ignored'

/** Cells of events that a state does not wait for. */
const NO_TURN = {
  'turn, too early': IGNORED,
  'turn, pending': IGNORED,
  'turn, ephemeral': IGNORED,
  'turn, no commit': IGNORED,
  'turn, no reader': IGNORED,
} as const
const NO_STEP = {
  'step, batch': IGNORED,
  'step, batch of many': IGNORED,
  'step, empty': IGNORED,
  'step, not moved': IGNORED,
} as const
const NO_FAILURE = { 'failed, unavailable': IGNORED, 'failed, otherwise': IGNORED } as const

/** The cells of a failure, without and with the retry timer. */
const FAILURE = {
  'failed, unavailable': 'RETRY: setRetry, releaseAhead',
  'failed, otherwise': 'REJECT: reject broken',
} as const
const FAILURE_AGAIN = {
  'failed, unavailable': 'RETRY: releaseAhead',
  'failed, otherwise': 'REJECT+: reject broken',
} as const

const LOOK = {
  'turn, too early': 'PACE: wait 7',
  'turn, pending': 'READ: read',
  'turn, ephemeral': 'DELIVER: deliverEphemeral',
  'turn, no commit': 'IDLE: releaseAhead',
  'turn, no reader': 'IDLE: releaseAhead',
} as const
const LOOK_AGAIN = {
  'turn, too early': 'PACE+: wait 7',
  'turn, pending': 'READ+: read',
  'turn, ephemeral': 'DELIVER+: deliverEphemeral',
  'turn, no commit': 'RETRY: releaseAhead',
  'turn, no reader': 'RETRY: releaseAhead',
} as const

/** Events that an idle cohort ignores. */
const NO_LOOP = { ...NO_TURN, complete: IGNORED, ...NO_STEP, delivered: IGNORED, ...NO_FAILURE } as const
/** Events that a loop ignores while it waits for a turn. */
const NO_READ = { ...NO_STEP, delivered: IGNORED, ...NO_FAILURE } as const

/** The outcome of every event in every state: the new state and the effects in order. */
const TABLE: Readonly<Record<StateName, Readonly<Record<EventName, string>>>> = {
  IDLE: { work: 'TURN: nextTurn', ...NO_LOOP, 'retry due': IGNORED },
  RETRY: { work: 'TURN+: nextTurn', ...NO_LOOP, 'retry due': 'IDLE: heartbeat' },
  TURN: { work: IGNORED, ...LOOK, complete: IGNORED, ...NO_READ, 'retry due': 'TURN: ' },
  'TURN+': { work: IGNORED, ...LOOK_AGAIN, complete: IGNORED, ...NO_READ, 'retry due': 'TURN: heartbeat' },
  PACE: { work: IGNORED, ...LOOK, complete: 'TURN: endWait', ...NO_READ, 'retry due': 'PACE: ' },
  'PACE+': { work: IGNORED, ...LOOK_AGAIN, complete: 'TURN+: endWait', ...NO_READ, 'retry due': 'PACE: heartbeat' },
  READ: {
    work: IGNORED,
    ...NO_TURN,
    complete: IGNORED,
    'step, batch': 'TURN: moveEdge 8, broadcast changes, releaseAhead, nextTurn',
    'step, batch of many': 'TURN: moveEdge 8, broadcast changes, releaseAhead, nextTurn',
    'step, empty': 'TURN: moveEdge 8, repullNotLive, releaseAhead, nextTurn',
    'step, not moved': 'TURN: nextTurn',
    delivered: IGNORED,
    ...FAILURE,
    'retry due': 'READ: ',
  },
  'READ+': {
    work: IGNORED,
    ...NO_TURN,
    complete: IGNORED,
    'step, batch': 'TURN+: moveEdge 8, broadcast changes, releaseAhead, nextTurn',
    'step, batch of many': 'TURN+: moveEdge 8, broadcast changes, releaseAhead, nextTurn',
    'step, empty': 'TURN+: moveEdge 8, repullNotLive, releaseAhead, nextTurn',
    'step, not moved': 'TURN+: nextTurn',
    delivered: IGNORED,
    ...FAILURE_AGAIN,
    'retry due': 'READ: heartbeat',
  },
  DELIVER: {
    work: IGNORED,
    ...NO_TURN,
    complete: IGNORED,
    ...NO_STEP,
    delivered: 'TURN: nextTurn',
    ...FAILURE,
    'retry due': 'DELIVER: ',
  },
  'DELIVER+': {
    work: IGNORED,
    ...NO_TURN,
    complete: IGNORED,
    ...NO_STEP,
    delivered: 'TURN+: nextTurn',
    ...FAILURE_AGAIN,
    'retry due': 'DELIVER: heartbeat',
  },
  REJECT: {
    work: IGNORED,
    ...NO_TURN,
    complete: IGNORED,
    ...NO_STEP,
    delivered: 'TURN: nextTurn',
    ...NO_FAILURE,
    'retry due': 'REJECT: ',
  },
  'REJECT+': {
    work: IGNORED,
    ...NO_TURN,
    complete: IGNORED,
    ...NO_STEP,
    delivered: 'TURN+: nextTurn',
    ...NO_FAILURE,
    'retry due': 'REJECT: heartbeat',
  },
}

/** The kind of an effect with its data. */
function effectText(effect: CohortEffect): string {
  if (effect.kind === 'wait') return `wait ${effect.ms}`
  if (effect.kind === 'moveEdge') return `moveEdge ${effect.revision}`
  if (effect.kind === 'broadcast') return `broadcast ${String(effect.step.batch)}`
  if (effect.kind === 'reject') return `reject ${String(effect.error)}`
  return effect.kind
}

function nameOf({ kind, retry }: CohortState): string {
  return retry && kind !== 'RETRY' ? `${kind}+` : kind
}

function textOf(transition: CohortTransition | null): string {
  if (transition === null) return IGNORED
  return `${nameOf(transition.state)}: ${transition.effects.map(effectText).join(', ')}`
}

const CELLS = Object.entries(STATES).flatMap(([state, of]) =>
  Object.entries(EVENTS).map(
    ([event, what]) =>
      [state as StateName, event as EventName, nextCohortState(of, what)] as const satisfies readonly unknown[],
  ),
)

test.each(CELLS)('a cohort in %s, at the event "%s"', (state, event, transition) => {
  expect(textOf(transition)).toBe(TABLE[state][event])
})

describe('in every cell of the table', () => {
  /** The effects that end in an event which each state of the loop waits for. */
  const AWAITED: Readonly<Record<string, readonly CohortEffect['kind'][]>> = {
    TURN: ['nextTurn', 'endWait'],
    PACE: ['wait'],
    READ: ['read'],
    DELIVER: ['deliverEphemeral'],
    REJECT: ['reject'],
  }
  const transitions = CELLS.flatMap(([from, event, transition]) =>
    transition === null ? [] : [{ from: STATES[from], event: EVENTS[event], ...transition }],
  )
  const kinds = (effects: readonly CohortEffect[]): readonly string[] => effects.map(({ kind }) => kind)

  test('a loop that goes on has begun exactly one thing whose end it waits for', () => {
    const begun = Object.values(AWAITED).flat() as readonly string[]
    for (const { event, state, effects } of transitions) {
      const awaited = kinds(effects).filter((kind) => begun.includes(kind))
      // The retry timer leaves a loop as it is.
      const expected = event.kind === 'RETRY_DUE' ? [] : (AWAITED[state.kind] ?? [])
      expect(awaited).toHaveLength(expected.length === 0 ? 0 : 1)
      for (const kind of awaited) expect(expected).toContain(kind)
    }
  })

  test('readers ahead of the edge are released when the edge moves or the loop ends', () => {
    for (const { from, state, effects } of transitions) {
      const ends = from.kind in AWAITED && !(state.kind in AWAITED)
      const moves = kinds(effects).includes('moveEdge')
      expect(kinds(effects).includes('releaseAhead')).toBe(ends || moves)
    }
  })

  test('the retry timer is set once, and its end gives one heartbeat', () => {
    for (const { from, state, effects } of transitions) {
      expect(kinds(effects).includes('setRetry')).toBe(!from.retry && state.retry)
      expect(kinds(effects).includes('heartbeat')).toBe(from.retry && !state.retry)
    }
  })
})

test('a turn is decided by the pacer, then readers, then stored commits, then ephemeral ones', () => {
  const [waits, counts, flags] = [
    [0, 7],
    [0, 1, 2],
    [false, true],
  ] as const
  const found = ({ waitMs, parked, isPending, hasEphemeral }: LoopTurn): EventName => {
    if (waitMs > 0) return 'turn, too early'
    if (parked === 0) return 'turn, no reader'
    if (isPending) return 'turn, pending'
    return hasEphemeral ? 'turn, ephemeral' : 'turn, no commit'
  }
  const turns = waits.flatMap((waitMs) =>
    counts.flatMap((parked) =>
      flags.flatMap((isPending) =>
        flags.map((hasEphemeral): LoopTurn => ({ kind: 'TURN', waitMs, parked, isPending, hasEphemeral })),
      ),
    ),
  )
  for (const turn of turns) {
    for (const state of ['TURN', 'TURN+', 'PACE', 'PACE+'] as const) {
      expect(textOf(nextCohortState(STATES[state], turn))).toBe(TABLE[state][found(turn)])
    }
  }
})
