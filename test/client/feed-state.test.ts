import { describe, expect, test } from 'vitest'
import { nextFeed, type FeedAction, type FeedEvent, type FeedState } from '../../src/client/feed/feed-state.ts'

const EVENTS = {
  start: { kind: 'start' },
  batch: { kind: 'batch', upToDate: false },
  upToDate: { kind: 'batch', upToDate: true },
  broken: { kind: 'broken' },
  refused: { kind: 'refused', retryAfterMs: 1_000 },
  cursorUnknown: { kind: 'cursorUnknown' },
  failed: { kind: 'failed' },
  complete: { kind: 'completed', wasAsked: true },
  cutShort: { kind: 'completed', wasAsked: false },
  ended: { kind: 'ended' },
} satisfies Readonly<Record<string, FeedEvent>>

type EventName = keyof typeof EVENTS
type Phase = FeedState['phase']
type Cell = readonly [phase: Phase, ...actions: string[]] | null

const END = ['ended', 'unsubscribe', 'end'] as const

/** A feed that has a stream, whatever it has shown. */
const STREAMING: Readonly<Record<EventName, Cell>> = {
  start: null,
  batch: ['behind', 'deliver'],
  upToDate: ['live', 'deliver', 'upToDate'],
  broken: ['offline', 'unsubscribe', 'wait 0-250'],
  refused: ['offline', 'unsubscribe', 'wait 1000-1250'],
  cursorUnknown: ['offline', 'unsubscribe', 'dropCursor', 'wait 0-250'],
  failed: END,
  complete: END,
  cutShort: ['offline', 'unsubscribe', 'wait 0-250'],
  ended: ['ended', 'unsubscribe'],
}

const TABLE: Readonly<Record<Phase, Readonly<Record<EventName, Cell>>>> = {
  offline: {
    start: ['connecting', 'subscribe'],
    batch: null,
    upToDate: null,
    broken: null,
    refused: null,
    cursorUnknown: null,
    failed: END,
    complete: END,
    cutShort: null,
    ended: ['ended', 'unsubscribe'],
  },
  connecting: STREAMING,
  behind: STREAMING,
  live: STREAMING,
  ended: {
    start: null,
    batch: null,
    upToDate: null,
    broken: null,
    refused: null,
    cursorUnknown: null,
    failed: null,
    complete: null,
    cutShort: null,
    ended: null,
  },
}

function told(action: FeedAction): string {
  return action.kind === 'wait' ? `wait ${action.leastMs}-${action.mostMs}` : action.kind
}

describe('a feed', () => {
  for (const [phase, row] of Object.entries(TABLE) as [Phase, (typeof TABLE)[Phase]][]) {
    test.each(Object.entries(row) as [EventName, Cell][])(`${phase}, then %s`, (name, cell) => {
      const { state, actions } = nextFeed({ phase, failures: 0 }, EVENTS[name])
      expect([state.phase, ...actions.map(told)]).toEqual(cell ?? [phase])
    })
  }

  test('counts failures until it is up to date', () => {
    const broken = nextFeed({ phase: 'live', failures: 3 }, EVENTS.broken)
    expect([broken.state.failures, ...broken.actions.map(told)]).toEqual([4, 'unsubscribe', 'wait 0-2000'])
    expect(nextFeed({ phase: 'connecting', failures: 4 }, EVENTS.batch).state.failures).toBe(4)
    expect(nextFeed({ phase: 'behind', failures: 4 }, EVENTS.upToDate).state.failures).toBe(0)
  })
})
