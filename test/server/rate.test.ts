import { setTimeout as after } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createRate } from '../../src/server/rate.ts'

it('tells how often something happens, and forgets it when it is over', async () => {
  const rate = createRate()
  expect(rate.now()).toBe(0)
  for (let i = 0; i < 10; i++) rate.count()
  // Also where the moment has just passed in which it was counted.
  await after(5)
  expect(rate.now()).toBe(10)
  await after(60)
  expect(rate.now()).toBe(0)
  rate.count()
  expect(rate.now()).toBe(1)
})
