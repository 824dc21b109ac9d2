import { expect, test } from 'vitest'
import { canPark, nextReaderState } from '../../src/db/feed/cohort/state/reader-state.ts'
import type { ReaderEvent, ReaderTransition, ReaderView } from '../../src/db/feed/cohort/state/reader-state.ts'

/** All facts that an event may carry. */
interface Facts extends ReaderView {
  readonly hasBatch: boolean
  readonly upToDate: boolean
}

const FACTS = [
  'hasBatch',
  'upToDate',
  'isGone',
  'isParkable',
  'isHeartbeatDue',
  'isPastEdge',
  'isPending',
  'isLooping',
  'hasParked',
] as const satisfies readonly (keyof Facts)[]

const ALL = Array.from({ length: 2 ** FACTS.length }, (_, bits) =>
  Object.fromEntries(FACTS.map((fact, i) => [fact, Math.floor(bits / 2 ** i) % 2 === 1])),
) as unknown as readonly Facts[]

/** A fact that is not named does not matter. */
type Outcome = readonly [facts: Partial<Facts>, outcome: string]

const GO_ON: readonly Outcome[] = [
  [{ isGone: true }, 'ANSWERED by nothing'],
  [{ isGone: false, isParkable: true }, 'PARKED'],
  [{ isGone: false, isParkable: false, isHeartbeatDue: true }, 'ANSWERED by heartbeat'],
  [{ isGone: false, isParkable: false, isHeartbeatDue: false }, 'READING'],
]

const MORE = { hasBatch: false, upToDate: false } as const
const PARKABLE = { hasBatch: false, upToDate: true, isParkable: true } as const
const LOOP = { hasBatch: false, upToDate: true, isParkable: false, isLooping: true } as const
const NO_LOOP = { ...LOOP, isLooping: false } as const

/** The outcomes of the event that ends each state. Exactly one row holds, whatever the facts. */
const TABLE: Readonly<Record<ReaderEvent['kind'], readonly Outcome[]>> = {
  STEP: [
    [{ hasBatch: true }, 'ANSWERED by batch'],
    [{ ...LOOP, isPending: true }, 'AHEAD forEdge'],
    [{ ...LOOP, isPending: false, isPastEdge: false }, 'AHEAD forTurn'],
    [{ ...LOOP, isPending: false, isPastEdge: true }, 'AHEAD forTimer'],
    [{ ...NO_LOOP, isPastEdge: false }, 'AHEAD forTurn'],
    [{ ...NO_LOOP, isPastEdge: true, hasParked: true }, 'AHEAD forTimer'],
    [{ ...NO_LOOP, isPastEdge: true, hasParked: false }, 'AHEAD moveEdge'],
    [{ ...PARKABLE, isGone: true }, 'ANSWERED by nothing'],
    [{ ...PARKABLE, isGone: false }, 'PARKED'],
    ...GO_ON.map(([facts, outcome]): Outcome => [{ ...facts, ...MORE }, outcome]),
  ],
  RESUMED: GO_ON,
}

function textOf(next: ReaderTransition): string {
  if (next.state === 'ANSWERED') return `ANSWERED by ${next.by}`
  return next.state === 'AHEAD' ? `AHEAD ${next.wait}` : next.state
}

test.each(['STEP', 'RESUMED'] as const)('a reader goes on after %s by what it sees, in every combination', (kind) => {
  expect(ALL).toHaveLength(512)
  for (const { hasBatch, upToDate, ...view } of ALL) {
    const facts: Facts = { hasBatch, upToDate, ...view }
    const rows = TABLE[kind].filter(([wanted]) => FACTS.every((fact) => (wanted[fact] ?? facts[fact]) === facts[fact]))
    expect(rows).toHaveLength(1)
    const next = nextReaderState(kind === 'STEP' ? { kind, hasBatch, upToDate, view } : { kind, view })
    expect([facts, textOf(next)]).toEqual([facts, rows[0]?.[1]])
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
