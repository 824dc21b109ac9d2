import { expect, onTestFinished, test } from 'vitest'
import { createSSRApp, effectScope, h, nextTick, watch } from 'vue'
import { renderToString } from 'vue/server-renderer'
import { WritableStore } from '../../src/client/readable.ts'
import { testServer, type TestServer } from '../../src/testing/test-server.ts'
import { useStore } from '../../src/vue/use-store.ts'
import { until } from '../support/time/until.ts'

async function open(): Promise<TestServer> {
  const server = await testServer()
  onTestFinished(() => server.close())
  return server
}

test('a ref follows a live store until its scope ends', async () => {
  const { client } = await open()
  await client.put('posts/1', 'a')
  const scope = effectScope()
  const seen: unknown[] = []
  const posts = scope.run(() => {
    const ref = useStore(client.liveStore({ path: 'posts' }))
    watch(ref, ({ documents }) => seen.push(documents.map(({ value }) => value)))
    return ref
  })
  await until(() => posts?.value.status === 'live')
  await client.put('posts/1', 'b')
  await until(() => posts?.value.pending === 0)
  await nextTick()
  expect(seen.at(-1)).toEqual(['b'])
  scope.stop()
  await client.put('posts/1', 'c')
  expect(posts?.value.documents.map(({ value }) => value)).toEqual(['b'])
})

test('the last scope that ends leaves the store', () => {
  const uses: boolean[] = []
  const store = new WritableStore(1, (isUsed) => uses.push(isUsed))
  const scopes = [effectScope(), effectScope()]
  const refs = scopes.map((scope) => scope.run(() => useStore(store)))
  store.set(2)
  expect(refs.map((ref) => ref?.value)).toEqual([2, 2])
  scopes.forEach((scope) => scope.stop())
  expect(uses).toEqual([true, false])
})

test('a page that a server renders follows nothing', async () => {
  const uses: boolean[] = []
  const store = new WritableStore('loading', (isUsed) => uses.push(isUsed))
  const app = createSSRApp({
    setup: () => {
      const value = useStore(store)
      return () => h('p', value.value)
    },
  })
  expect(await renderToString(app)).toBe('<p>loading</p>')
  expect(uses).toEqual([])
})
