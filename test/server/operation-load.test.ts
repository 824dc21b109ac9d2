import { expect, test } from 'vitest'
import { OperationLoad } from '../../src/server/limits/operation-load.ts'

test('broadcasts get all of the event loop until six operations start within a window, and when that is over', () => {
  let now = 1_000
  const load = new OperationLoad(() => now)
  const start = (operations: number): void => {
    for (let i = 0; i < operations; i++) load.count()
  }
  expect(load.broadcastShare()).toBe(1)
  start(5)
  expect(load.broadcastShare()).toBe(1)
  start(1)
  expect(load.broadcastShare()).toBe(0.05)
  now += 20
  expect(load.broadcastShare()).toBe(0.05)
  start(5)
  now += 20
  expect(load.broadcastShare()).toBe(1)
  start(6)
  now += 40
  expect(load.broadcastShare()).toBe(1)
})
