import { expect, onTestFinished, test } from 'vitest'
import type { Client } from '../../src/client/connect.ts'
import { testServer } from '../../src/testing/test-server.ts'
import { Collection } from '../../web/console/state/collection.ts'
import { momentsOf } from '../../web/console/state/moments.ts'
import { randomFrom } from '../support/writers/load.ts'
import { seedOfTest } from '../support/seed.ts'
import { until } from '../support/time/until.ts'

const MOVES = 50

/** The client, whose pages are held until they are let go, in the order that is wanted. */
function holding(client: Client): { readonly client: Client; readonly held: (() => void)[] } {
  const held: (() => void)[] = []
  const documents: Client['documents'] = async (path, options) => {
    // Nothing is aborted here: each answer arrives, however late.
    const { signal: _, ...others } = options ?? {}
    const page = await client.documents(path, others)
    await new Promise<void>((resolve) => held.push(resolve))
    return page
  }
  const proxy = new Proxy(client, {
    get: (target, name) => {
      if (name === 'documents') return documents
      const member = Reflect.get(target, name) as unknown
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
  return { client: proxy, held }
}

test('after random moves, the table equals the last one, however answers overtake one another', async () => {
  const random = randomFrom(seedOfTest())
  const server = await testServer()
  onTestFinished(() => server.close())
  for (let i = 0; i < 30; i++) await server.client.put(`posts/${i % 7}`, { n: i })
  const moments = momentsOf((await server.client.log(['posts'], { last: 100 })).changes)
  const { client, held } = holding(server.client)
  const collection = new Collection()
  onTestFinished(() => collection.close())

  const asked = Array.from({ length: MOVES }, () => moments[Math.floor(random() * moments.length)])
  for (const asOf of asked) collection.show({ client, path: 'posts', where: '', order: 'asc', asOf: asOf ?? null })
  const distinct = asked.filter((moment, i) => moment !== asked[i - 1]).length
  await until(() => held.length === distinct)
  // The last question is answered first, the first one last; and somebody writes meanwhile.
  for (const [i, release] of held.toReversed().entries()) {
    release()
    if (i % 10 === 0) await server.client.put(`posts/${i % 7}`, { n: 1_000 + i })
  }
  await until(() => collection.state.value.status === 'past')
  await server.client.synced((await server.client.put('posts/late', { n: -1 })).cursor)

  const { edges } = await server.client.documents('posts', { asOf: { cursor: asked.at(-1)?.cursor ?? '' } })
  const shown = collection.state.value.rows
  // Each document says as of what it was read.
  const wanted = edges.map(({ node }) => ({ ...node, asOf: expect.any(String) }))
  expect(shown.ids.map((id) => shown.byId.get(id))).toEqual(wanted)
})

test('a view that goes back to now follows what is written, and one of the past does not', async () => {
  const server = await testServer()
  onTestFinished(() => server.close())
  const { at } = await server.client.put('posts/1', { n: 1 })
  const [past, live] = [new Collection(), new Collection()]
  onTestFinished(() => [past, live].forEach((one) => one.close()))
  const shape = { client: server.client, path: 'posts', where: '', order: 'asc' } as const
  past.show({ ...shape, asOf: null })
  await until(() => past.state.value.status === 'live')
  past.show({ ...shape, asOf: { time: at } })
  live.show({ ...shape, asOf: null })
  await until(() => past.state.value.status === 'past' && live.state.value.status === 'live')
  const before = past.state.value
  await server.client.put('posts/1', { n: 2 })
  await server.client.put('posts/2', { n: 3 })
  await until(() => live.state.value.rows.ids.length === 2)
  expect(past.state.value).toBe(before)
  expect(live.state.value.rows.byId.get('1')?.value).toEqual({ n: 2 })
})

test('a table with a filter follows what begins and what stops to match', async () => {
  const server = await testServer()
  onTestFinished(() => server.close())
  await server.client.put('posts/1', { n: 1 })
  await server.client.put('posts/2', { n: 5 })
  const collection = new Collection()
  onTestFinished(() => collection.close())
  collection.show({ client: server.client, path: 'posts', where: 'value.n > 3', order: 'desc', asOf: null })
  await until(() => collection.state.value.rows.ids.join() === '2')
  await server.client.put('posts/1/n', 7)
  await until(() => collection.state.value.rows.ids.join() === '2,1')
  await server.client.put('posts/2/n', 0)
  await until(() => collection.state.value.rows.ids.join() === '1')
})
