import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { openSocketLink } from '../../src/client/connection/socket-link.ts'
import { noPatches } from '../../src/client/live/patches.ts'
import { globalPlatform } from '../../src/client/platform.ts'
import { WritableStore } from '../../src/client/readable.ts'
import { RemoteDatabase } from '../../src/client/remote-database.ts'

beforeEach(() => {
  vi.useFakeTimers()
  // The longest wait of each.
  vi.spyOn(Math, 'random').mockReturnValue(0.999)
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

interface Away {
  readonly client: RemoteDatabase
  /** When a server was asked for, ms. */
  readonly attempts: readonly number[]
  /** Wakes the machine. */
  readonly wake: () => void
}

/** A client that follows a collection of a server that is away. */
function openAway(transport: 'ws' | 'sse', isWatched: boolean): Away {
  const attempts: number[] = []
  let wake = (): void => {}
  const attempt = (): void => void attempts.push(Date.now())
  const platform = {
    ...globalPlatform({ openSocket: openSocketLink, patches: new WritableStore(noPatches) }),
    webSocket: () => Promise.resolve(attempt()).then(() => null),
    fetch: () => Promise.resolve(attempt()).then(() => Promise.reject(new TypeError('away'))),
    isWatched: () => isWatched,
    onWake: (woke: () => void) => {
      wake = woke
      return () => {}
    },
  }
  const client = new RemoteDatabase('http://localhost:1', { transport }, platform)
  const leave = client.liveStore({ path: 'posts' }).subscribe(() => {})
  onTestFinished(() => {
    leave()
    return client.close()
  })
  return { client, attempts, wake: () => wake() }
}

test.each(['ws', 'sse'] as const)(
  'a page that is looked at tries every 5 seconds at least, over %s',
  async (transport) => {
    const { attempts } = openAway(transport, true)
    await vi.advanceTimersByTimeAsync(60_000)
    const waits = attempts.slice(1).map((at, i) => at - (attempts[i] ?? 0))
    expect(Math.max(...waits)).toBeGreaterThan(4_900)
    expect(Math.max(...waits)).toBeLessThanOrEqual(5_000)
  },
)

test.each(['ws', 'sse'] as const)(
  'where nobody looks, it tries every 30 seconds at least, over %s',
  async (transport) => {
    const { attempts } = openAway(transport, false)
    await vi.advanceTimersByTimeAsync(120_000)
    const waits = attempts.slice(1).map((at, i) => at - (attempts[i] ?? 0))
    expect(Math.max(...waits)).toBeGreaterThan(29_000)
    expect(Math.max(...waits)).toBeLessThanOrEqual(30_000)
  },
)

test.each([
  ['retryNow', 'ws'],
  ['retryNow', 'sse'],
  ['a wake', 'ws'],
  ['a wake', 'sse'],
] as const)('%s ends the wait for the next attempt, over %s', async (cause, transport) => {
  const { client, attempts, wake } = openAway(transport, false)
  await vi.advanceTimersByTimeAsync(70_000)
  await vi.advanceTimersByTimeAsync(1_000)
  const before = attempts.length
  if (cause === 'retryNow') client.retryNow()
  else wake()
  await vi.advanceTimersByTimeAsync(250)
  expect(attempts.length).toBe(before + 1)
})
