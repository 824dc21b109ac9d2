import { parse } from 'graphql'
import { describe, expect, test } from 'vitest'
import { MAX_REQUESTS, operationLabel, RequestRing } from '../../src/server/status/request-ring.ts'
import type { StatusAnswer } from '../../src/server/status/status-answer.ts'
import { createServerStatus, NO_FACTS } from '../../src/server/status/server-status.ts'
import { Traffic } from '../../src/server/limits/traffic.ts'
import { BATCH, subscribe } from '../support/server/feeds.ts'
import { ask, openServer, type ServerFixture } from '../support/server/fixture.ts'
import { openPeer, sendRaw } from '../support/server/raw.ts'
import { until } from '../support/time/until.ts'

async function statusOf({ url }: Pick<ServerFixture, 'url'>, query = ''): Promise<StatusAnswer> {
  const response = await fetch(`${url}/status${query}`)
  expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
  return (await response.json()) as StatusAnswer
}

/** An entry in short. */
const short = ({ method, path, operation, code, id }: StatusAnswer['requests']['entries'][number]): string =>
  [method, path, operation, code, id].filter((part) => part !== null).join(' ')

describe('the requests of the status', () => {
  test('are those of HTTP and of sockets, without what they ask', async () => {
    const server = await openServer()
    const headers = { 'content-type': 'application/json', 'x-request-id': 'r-1' }
    const body = JSON.stringify({ query: 'query Read { get(path: "posts") }', operationName: 'Read' })
    await fetch(server.endpoint, { method: 'POST', headers, body })
    await fetch(`${server.url}/nothing?secret=1`)
    await fetch(`${server.endpoint}?query={get(path:"posts")}`)
    const peer = await openPeer(server.wsEndpoint)
    const query = 'mutation Write { put(path: "posts/1", value: 1) { cursor } }'
    peer.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query, operationName: 'Write' } }))
    await until(async () => (await statusOf(server)).requests.last === 4)
    peer.send(JSON.stringify({ id: '2', type: 'subscribe', payload: { query: '{ get(path: "a//b") }' } }))
    await until(async () => (await statusOf(server)).requests.last === 5)
    const { requests } = await statusOf(server)
    expect(requests.entries.map(short)).toEqual([
      'POST /graphql query Read 200 r-1',
      'GET /nothing 404',
      'GET /graphql query get 200',
      'WS /graphql mutation Write 200',
      'WS /graphql query get 200',
    ])
    expect(requests.entries.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5])
    expect(requests.entries.every(({ ms, at }) => ms > 0 && ms < 10_000 && Math.abs(at - Date.now()) < 60_000)).toBe(
      true,
    )
    const later = await statusOf(server, '?after=4')
    expect(later.requests).toEqual({ last: 5, entries: requests.entries.slice(4) })
  })

  test('are at most a thousand, and their texts are short', () => {
    const ring = new RequestRing()
    const args = { document: parse('{ get(path: "posts") }') }
    const text = operationLabel({ type: 'query', params: { operationName: 'a'.repeat(100_000) }, args })
    for (let i = 1; i <= 1_500; i++) {
      ring.add({ method: 'GET', path: `/${i}`, operation: text, code: 200, ms: 1, id: null })
    }
    expect(ring.last).toBe(1_500)
    expect(ring.after(0).map(({ seq }) => seq)).toEqual(Array.from({ length: MAX_REQUESTS }, (_, i) => i + 501))
    expect(ring.after(1_499).map(({ path }) => path)).toEqual(['/1500'])
    expect([ring.after(1_500), ring.after(99_999)]).toEqual([[], []])
    expect(JSON.stringify(ring.after(0)).length).toBeLessThan(300_000)
  })

  test('are kept after an answer that nobody took', async () => {
    const server = await openServer()
    const controller = new AbortController()
    const query = 'query={ get(path: "posts") }'
    const asked = fetch(`${server.endpoint}?${query}`, { signal: controller.signal }).catch(() => null)
    controller.abort()
    await asked
    await ask(server.endpoint, '{ get(path: "posts") }')
    const { requests } = await statusOf(server)
    expect(requests.entries.at(-1)?.code).toBe(200)
  })
})

test('the status counts reads, writes and what subscriptions were sent', async () => {
  const server = await openServer()
  const query = `subscription { changes(paths: ["posts"]) ${BATCH} }`
  const [ws, sse] = [await subscribe('ws', server, { query }), await subscribe('sse', server, { query })]
  await until(() => ws.payloads.length === 1 && sse.payloads.length === 1)
  await ask(server.endpoint, 'mutation { put(path: "posts/1", value: 1) { cursor } }')
  await ask(server.endpoint, '{ get(path: "posts") }')
  await until(() => ws.payloads.length === 2 && sse.payloads.length === 2)
  const { traffic, revision, sizes, versions } = await statusOf(server)
  expect(traffic).toEqual({ reads: 1, writes: 1, deliveries: 4 })
  expect(revision).toBe(1)
  expect(versions).toEqual({ tidemark: '0.1.0', node: process.version })
  expect(sizes['dataBytes']).toBeGreaterThan(4_096)
  ws.cut()
  sse.cut()
})

test('the status groups subscriptions that are alike, and an interrupt finds them', async () => {
  const server = await openServer()
  const follow = (args: string): string => `subscription { live(paths: ["posts"]${args}) ${BATCH} }`
  const where = `value.likes > params.min`
  const all = [
    follow(''),
    follow(''),
    follow(`, where: "${where}", params: { min: 12345 }`),
    'subscription { get(path: "posts/1") }',
  ]
  const subscribers = await Promise.all(all.map((one) => subscribe('ws', server, { query: one })))
  await until(() => subscribers.every(({ payloads }) => payloads.length > 0))
  const { subscriptions } = await statusOf(server)
  const common = { actor: null, lag: 0, isCut: false }
  expect(subscriptions).toMatchObject({ total: 4, rest: 0 })
  expect(new Set(subscriptions.groups)).toEqual(
    new Set([
      { ...common, kind: 'live', paths: ['posts'], where: null, count: 2 },
      { ...common, kind: 'live', paths: ['posts'], where, count: 1 },
      { ...common, kind: 'watch', paths: ['posts/1'], where: null, count: 1 },
    ]),
  )
  expect(JSON.stringify(subscriptions)).not.toContain('12345')
  const interrupted = await ask(
    server.endpoint,
    `mutation { interrupt(match: { paths: ["posts"], where: "${where}" }) }`,
  )
  expect(interrupted).toEqual({ data: { interrupt: 1 } })
  for (const subscriber of subscribers) subscriber.cut()
})

describe('who may read the status', () => {
  test.each([
    ['a page of another origin', 'origin: https://evil.example\r\n'],
    ['a page of another site', 'sec-fetch-site: cross-site\r\n'],
  ])('%s may not', async (_, header) => {
    const { port } = await openServer()
    const answer = await sendRaw(port, `GET /status HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n${header}\r\n`)
    expect([answer.status, answer.body]).toEqual([403, expect.stringContaining('"code":"FORBIDDEN"')])
  })

  test('a name that resolves to this machine is not enough', async () => {
    const { port } = await openServer()
    const answer = await sendRaw(port, 'GET /status HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n')
    expect(answer.status).toBe(403)
  })

  test('the console of this server may, and a listed origin', async () => {
    const { url } = await openServer({ cors: ['https://app.example'] })
    const own = await fetch(`${url}/status`, { headers: { origin: url } })
    expect([own.status, own.headers.get('access-control-allow-origin')]).toEqual([200, null])
    const listed = await fetch(`${url}/status`, { headers: { origin: 'https://app.example' } })
    expect(listed.headers.get('access-control-allow-origin')).toBe('https://app.example')
  })

  test.each(['?after=x', '?after=-1', '?after=', '?after=1e9'])('%s is no number of a request', async (query) => {
    const { url } = await openServer()
    const response = await fetch(`${url}/status${query}`)
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('parameter \\"after\\"')])
  })
})

describe('the configuration in the status', () => {
  const config = { host: '127.0.0.1', cors: [] }
  const read = async (more: object, facts = NO_FACTS): Promise<string> =>
    createServerStatus({
      ...facts,
      config: { ...config, ...more },
      traffic: new Traffic(),
      requests: new RequestRing(),
      memoryBudget: { bytes: 0 },
      notReady: () => null,
    }).read()

  test('masks the password of MongoDB', async () => {
    const text = await read({ mongodb: 'mongodb://ada:hunter2@db.example/tidemark?authSource=admin&tlsKey=hunter3' })
    expect(text).toContain('"data":"mongodb://db.example/tidemark"')
    expect(text).not.toMatch(/hunter|ada/)
  })

  test('stays within a megabyte, whatever is subscribed to', async () => {
    const group = {
      kind: 'live' as const,
      paths: Array.from({ length: 32 }, (_, i) => `${i}${'p'.repeat(1_000)}`),
      where: 'w'.repeat(8_192),
      actor: 'a'.repeat(128),
      count: 1,
      lag: 0,
    }
    const groups = Array.from({ length: 100 }, () => group)
    const subscriptions = (): ReturnType<(typeof NO_FACTS)['subscriptions']> => ({
      groups,
      total: 100,
      rest: 0,
      revision: 1,
    })
    const text = await read({}, { ...NO_FACTS, subscriptions })
    expect(text.length).toBeLessThan(300_000)
    expect(text).toContain('"isCut":true')
  })
})
