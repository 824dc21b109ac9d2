import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readText, ROOT } from './markdown.ts'

/** How a test sleeps, or polls by itself instead of by `until`. */
const SLEEP =
  /setTimeout\(resolve|setTimeout as|\bscheduler\.wait\(|Atomics\.wait\(|expect\.poll\(|vi\.waitFor|function until\b/

/** Tests that let time pass, each with what happens in it: for nothing else is `elapse` there. */
const ELAPSES: Readonly<Record<string, string>> = {
  'test/db/feed-steps.test.ts': 'a slow store, and readers that stay for a while',
  'test/graphql/budget.test.ts': 'an operation that takes longer than it may',
  'test/laws/feed-storm.test.ts': 'a storm',
  'test/mongo/keys.mongo.test.ts': 'a second attempt that begins at any moment of the first',
  'test/mongo/lag.mongo.test.ts': 'lags of some length',
  'test/mongo/outcomes.mongo.test.ts': 'a set without a primary for a while, outages of some length',
  'test/repo/watch.test.ts': 'a server that is away for a while, and writes at intervals',
  'test/server/attack-sockets.test.ts': 'requests at intervals',
  'test/server/delivery-storm.test.ts': 'a storm',
  'test/server/upgrade.test.ts': 'requests that come in parts, at intervals',
}

const FILES = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.startsWith('support/') && name !== 'repo/sleep.test.ts')
  .map((name) => `test/${name}`)

test('no test sleeps or polls outside test/support', () => {
  expect(FILES.length).toBeGreaterThan(150)
  expect(FILES.filter((file) => SLEEP.test(readText(file)))).toEqual([])
})

test('time passes in those tests only that say why', () => {
  const users = FILES.filter((file) => readText(file).includes('/time/elapse.ts'))
  expect(users.toSorted()).toEqual(Object.keys(ELAPSES))
})

test('each way to sleep is seen', () => {
  const ways = [
    'new Promise((resolve) => setTimeout(resolve, 5))',
    "import { setTimeout as after } from 'node:timers/promises'",
    'await expect.poll(count).toBe(1)',
    'await vi.waitFor(() => {})',
    'async function until(): Promise<void> {}',
  ]
  expect(ways.filter((way) => !SLEEP.test(way))).toEqual([])
})
