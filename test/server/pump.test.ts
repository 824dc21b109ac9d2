import { expect, test } from 'vitest'
import { BOUNDS } from '../../src/server/config/config.ts'
import { MemoryBudget } from '../../src/server/limits/memory-budget.ts'
import { Payload } from '../../src/server/broadcast/payload.ts'
import { Traffic } from '../../src/server/limits/traffic.ts'
import { Pump, type Sink } from '../../src/server/broadcast/pump.ts'
import { feedOf } from '../graphql/recording-database.ts'
import { until } from '../support/time/until.ts'
import { turns } from '../support/time/turns.ts'

/** A connection that is full as soon as something is written, until `drain`. */
function narrow(): { readonly sink: Sink; readonly written: () => number; readonly drain: () => void } {
  const waiting: (() => void)[] = []
  let [isFull, written] = [false, 0]
  const sink: Sink = {
    account: new MemoryBudget(BOUNDS).account({}),
    isOpen: () => true,
    write: () => {
      written++
      isFull = true
    },
    isFull: () => isFull,
    canWrite: (resume) => {
      if (isFull) waiting.push(resume)
      return !isFull
    },
  }
  const drain = (): void => {
    isFull = false
    for (const resume of waiting.splice(0)) resume()
  }
  return { sink, written: () => written, drain }
}

test('one subscription of a connection at a time makes a large payload, and none while it is full', async () => {
  const { sink, written, drain } = narrow()
  let [made, making, most] = [0, 0, 0]
  const make = async (): Promise<Payload> => {
    made++
    most = Math.max(most, ++making)
    await turns()
    making--
    return new Payload('{}')
  }
  const pumps = Array.from(
    { length: 10 },
    () => new Pump(feedOf([{}]), { traffic: new Traffic(), isSmall: false, cached: () => null, make }, sink),
  )
  const ended = Promise.all(pumps.map((pump) => pump.run()))
  for (let i = 1; i <= 10; i++) {
    await until(() => expect(written()).toBe(i))
    await turns()
    expect([made, most]).toEqual([i, 1])
    drain()
  }
  await turns()
  drain()
  await ended
})
