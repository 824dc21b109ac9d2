import { expect, test } from 'vitest'
import { createWindowCounter } from '../../src/server/operations/window-counter.ts'

test('tells how often something happens, and forgets it when it is over', () => {
  let now = 1_000
  const counter = createWindowCounter(() => now)
  const count = (times: number): void => {
    for (let i = 0; i < times; i++) counter.count()
  }
  expect(counter.now()).toBe(0)
  count(3)
  expect(counter.now()).toBe(3)
  now += 20
  expect(counter.now()).toBe(3)
  count(5)
  expect(counter.now()).toBe(5)
  now += 20
  count(1)
  expect(counter.now()).toBe(5)
  now += 40
  expect(counter.now()).toBe(0)
  count(1)
  expect(counter.now()).toBe(1)
})
