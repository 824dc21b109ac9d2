import { expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { openSocketLink } from '../../src/client/connection/socket-link.ts'
import { noPatches } from '../../src/client/live/patches.ts'
import { globalPlatform } from '../../src/client/platform.ts'
import { WritableStore } from '../../src/client/readable.ts'
import { RemoteDatabase } from '../../src/client/remote-database.ts'
import { startProxy } from '../support/client/reply-losing-proxy.ts'
import { serveMemory } from '../support/client/served.ts'
import { until } from '../support/time/until.ts'

/** The client sees data again after so long, ms. */
const AGAIN_MS = 4_000
const SLEEP_MS = 600_000

test.each([{ transport: 'ws' }, { transport: 'sse' }] as const)(
  'after a sleep in which the connection died unseen, data comes again within 4 s ($transport)',
  async ({ transport }) => {
    const served = await serveMemory()
    const proxy = await startProxy(served.url, () => 0)
    let wake = (): void => {}
    const platform = {
      ...globalPlatform({ openSocket: openSocketLink, patches: new WritableStore(noPatches) }),
      onWake: (woke: () => void) => {
        wake = woke
        return () => {}
      },
    }
    const client = new RemoteDatabase(proxy.url, { transport, WebSocket }, platform)
    onTestFinished(async () => {
      await client.close()
      await proxy.close()
      await served.close()
    })
    await served.db.put('posts/1', 1)
    const store = client.liveStore({ path: 'posts' })
    onTestFinished(store.subscribe(() => {}))
    await until(() => store.get().documents.length === 1)

    proxy.swallow()
    await served.db.put('posts/2', 2)
    const now = Date.now
    const slept = vi.spyOn(Date, 'now').mockImplementation(() => now() + SLEEP_MS)
    onTestFinished(() => slept.mockRestore())
    const write = client.put('posts/3', 3)
    const since = performance.now()
    wake()
    await until(() => store.get().documents.length === 3 && store.get().pending === 0)
    expect(performance.now() - since).toBeLessThan(AGAIN_MS)
    await write
    expect(await served.db.document('posts/3')).toMatchObject({ version: 1 })
  },
)

test('without a wake event, a silence of three heartbeats ends the connection', async () => {
  const served = await serveMemory()
  const proxy = await startProxy(served.url, () => 0)
  const client = new RemoteDatabase(
    proxy.url,
    { WebSocket },
    globalPlatform({ openSocket: openSocketLink, patches: new WritableStore(noPatches) }),
  )
  onTestFinished(async () => {
    await client.close()
    await proxy.close()
    await served.close()
  })
  const feed = client.changes(['posts'], { heartbeatMs: 500 })
  await feed.next()
  proxy.swallow()
  await served.db.put('posts/1', 1)
  for await (const { changes } of feed) if (changes.length > 0) break
  expect(client.connection.get().status).toBe('live')
})
