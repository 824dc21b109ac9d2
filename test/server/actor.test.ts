import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { packageVersion } from '../../src/server/config/package-version.ts'
import { openLog } from '../../src/server/config/logger.ts'
import { startServer } from '../../src/server/start.ts'
import { ask, openServer, temporaryDirectory, type ServerFixture } from '../support/server/fixture.ts'
import { openPeer, postText, sendRaw, type RawPeer } from '../support/server/raw.ts'

const PUT = 'mutation { put(path: "posts/1", value: 1) { actor document { actor } } }'
const LONG = 'é'.repeat(64)

/** The answer to an operation that is sent with these header lines, by a connection of its own. */
async function askWith(
  { port }: ServerFixture,
  query: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly body: string }> {
  const body = JSON.stringify({ query })
  const [head = '', rest = ''] = postText(body, headers).split('\r\n\r\n')
  // Header values are bytes: sent as UTF-8.
  return sendRaw(port, Buffer.from(`${head}\r\n\r\n${rest}`, 'utf8'), body)
}

/** A WebSocket whose `connection_init` has this payload, and the first message that comes back, or how it closes. */
async function initWith(
  { wsEndpoint }: ServerFixture,
  payload?: unknown,
): Promise<{ readonly peer: RawPeer; readonly first: unknown }> {
  const peer = await openPeer(wsEndpoint, { init: false })
  const closed = once(peer.socket, 'close').then(([code, reason]) => [code as number, String(reason)] as const)
  peer.send(JSON.stringify({ type: 'connection_init', payload }))
  return { peer, first: await Promise.race([peer.take().catch(() => closed), closed]) }
}

async function resultOf(peer: RawPeer, query: string): Promise<unknown> {
  peer.send(JSON.stringify({ id: 'q', type: 'subscribe', payload: { query } }))
  return (await peer.take())['payload']
}

const NAMES = ['ada', 'Ada Lovelace', 'ada@example.com', 'x', LONG, '😀', 'SYS:x', 'system']
const REFUSED = ['', `${LONG}x`, 'a\tb', 'a\u200bb', 'a\u00a0b', 'a\u2028b', 'sys:time', 'sys:', 'sys:retention']

describe('the actor of an operation', () => {
  test('is what the header Tidemark-Actor says, over HTTP', async () => {
    const server = await openServer()
    for (const actor of NAMES) {
      const { body } = await askWith(server, PUT, { 'Tidemark-Actor': actor })
      expect(JSON.parse(body)).toEqual({ data: { put: { actor, document: { actor } } } })
    }
    const { body } = await askWith(server, PUT, {})
    expect(JSON.parse(body)).toEqual({ data: { put: { actor: null, document: { actor: null } } } })
    const query = '{ history(path: "posts/1") { nodes { actor } } }'
    expect(await ask(server.endpoint, query)).toEqual({
      data: { history: { nodes: [...NAMES, null].map((actor) => ({ actor })) } },
    })
  })

  test('is what connectionParams.actor says, over a WebSocket', async () => {
    const server = await openServer()
    for (const actor of [...NAMES, null]) {
      const { peer, first } = await initWith(server, { actor, other: 'x' })
      expect(first).toMatchObject({ type: 'connection_ack' })
      expect(await resultOf(peer, PUT)).toEqual({ data: { put: { actor, document: { actor } } } })
    }
    for (const payload of [undefined, {}, { Actor: 'ada' }]) {
      const { peer } = await initWith(server, payload)
      expect(await resultOf(peer, PUT)).toMatchObject({ data: { put: { actor: null } } })
    }
  })

  test('selects subscriptions for an interrupt, over event streams and WebSockets', async () => {
    const server = await openServer()
    const query = 'subscription { changes(paths: ["posts"]) { upToDate } }'
    const stream = await fetch(`${server.endpoint}?query=${encodeURIComponent(query)}`, {
      headers: { accept: 'text/event-stream', 'Tidemark-Actor': 'ada' },
    })
    const reader = stream.body?.getReader() ?? expect.fail()
    onTestFinished(() => reader.cancel())
    await reader.read()
    const { peer } = await initWith(server, { actor: 'bob' })
    await resultOf(peer, query)
    const interrupt = async (actor: string): Promise<unknown> =>
      ask(server.endpoint, `mutation { interrupt(match: { paths: ["*"], actor: "${actor}" }) }`)
    expect(await interrupt('ada')).toEqual({ data: { interrupt: 1 } })
    expect(await interrupt('bob')).toEqual({ data: { interrupt: 1 } })
    expect(await interrupt('cleo')).toEqual({ data: { interrupt: 0 } })
  })

  test('that is not valid is BAD_REQUEST before anything runs, over HTTP and event streams', async () => {
    const server = await openServer()
    for (const actor of REFUSED) {
      for (const accept of ['application/json', 'text/event-stream']) {
        const { status, body } = await askWith(server, PUT, { 'Tidemark-Actor': actor, accept })
        expect([actor, status, body]).toEqual([actor, 400, expect.stringContaining('"code":"BAD_REQUEST"')])
        expect(body).toContain('"argument":"actor"')
      }
    }
    const twice = await askWith(server, PUT, { 'Tidemark-Actor': 'ada\r\nTidemark-Actor: bob' })
    expect(twice).toMatchObject({ status: 400, body: expect.stringContaining('"argument":"actor"') as string })
    const latin = Buffer.from(postText('{}', { 'Tidemark-Actor': 'Zoë' }), 'latin1')
    expect(await sendRaw(server.port, latin, '{}')).toMatchObject({ status: 400 })
    expect(await ask(server.endpoint, '{ get(path: "posts") }')).toEqual({ data: { get: [] } })
  })

  test('that is not valid closes a WebSocket with 4400, whose reason says BAD_REQUEST', async () => {
    const server = await openServer()
    for (const actor of [...REFUSED, 1, ['ada'], { name: 'ada' }, true, '\ud800']) {
      const { first } = await initWith(server, { actor })
      expect([actor, first]).toEqual([actor, [4400, expect.stringMatching(/^BAD_REQUEST: connectionParams\.actor: /)]])
    }
  })

  test('is seen by plugins, on each way', async () => {
    const seen: unknown[] = []
    const plugin = { onExecute: ({ args }: { args: { contextValue: object } }) => void seen.push(args.contextValue) }
    const directory = await temporaryDirectory()
    const server = await startServer({ port: 0, directory, plugins: [plugin] }, openLog('silent'))
    onTestFinished(() => server.close())
    const headers = { 'content-type': 'application/json', 'Tidemark-Actor': 'ada' }
    await fetch(`${server.url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query: PUT }) })
    const wsEndpoint = `${server.url.replace('http', 'ws')}/graphql`
    const { peer } = await initWith({ ...server, endpoint: '', wsEndpoint }, { actor: 'bob' })
    await resultOf(peer, PUT)
    await ask(`${server.url}/graphql`, PUT)
    expect(seen).toMatchObject([{ actor: 'ada' }, { actor: 'bob' }, { actor: null }])
  })

  test('may be sent by the pages of listed origins: the preflight allows the header', async () => {
    const server = await openServer({ cors: ['https://app.example'] })
    const answer = await fetch(server.endpoint, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-headers': 'tidemark-actor' },
    })
    expect(answer.headers.get('access-control-allow-headers')?.split(', ')).toContain('tidemark-actor')
  })
})

test('connection_ack has the time of the server and its version', async () => {
  const before = Date.now()
  const { first } = await initWith(await openServer())
  const { type, payload } = first as { type: string; payload: { time: string; version: string } }
  expect([type, payload.version]).toEqual(['connection_ack', packageVersion()])
  expect(payload.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  expect(Date.parse(payload.time)).toBeGreaterThanOrEqual(before)
  expect(Date.parse(payload.time)).toBeLessThanOrEqual(Date.now())
})
