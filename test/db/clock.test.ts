import { describe, expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { ALLOWANCE_MS, afterReading, heldBackMs, LASTING_MS, trusting } from '../../src/db/time/clock-guard.ts'
import { openEngine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { refusal, START, timestamp } from '../contract/database/subject.ts'

const SECOND = 1_000
const HOUR = 3_600_000
const LASTING_S = LASTING_MS / SECOND

/**
 * Since the last reading: how much time really passed, and how far the wall clock was set; then, how far it is held
 * back. Seconds.
 */
type Row = readonly [passed: number, set: number, heldBack: number]

/** How far the clock is held back after each row. */
function heldBackAlong(rows: readonly Row[]): readonly number[] {
  let reading = { wall: START, steady: 5_000 }
  let guard = trusting(reading)
  return rows.map(([passed, set]) => {
    reading = { wall: reading.wall + (passed + set) * SECOND, steady: reading.steady + passed * SECOND }
    guard = afterReading(guard, reading)
    return heldBackMs(guard, reading) / SECOND
  })
}

const TABLE: Readonly<Record<string, readonly Row[]>> = {
  'a clock that goes on, through quiet days and while the machine sleeps': [
    [1, 0, 0],
    [86_400, 0, 0],
    [30 * 86_400, 0, 0],
    [0, 0, 0],
  ],
  'a small step ahead is followed at once': [
    [1, ALLOWANCE_MS / SECOND, 0],
    [1, 0, 0],
  ],
  'a large step ahead is held back, and forgotten when it is taken back': [
    [1, 3_600, 3_600],
    [60, 0, 3_600],
    [60, -3_600, 0],
    [LASTING_S, 0, 0],
  ],
  'a large step that lasts is followed': [
    [1, 3_600, 3_600],
    [LASTING_S - 1, 0, 3_600],
    [1, 0, 0],
    [LASTING_S, 0, 0],
  ],
  'also when nobody looked meanwhile': [
    [1, 3_600, 3_600],
    [8 * 3_600, 0, 0],
  ],
  'a step that is made while nobody looks is held back from when it is seen': [
    [86_400, 3_600, 3_600],
    [LASTING_S, 0, 0],
  ],
  'another step begins the time anew': [
    [1, 3_600, 3_600],
    [LASTING_S - 1, 3_600, 7_200],
    [1, 0, 7_200],
    [LASTING_S, 0, 0],
  ],
  'a step back is followed at once, and back to where it was, too': [
    [1, -3_600, 0],
    [60, 3_600, 0],
    [60, 3_600, 3_600],
  ],
  'after a step back that lasted, one ahead is held back': [
    [1, -3_600, 0],
    [LASTING_S, 0, 0],
    [1, 3_600, 3_600],
    [LASTING_S, 0, 0],
  ],
  'a clock that goes too fast is held to the time that passed': [
    [8, 8, 0],
    [8, 8, 16],
    [8, 8, 24],
    [8, 8, 32],
    [8, 8, 40],
  ],
  'small steps that add up are held back': [
    [1, 9, 0],
    [1, 9, 18],
    [1, 9, 27],
  ],
}

describe('how far the clock is ahead of the time that commits are stamped with', () => {
  test.each(Object.entries(TABLE))('%s', (_, rows) => {
    expect(heldBackAlong(rows)).toEqual(rows.map(([, , heldBack]) => heldBack))
  })
})

interface Machine {
  readonly db: Database
  readonly warnings: readonly string[]
  /** Both clocks go on. */
  readonly pass: (ms: number) => void
  /** Somebody sets the wall clock. */
  readonly set: (byMs: number) => void
}

/** An engine on a machine whose clocks are those of the test. */
async function machineOn(store: Store, wall = START): Promise<Machine> {
  const clocks = { wall, steady: 1_010 }
  const warnings: string[] = []
  // Some systems tell fractions of milliseconds.
  const steady = (): number => clocks.steady + (clocks.steady % 7) / 14
  const engine = await openEngine(store, {
    now: () => clocks.wall,
    steady,
    warn: (sentence) => warnings.push(sentence),
  })
  onTestFinished(() => engine.close())
  const pass = (ms: number): void => {
    clocks.wall += ms
    clocks.steady += ms
  }
  const set = (byMs: number): void => {
    clocks.wall += byMs
  }
  return { db: engine.database('default', { actor: null }), warnings, pass, set }
}

test('a wrong clock stamps no later commit: once the clock is right again, so are they', async () => {
  const { db, warnings, pass, set } = await machineOn(new MemoryStore())
  const write = async (): Promise<string> => (await db.put('a/1', 1)).at
  expect(await write()).toBe(timestamp(START))
  pass(60_000)
  set(HOUR)
  expect(await write()).toBe(timestamp(START + 60_000))
  pass(60_000)
  expect(await write()).toBe(timestamp(START + 120_000))
  expect(warnings).toEqual([
    expect.stringMatching(
      new RegExp(`set ahead and shows ${timestamp(START + 60_000 + HOUR)}.*${timestamp(START + 60_000)}`),
    ),
  ])
  set(-HOUR)
  pass(60_000)
  expect(await write()).toBe(timestamp(START + 180_000))
})

test('a step of the clock that lasts is followed', async () => {
  const { db, pass, set } = await machineOn(new MemoryStore())
  await db.put('a/1', 1)
  set(HOUR)
  expect((await db.put('a/1', 1)).at).toBe(timestamp(START))
  pass(LASTING_MS)
  expect((await db.put('a/1', 1)).at).toBe(timestamp(START + HOUR + LASTING_MS))
})

test('after a quiet week a commit is stamped with the time at which it is made', async () => {
  const { db, warnings, pass } = await machineOn(new MemoryStore())
  await db.put('a/1', 1)
  pass(7 * 24 * HOUR)
  expect((await db.put('a/1', 1)).at).toBe(timestamp(START + 7 * 24 * HOUR))
  expect(warnings).toEqual([])
})

test('whatever was stamped can be read as of its time, and a time that is held back lies ahead', async () => {
  const { db, pass, set } = await machineOn(new MemoryStore())
  await db.put('a/1', 1)
  set(HOUR)
  let at = ''
  for (let i = 0; i < 100; i++) {
    pass(1_110)
    at = (await db.put('a/1', i)).at
    expect(await db.get('a/1', { asOf: { time: at } })).toBe(i)
  }
  expect(await refusal(db.get('a/1', { asOf: { time: timestamp(START + HOUR) } }))).toEqual({
    code: 'BAD_REQUEST',
    argument: 'asOf',
  })
  set(-2 * HOUR)
  expect(await db.get('a/1', { asOf: { time: at } })).toBe(99)
})

test('a log ahead of the clock is warned of once a minute, with both times, and only on writes', async () => {
  const store = new MemoryStore()
  await (await machineOn(store, START + HOUR)).db.put('a/1', 1)
  const { db, warnings } = await machineOn(store)
  await db.get('a/1')
  expect(warnings).toEqual([])
  for (let i = 0; i < 5; i++) expect((await db.put('a/1', i)).at).toBe(timestamp(START + HOUR))
  expect(warnings).toEqual([
    expect.stringMatching(new RegExp(`stamped ${timestamp(START + HOUR)}.*shows ${timestamp(START)}`)),
  ])
})
