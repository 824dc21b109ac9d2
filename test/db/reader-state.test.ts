import { expect, test } from 'vitest'
import {
  canPark,
  nextReaderState,
  type ReaderEvent,
  type ReaderState,
  type ReaderView,
} from '../../src/db/feed/cohort/reader-state.ts'

const STATES: readonly ReaderState[] = ['READING', 'AHEAD', 'PARKED', 'ANSWERED']
const IGNORED = 'ignored'

/** All facts that an event may carry. */
interface Facts extends ReaderView {
  readonly hasBatch: boolean
  readonly upToDate: boolean
}

const FACTS = [
  'hasBatch',
  'upToDate',
  'isGone',
  'canPark',
  'isHeartbeatDue',
  'isPastEdge',
  'isPending',
  'isLooping',
  'hasParked',
] as const satisfies readonly (keyof Facts)[]

const ALL = Array.from({ length: 2 ** FACTS.length }, (_, bits) =>
  Object.fromEntries(FACTS.map((fact, i) => [fact, (bits & (2 ** i)) > 0])),
) as unknown as readonly Facts[]

type Outcome = readonly [facts: Partial<Facts>, outcome: string]

/** What a reader does that needs no wait; a fact that is not named does not matter. */
const GO_ON: readonly Outcome[] = [
  [{ isGone: true }, 'ANSWERED: nothing'],
  [{ isGone: false, canPark: true }, 'PARKED: park'],
  [{ isGone: false, canPark: false, isHeartbeatDue: true }, 'ANSWERED: answerHeartbeat'],
  [{ isGone: false, canPark: false, isHeartbeatDue: false }, 'READING: read'],
]

const AHEAD = { hasBatch: false, upToDate: true, canPark: false } as const
const NO_LOOP = { ...AHEAD, isLooping: false } as const
const LOOP = { ...AHEAD, isLooping: true } as const

/** The outcomes of every event in every state. Of each cell's rows exactly one holds, whatever the facts. */
const TABLE: Readonly<Record<ReaderState, Readonly<Record<ReaderEvent['kind'], readonly Outcome[]>>>> = {
  READING: {
    STEP: [
      [{ hasBatch: true }, 'ANSWERED: answer'],
      [{ ...LOOP, isPending: true }, 'AHEAD: waitForEdge'],
      [{ ...LOOP, isPending: false, isPastEdge: false }, 'AHEAD: waitTurn'],
      [{ ...LOOP, isPending: false, isPastEdge: true }, 'AHEAD: waitTimer'],
      [{ ...NO_LOOP, isPastEdge: false }, 'AHEAD: waitTurn'],
      [{ ...NO_LOOP, isPastEdge: true, hasParked: true }, 'AHEAD: waitTimer'],
      [{ ...NO_LOOP, isPastEdge: true, hasParked: false }, 'AHEAD: moveEdge'],
      ...GO_ON.map(([facts, outcome]): Outcome => [{ ...facts, hasBatch: false, upToDate: false }, outcome]),
      [{ hasBatch: false, upToDate: true, isGone: true, canPark: true }, 'ANSWERED: nothing'],
      [{ hasBatch: false, upToDate: true, isGone: false, canPark: true }, 'PARKED: park'],
    ],
    FAILED: [[{}, 'ANSWERED: reject']],
    RESUMED: [[{}, IGNORED]],
  },
  AHEAD: { STEP: [[{}, IGNORED]], FAILED: [[{}, IGNORED]], RESUMED: GO_ON },
  PARKED: { STEP: [[{}, IGNORED]], FAILED: [[{}, IGNORED]], RESUMED: [[{}, IGNORED]] },
  ANSWERED: { STEP: [[{}, IGNORED]], FAILED: [[{}, IGNORED]], RESUMED: [[{}, IGNORED]] },
}

function eventOf(kind: ReaderEvent['kind'], { hasBatch, upToDate, ...view }: Facts): ReaderEvent {
  switch (kind) {
    case 'STEP':
      return { kind, hasBatch, upToDate, view }
    case 'FAILED':
      return { kind }
    case 'RESUMED':
      return { kind, view }
  }
}

const CELLS = STATES.flatMap((state) => (['STEP', 'FAILED', 'RESUMED'] as const).map((kind) => [state, kind] as const))

test.each(CELLS)('a reader in %s, at the event %s, whatever it sees', (state, kind) => {
  for (const facts of ALL) {
    const rows = TABLE[state][kind].filter(([wanted]) =>
      FACTS.every((fact) => (wanted[fact] ?? facts[fact]) === facts[fact]),
    )
    expect(rows).toHaveLength(1)
    const transition = nextReaderState(state, eventOf(kind, facts))
    const text = transition === null ? IGNORED : `${transition.state}: ${transition.effect}`
    expect([facts, text]).toEqual([facts, rows[0]?.[1]])
  }
})

test('a reader parks on the edge, outside a phase, where it is live or a commit is pending', () => {
  const edge = (hasPending: boolean): Parameters<typeof canPark>[1] => ({
    has: (revision) => revision >= 3 && revision <= 5,
    hasPending,
  })
  const combinations = [undefined, 'snapshot'].flatMap((phase) =>
    [true, false].flatMap((live) => [2, 3, 5, 6].map((revision) => ({ revision, live, phase }))),
  )
  for (const position of combinations) {
    const isOnEdge = position.phase === undefined && (position.revision === 3 || position.revision === 5)
    expect(canPark(position, edge(true))).toBe(isOnEdge)
    expect(canPark(position, edge(false))).toBe(isOnEdge && position.live)
  }
})
