import { describe, expect, test } from 'vitest'
import {
  backOffMs,
  initialState,
  nextConnection,
  type ConnectionAction,
  type ConnectionEvent,
  type ConnectionPhase,
  type ConnectionState,
} from '../../src/client/connection/connection-state.ts'

/** Events by the name that the table gives them. */
const EVENTS = {
  wanted: { kind: 'wanted' },
  acknowledged: { kind: 'acknowledged' },
  received: { kind: 'received' },
  upToDate: { kind: 'upToDate' },
  restart: { kind: 'closed', code: 1001 },
  lost: { kind: 'closed', code: 1006 },
  bug: { kind: 'closed', code: 4500 },
  denied: { kind: 'closed', code: 4401 },
  fault: { kind: 'closed', code: 4400 },
  broken: { kind: 'broken' },
  timeout: { kind: 'timeout' },
  woke: { kind: 'woke', silentMs: 5_000 },
  wokeSoon: { kind: 'woke', silentMs: 4_999 },
  offline: { kind: 'offline' },
  silent: { kind: 'silent' },
  blocked: { kind: 'blocked' },
  end: { kind: 'end' },
} satisfies Readonly<Record<string, ConnectionEvent>>

type EventName = keyof typeof EVENTS

const timer = (leastMs: number, mostMs: number): string => `timer ${leastMs}-${mostMs}`
const FIRST_WAIT = timer(0, 250)
const OPENING = ['opening', 'open', timer(5_000, 5_000)] as const
const ENDED = ['ended', 'terminate', 'fail null'] as const

/** A cell: the next phase, then what is done. Null: nothing happens. */
type Cell = readonly [phase: ConnectionPhase, ...actions: string[]] | null
type Row = Readonly<Record<EventName, Cell>>

/** For every phase, with no failure before: what each event does. */
const TABLE: Readonly<Record<ConnectionPhase, Row>> = {
  idle: {
    wanted: OPENING,
    acknowledged: null,
    received: null,
    upToDate: null,
    restart: null,
    lost: null,
    bug: null,
    denied: null,
    fault: null,
    broken: null,
    timeout: null,
    woke: null,
    wokeSoon: null,
    offline: null,
    silent: null,
    blocked: null,
    end: ENDED,
  },
  opening: {
    wanted: null,
    acknowledged: ['up', 'resume'],
    received: null,
    upToDate: null,
    restart: ['waiting', timer(0, 1_000)],
    lost: ['waiting', FIRST_WAIT],
    bug: ['waiting', FIRST_WAIT],
    denied: ['waiting', timer(0, 0)],
    fault: ['ended', 'fail 4400'],
    broken: null,
    timeout: ['waiting', 'terminate', FIRST_WAIT],
    woke: null,
    wokeSoon: null,
    offline: null,
    silent: null,
    blocked: null,
    end: ENDED,
  },
  up: {
    wanted: null,
    acknowledged: null,
    received: null,
    upToDate: null,
    restart: ['waiting', timer(0, 1_000)],
    lost: ['waiting', FIRST_WAIT],
    bug: ['waiting', FIRST_WAIT],
    denied: ['waiting', timer(0, 0)],
    fault: ['ended', 'fail 4400'],
    broken: null,
    timeout: null,
    woke: ['probing', 'ping', timer(3_000, 3_000)],
    wokeSoon: null,
    offline: ['probing', 'ping', timer(3_000, 3_000)],
    silent: ['waiting', 'terminate', timer(0, 0)],
    blocked: null,
    end: ENDED,
  },
  probing: {
    wanted: null,
    acknowledged: null,
    received: ['up'],
    upToDate: null,
    restart: ['waiting', timer(0, 1_000)],
    lost: ['waiting', FIRST_WAIT],
    bug: ['waiting', FIRST_WAIT],
    denied: ['waiting', timer(0, 0)],
    fault: ['ended', 'fail 4400'],
    broken: null,
    timeout: ['waiting', 'terminate', timer(0, 0)],
    woke: null,
    wokeSoon: null,
    offline: null,
    silent: null,
    blocked: null,
    end: ENDED,
  },
  waiting: {
    wanted: null,
    acknowledged: null,
    received: null,
    upToDate: null,
    restart: null,
    lost: null,
    bug: null,
    denied: null,
    fault: null,
    broken: null,
    timeout: OPENING,
    woke: ['waiting', FIRST_WAIT],
    wokeSoon: ['waiting', FIRST_WAIT],
    offline: null,
    silent: null,
    blocked: ['streaming', 'resume', timer(300_000, 300_000)],
    end: ENDED,
  },
  streaming: {
    wanted: null,
    acknowledged: null,
    received: null,
    upToDate: null,
    restart: null,
    lost: null,
    bug: null,
    denied: null,
    fault: null,
    broken: ['stalled'],
    timeout: OPENING,
    woke: null,
    wokeSoon: null,
    offline: null,
    silent: null,
    blocked: null,
    end: ENDED,
  },
  stalled: {
    wanted: null,
    acknowledged: null,
    received: ['streaming'],
    upToDate: null,
    restart: null,
    lost: null,
    bug: null,
    denied: null,
    fault: null,
    broken: null,
    timeout: OPENING,
    woke: null,
    wokeSoon: null,
    offline: null,
    silent: null,
    blocked: null,
    end: ENDED,
  },
  denied: {
    wanted: null,
    acknowledged: null,
    received: null,
    upToDate: null,
    restart: null,
    lost: null,
    bug: null,
    denied: null,
    fault: null,
    broken: null,
    timeout: null,
    woke: null,
    wokeSoon: null,
    offline: null,
    silent: null,
    blocked: null,
    end: ['ended'],
  },
  ended: {
    wanted: null,
    acknowledged: null,
    received: null,
    upToDate: null,
    restart: null,
    lost: null,
    bug: null,
    denied: null,
    fault: null,
    broken: null,
    timeout: null,
    woke: null,
    wokeSoon: null,
    offline: null,
    silent: null,
    blocked: null,
    end: null,
  },
}

const at = (phase: ConnectionPhase, more: Partial<ConnectionState> = {}): ConnectionState => ({
  ...initialState(true),
  phase,
  ...more,
})

function told(action: ConnectionAction): string {
  if (action.kind === 'timer') return timer(action.leastMs, action.mostMs)
  return action.kind === 'fail' ? `fail ${action.code}` : action.kind
}

describe('the connection', () => {
  for (const [phase, row] of Object.entries(TABLE) as [ConnectionPhase, Row][]) {
    test.each(Object.entries(row) as [EventName, Cell][])(`${phase}, then %s`, (name, cell) => {
      const { state, actions } = nextConnection(at(phase), EVENTS[name])
      expect([state.phase, ...actions.map(told)]).toEqual(cell ?? [phase])
    })
  }

  test('waits longer after each failure, at most half a minute, until a feed is up to date', () => {
    let state = at('up')
    const waits: string[] = []
    for (let i = 0; i < 9; i++) {
      const step = nextConnection(state, EVENTS.lost)
      waits.push(step.actions.map(told).join())
      state = { ...step.state, phase: 'up' }
    }
    const longest = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]
    expect(waits).toEqual(longest.map((ms) => timer(0, ms)))
    expect(longest.map((_, i) => backOffMs(i))).toEqual(longest)
    expect(nextConnection(state, EVENTS.upToDate).state).toMatchObject({ failures: 0, denials: 0 })
  })

  test('asks for another way when two sockets in a row were not acknowledged', () => {
    const first = nextConnection(at('opening'), EVENTS.lost)
    expect(first.actions.map(told)).not.toContain('askHttp')
    const second = nextConnection({ ...first.state, phase: 'opening' }, EVENTS.lost)
    expect(second.actions.map(told)).toContain('askHttp')
    expect(nextConnection({ ...first.state, phase: 'opening' }, EVENTS.acknowledged).state.unacknowledged).toBe(0)
  })

  test('is denied when its token is refused twice running', () => {
    const first = nextConnection(at('opening'), EVENTS.denied)
    const second = nextConnection({ ...first.state, phase: 'opening' }, EVENTS.denied)
    expect([second.state.phase, ...second.actions.map(told)]).toEqual(['denied', 'fail 4401'])
  })

  test('takes a first message that came too late for a lost connection', () => {
    expect(nextConnection(at('opening'), { kind: 'closed', code: 4408 }).state.phase).toBe('waiting')
  })

  test('begins with event streams where sockets are not to be used', () => {
    expect(initialState(false).phase).toBe('streaming')
  })
})
