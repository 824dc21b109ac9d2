import { expect, test } from 'vitest'
import { BOUNDS } from '../../src/server/config/config.ts'
import { openLog } from '../../src/server/config/logger.ts'
import { startServer } from '../../src/server/start.ts'
import { describeMongo } from '../support/mongo/suite.ts'
import { draft, put } from '../support/store/drafts.ts'
import { ask } from '../support/writers/graphql.ts'

const PUT = 'mutation { put(path: "posts/1", value: 1) { cursor } }'

/** How long something takes, ms. */
async function timed(work: Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await work
  return performance.now() - begun
}

describeMongo('the end of a process whose MongoDB does not answer', (mongo) => {
  test('a store is closed when the calls that run have been answered', async () => {
    const store = await mongo.open({ callMs: 2_000 })
    await using _listener = await store.listen(() => undefined)
    await store.append('acme', [draft([put('posts/1', 1)])])
    mongo.server.proxy.mute(true)
    const writing = store.append('acme', [draft([put('posts/1', 2)])]).catch((error: unknown) => error)
    // The call ends after 2 s, and one more is for the connections.
    expect(await timed(store.close())).toBeLessThan(3_500)
    expect(await writing).toMatchObject([{ kind: 'failed', error: { code: 'UNAVAILABLE' } }])
    mongo.server.proxy.mute(false)
  })

  test('a server stops within its bound, all of it, whatever its store waits for', async () => {
    const [address = '', query = ''] = mongo.server.url.split('/?')
    const server = await startServer(
      { port: 0, mongodb: `${address}/${mongo.database}?${query}`, bounds: { ...BOUNDS, stopMs: 1_000 } },
      openLog('silent'),
    )
    await ask(`${server.url}/graphql`, PUT, {})
    mongo.server.proxy.mute(true)
    const writing = ask(`${server.url}/graphql`, PUT, {}).catch(() => null)
    expect(await timed(server.close())).toBeLessThan(2_500)
    mongo.server.proxy.mute(false)
    await writing
  })
})
