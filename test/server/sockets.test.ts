import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { ask, openServer } from '../support/server/fixture.ts'
import { openPeer, type RawPeer } from '../support/server/raw.ts'
import { until } from '../support/time/until.ts'

const subscribe = (peer: RawPeer, id: string, query: string, variables: object = {}): void =>
  peer.send(JSON.stringify({ id, type: 'subscribe', payload: { query, variables } }))

const WATCH = 'subscription { changes(paths: ["posts"]) { cursor } }'

test('an operation that cannot run is an error of its own, and the socket goes on', async () => {
  const peer = await openPeer((await openServer()).wsEndpoint)
  for (const query of [
    '{',
    '{ nothing }',
    'query A { __typename } query B { __typename }',
    `{ ${'a: __typename '.repeat(201)} }`,
  ]) {
    subscribe(peer, '1', query)
    const message = await peer.take()
    expect(message).toMatchObject({ id: '1', type: 'error' })
    expect(JSON.stringify(message)).not.toContain('"http"')
  }
  subscribe(peer, '1', 'subscription { changes(paths: []) { cursor } }')
  expect(await peer.take()).toMatchObject({ id: '1', payload: { errors: [{ extensions: { code: 'BAD_REQUEST' } }] } })
  expect(await peer.take()).toEqual({ id: '1', type: 'complete' })
  subscribe(peer, '1', '{ __typename }')
  expect(await peer.take()).toEqual({ id: '1', type: 'next', payload: { data: { __typename: 'Query' } } })
  expect(await peer.take()).toEqual({ id: '1', type: 'complete' })
})

test('numbers in variables stay exact or are refused', async () => {
  const peer = await openPeer((await openServer()).wsEndpoint)
  const query = JSON.stringify('mutation($v: JSON) { put(path: "a/b", value: $v) { document { value } } }')
  peer.send(
    `{"id":"1","type":"subscribe","payload":{"query":${query},"variables":{"v":[0.1,1e21,{"n":9007199254740991}]}}}`,
  )
  expect(await peer.take()).toMatchObject({
    payload: { data: { put: { document: { value: [0.1, 1e21, { n: 9007199254740991 }] } } } },
  })
  await peer.take()
  peer.send(`{"id":"2","type":"subscribe","payload":{"query":${query},"variables":{"v":[0,9007199254740993]}}}`)
  expect(await peer.take()).toMatchObject({
    payload: { errors: [{ extensions: { code: 'INVALID_VALUE', at: '/1' } }] },
  })
})

test('a connection that is not initialised in time is closed with 4408', async () => {
  const peer = await openPeer((await openServer({ bounds: { initMs: 50 } })).wsEndpoint, { init: false })
  expect(await peer.closed).toBe(4408)
})

test('an operation before the connection is initialised closes it with 4401', async () => {
  const peer = await openPeer((await openServer()).wsEndpoint, { init: false })
  subscribe(peer, '1', '{ __typename }')
  expect(await peer.closed).toBe(4401)
})

test.each([
  ['a binary message', Buffer.from('{"type":"ping"}'), 4400],
  ['a message that is no JSON', '{', 4400],
  ['a message of an unknown kind', '{"type":"hello"}', 4400],
  ['a message beyond the bound', JSON.stringify({ type: 'ping', payload: { x: 'x'.repeat(5_000) } }), 1009],
])('%s closes the connection with its code', async (_, message, code) => {
  const peer = await openPeer((await openServer({ bounds: { messageBytes: 4_096 } })).wsEndpoint)
  peer.send(message)
  expect(await peer.closed).toBe(code)
})

test('a peer that answers pings stays, one that answers none of two is closed', async () => {
  const { wsEndpoint } = await openServer({ bounds: { pingMs: 100 } })
  const alive = await openPeer(wsEndpoint)
  let pings = 0
  alive.socket.on('ping', () => pings++)
  const dead = new WebSocket(wsEndpoint, 'graphql-transport-ws', { autoPong: false })
  const code = await new Promise((resolve) => dead.once('close', resolve))
  expect(code).toBe(1006)
  await until(() => pings >= 4)
  expect(alive.socket.readyState).toBe(WebSocket.OPEN)
})

test('the subscription beyond the bound is refused, and fits when another has ended', async () => {
  const { wsEndpoint, endpoint } = await openServer({ bounds: { subscriptions: 2 } })
  const peer = await openPeer(wsEndpoint)
  for (const id of ['1', '2']) {
    subscribe(peer, id, WATCH)
    expect(await peer.take()).toMatchObject({ id, type: 'next' })
  }
  subscribe(peer, '3', WATCH)
  expect(await peer.take()).toMatchObject({
    id: '3',
    type: 'error',
    payload: [{ extensions: { code: 'TOO_LARGE', limit: 'subscriptions', max: 2 } }],
  })
  peer.send('{"id":"1","type":"complete"}')
  subscribe(peer, '4', WATCH)
  expect(await peer.take()).toMatchObject({ id: '4', type: 'next' })
  await ask(endpoint, 'mutation { put(path: "posts/1", value: 1) { id } }')
  expect(new Set([(await peer.take())['id'], (await peer.take())['id']])).toEqual(new Set(['2', '4']))
})

test('operations beyond what one socket may run wait their turn, and all are answered', async () => {
  const peer = await openPeer((await openServer({ bounds: { operationsPerSocket: 4 } })).wsEndpoint)
  const ids = Array.from({ length: 200 }, (_, i) => String(i))
  for (const id of ids) subscribe(peer, id, `mutation { put(path: "posts/${id}", value: ${id}) { id } }`)
  const answered: unknown[] = []
  while (answered.length < ids.length) {
    const { type, id, payload } = await peer.take()
    if (type !== 'complete') expect(payload).not.toHaveProperty('errors')
    if (type === 'complete') answered.push(id)
  }
  expect(new Set(answered)).toEqual(new Set(ids))
})

test('operations beyond what the server may run are refused with TOO_MANY_REQUESTS', async () => {
  const peer = await openPeer((await openServer({ bounds: { operations: 1 } })).wsEndpoint)
  for (const id of ['1', '2']) subscribe(peer, id, `mutation { put(path: "posts/${id}", value: 1) { id } }`)
  const results = [await peer.take(), await peer.take(), await peer.take(), await peer.take()].filter(
    ({ type }) => type === 'next',
  )
  expect(results.find(({ id }) => id === '2')).toMatchObject({
    payload: { errors: [{ extensions: { code: 'TOO_MANY_REQUESTS', retryAfterMs: 1_000 } }] },
  })
  subscribe(peer, '3', '{ __typename }')
  expect(await peer.take()).toMatchObject({ id: '3', payload: { data: { __typename: 'Query' } } })
})

test.each([
  ['of another site', '/graphql', { origin: 'http://evil.example' }, 403],
  ['under a foreign name', '/graphql', { host: 'evil.example' }, 403],
  ['at another address', '/other', {}, 404],
])('a page %s gets no WebSocket', async (_, path, headers, status) => {
  const { port } = await openServer()
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, 'graphql-transport-ws', { headers })
  const answered = await new Promise((resolve) =>
    socket.once('unexpected-response', (_request, response) => resolve(response.statusCode)).on('error', () => {}),
  )
  expect(answered).toBe(status)
  socket.terminate()
})

test('another subprotocol is refused with 4406', async () => {
  const { wsEndpoint } = await openServer()
  const socket = new WebSocket(wsEndpoint)
  expect(await new Promise((resolve) => socket.once('close', resolve))).toBe(4406)
})

test('a peer that answers no ping is gone after two of them, which is twice their time', async () => {
  const { wsEndpoint } = await openServer({ bounds: { pingMs: 500 } })
  const dead = new WebSocket(wsEndpoint, 'graphql-transport-ws', { autoPong: false })
  let pings = 0
  dead.on('ping', () => pings++)
  await new Promise((resolve) => dead.once('open', resolve))
  await new Promise((resolve) => dead.once('close', resolve))
  expect(pings).toBe(2)
})

test('a document of 1 MiB fits into a message, with its envelope and escapes', async () => {
  const { wsEndpoint } = await openServer()
  const peer = await openPeer(wsEndpoint)
  const value = '"'.repeat(500_000) + 'x'.repeat(48_570)
  subscribe(peer, '1', 'mutation ($v: JSON) { put(path: "a/1", value: $v) { document { path } } }', { v: value })
  expect(await peer.take()).toMatchObject({ payload: { data: { put: { document: { path: 'a/1' } } } } })
})
