import { expect, test } from 'vitest'
import { openEngine, type Engine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { until } from '../support/time/until.ts'
import { wrapped } from './store-wrappers.ts'

const START = Date.UTC(2026, 0, 1)
const HOUR = 3_600_000
/** With the shortest age of the log, a round each second. */
const RETENTION = { log: { maxAgeMs: 60_000 }, paths: [{ path: 'a', versions: { last: 2 } }] }

/** The calls of a store by name. */
function counting(store: Store): { readonly store: Store; readonly calls: string[] } {
  const calls: string[] = []
  const counted = <Call extends 'thin' | 'erase' | 'raiseFloor' | 'revisionAt'>(call: Call): Store[Call] => {
    const counter = (...args: unknown[]): Promise<unknown> => {
      calls.push(call)
      return Reflect.apply(store[call], store, args) as Promise<unknown>
    }
    return counter as Store[Call]
  }
  const replaced = {
    thin: counted('thin'),
    erase: counted('erase'),
    raiseFloor: counted('raiseFloor'),
    revisionAt: counted('revisionAt'),
  }
  return { store: wrapped(store, replaced), calls }
}

async function removed(engine: Engine, versions: number): Promise<void> {
  await until(() => expect(engine.retention().removedVersions).toBe(versions))
}

test('of two servers the one with the lease removes; when it was killed the other one takes over', async () => {
  const clock = { time: START }
  const shared = wrapped(new MemoryStore(), { shared: true })
  const [one, two] = [counting(shared), counting(shared)]
  const first = await openEngine(one.store, { now: () => clock.time })
  const db = first.database('default', { actor: null })
  const sweep = async (): Promise<Record<string, unknown>> => (await db.get('_system/sweep')) as Record<string, unknown>
  await db.put('_system/retention', RETENTION)
  for (let n = 1; n <= 6; n++) await db.put('a/1', n)
  clock.time += HOUR
  await removed(first, 4)
  // As if the first one had been killed in the middle of a round: the lease is another one's, and holds.
  await until(async () => expect(await sweep()).toMatchObject({ lease: null, removedVersions: 4 }))
  const holder = { holder: 'killed', until: clock.time + HOUR }
  const state = { ...(await sweep()), lease: holder }
  await shared.append('default', [
    {
      id: 'lease',
      at: clock.time,
      actor: 'sys:retention',
      digest: null,
      expects: [],
      writes: [
        {
          path: ['_system', 'sweep'],
          version: ((await db.document('_system/sweep'))?.version ?? 0) + 1,
          type: 'UPDATE',
          fields: [],
          value: state as never,
          createdAt: START,
        },
      ],
    },
  ])
  const second = await openEngine(two.store, { now: () => clock.time })
  await second.begin('default')
  for (let n = 7; n <= 9; n++) await db.put('a/1', n)
  clock.time += HOUR / 2
  const thinned = one.calls.filter((call) => call === 'thin').length
  await until(() => expect(two.calls.filter((call) => call === 'revisionAt').length).toBeGreaterThan(1))
  expect([one.calls.filter((call) => call === 'thin').length, two.calls.filter((call) => call === 'thin')]).toEqual([
    thinned,
    [],
  ])
  clock.time += HOUR
  await until(() => expect(first.retention().removedVersions + second.retention().removedVersions).toBe(7))
  await until(async () => expect(await sweep()).toMatchObject({ lease: null, removedVersions: 7 }))
  await Promise.all([first.close(), second.close()])
})

test('without a retention nothing is done, with one an idle tenant writes nothing', async () => {
  const clock = { time: START }
  const { store, calls } = counting(new MemoryStore())
  const engine = await openEngine(store, { now: () => clock.time })
  const db = engine.database('default', { actor: null })
  for (let n = 1; n <= 6; n++) await db.put('a/1', n)
  clock.time += HOUR
  expect(calls.filter((call) => call !== 'erase')).toEqual([])
  await db.put('_system/retention', RETENTION)
  await removed(engine, 4)
  await until(async () => expect((await db.document('_system/sweep'))?.version).toBe(1))
  clock.time += HOUR
  const rounds = calls.filter((call) => call === 'revisionAt').length
  await until(() => expect(calls.filter((call) => call === 'revisionAt').length).toBeGreaterThan(rounds + 2))
  expect((await db.document('_system/sweep'))?.version).toBe(1)
  await engine.close()
})
