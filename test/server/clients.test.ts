import { Client, fetchExchange, subscriptionExchange, type OperationResult } from '@urql/core'
import { createClient as createSse } from 'graphql-sse'
import { createClient as createWs, type Client as WsClient } from 'graphql-ws'
import { onTestFinished, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { openServer } from '../support/server/fixture.ts'

const WRITE = 'mutation Write($value: JSON) { put(path: "posts/1", value: $value) { document { version value } } }'
const READ = 'query Read { get(path: "posts/1") }'
const WATCH =
  'subscription Watch { changes(paths: ["posts"], start: BEGINNING) { upToDate changes { type path ' +
  'document { value } } } }'

const value = { title: 'Hello', likes: 0.1, tags: ['a', null, true] }
const written = { put: { document: { version: 1, value } } }
const watched = { changes: { upToDate: true, changes: [{ type: 'NEW', path: 'posts/1', document: { value } }] } }

/** The first result of an operation; the iteration, and so the subscription, ends there. */
async function first<T>(results: AsyncIterable<T>): Promise<T> {
  for await (const result of results) return result
  throw new Error('There was no result.')
}

function openWs(url: string): WsClient {
  const client = createWs({ url, webSocketImpl: WebSocket })
  onTestFinished(() => void client.dispose())
  return client
}

test('the graphql-ws client writes, reads and watches', async () => {
  const client = openWs((await openServer()).wsEndpoint)
  expect(await first(client.iterate({ query: WRITE, variables: { value } }))).toEqual({ data: written })
  expect(await first(client.iterate({ query: READ }))).toEqual({ data: { get: value } })
  expect(await first(client.iterate({ query: WATCH }))).toEqual({ data: watched })
})

test('the graphql-sse client writes, reads and watches', async () => {
  const client = createSse({ url: (await openServer()).endpoint })
  onTestFinished(() => client.dispose())
  expect(await first(client.iterate({ query: WRITE, variables: { value } }))).toEqual({ data: written })
  expect(await first(client.iterate({ query: READ }))).toEqual({ data: { get: value } })
  expect(await first(client.iterate({ query: WATCH }))).toEqual({ data: watched })
})

test('urql writes and reads over HTTP and watches over event streams', async () => {
  const { endpoint } = await openServer()
  const client = new Client({
    url: endpoint,
    exchanges: [fetchExchange],
    fetchSubscriptions: true,
    preferGetMethod: false,
  })
  await useUrql(client)
})

test('urql writes and reads with GET for queries and watches over a WebSocket', async () => {
  const { endpoint, wsEndpoint } = await openServer()
  const ws = openWs(wsEndpoint)
  const overWs = subscriptionExchange({
    forwardSubscription: ({ query = '', variables }) => ({
      subscribe: (sink) => ({
        unsubscribe: ws.subscribe({ query, variables: variables as Record<string, unknown> }, sink as never),
      }),
    }),
  })
  await useUrql(new Client({ url: endpoint, exchanges: [fetchExchange, overWs], preferGetMethod: 'within-url-limit' }))
})

async function useUrql(client: Client): Promise<void> {
  const mutation = await client.mutation(WRITE, { value }).toPromise()
  expect(mutation.error).toBeUndefined()
  expect(mutation.data).toEqual(written)
  expect((await client.query(READ, {}).toPromise()).data).toEqual({ get: value })
  const { data } = await new Promise<OperationResult>((resolve) => {
    const subscription = client.subscription(WATCH, {}).subscribe(resolve)
    onTestFinished(() => subscription.unsubscribe())
  })
  expect(data).toEqual(watched)
}
