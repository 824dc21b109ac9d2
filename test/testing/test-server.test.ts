import { expect, expectTypeOf, onTestFinished, test } from 'vitest'
import { testServer } from '../../src/testing/test-server.ts'
import { soon } from '../support/time/soon.ts'

test('a test server is empty, answers its client, and is gone when it is closed', async () => {
  const server = await testServer({ actor: 'ada', offlineMs: 200 })
  expect(await server.client.get('posts')).toEqual([])
  expect((await server.client.put('posts/1', 'a')).actor).toBe('ada')
  expect(await (await fetch(`${server.url}/graphql?query={get(path:"posts/1")}`)).json()).toEqual({
    data: { get: 'a' },
  })
  const feed = server.client.changes(['posts'])
  await soon(feed.next())
  await server.close()
  await expect(server.client.get('posts/1')).rejects.toMatchObject({ code: 'UNREACHABLE' })
  await expect(fetch(server.url)).rejects.toThrow('fetch failed')
})

test('servers of one process share nothing', async () => {
  const servers = await Promise.all([testServer(), testServer()])
  onTestFinished(async () => void (await Promise.all(servers.map(({ close }) => close()))))
  const [one, other] = servers
  await one.client.put('a/1', 1)
  expect(await other.client.get('a/1')).toBeNull()
  expect(one.url).not.toBe(other.url)
})

test('a server starts within 300 ms, and its client has the types that were asked for', async () => {
  const times: number[] = []
  for (let i = 0; i < 5; i++) {
    const started = performance.now()
    const server = await testServer<{ posts: { title: string } }>()
    await server.client.put('posts/1', { title: 'Hi' })
    times.push(performance.now() - started)
    expectTypeOf(await server.client.get('posts/1/title')).toEqualTypeOf<string | null>()
    await server.close()
  }
  // The median: other work on the machine may delay one of them.
  expect(times.toSorted((a, b) => a - b)[2]).toBeLessThan(300)
})
