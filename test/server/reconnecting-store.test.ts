import { expect, onTestFinished, test } from 'vitest'
import { ReconnectingStore } from '../../src/server/store/reconnecting-store.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { until } from '../support/time/until.ts'

test('a store that takes long to open does not hold up the start; calls say so until it is open', async () => {
  let resolve = (_store: Store): void => undefined
  const opened = new Promise<Store>((done) => {
    resolve = done
  })
  const reasons: (string | null)[] = []
  const store = await ReconnectingStore.start({
    open: () => opened,
    tenant: 'acme',
    probeIntervalMs: 1,
    firstProbeMs: 1,
    onChange: (reason) => void reasons.push(reason),
  })
  onTestFinished(() => store.close())
  const notYet = 'The store is not open yet: try again in a moment.'
  expect(store.unavailableReason).toBe(notYet)
  await expect(store.heads('acme', [])).rejects.toMatchObject({ code: 'UNAVAILABLE', message: notYet })
  resolve(new MemoryStore())
  await until(async () => expect((await store.heads('acme', [])).revision).toBe(0))
  await until(() => expect(reasons).toEqual([notYet, null]))
})
