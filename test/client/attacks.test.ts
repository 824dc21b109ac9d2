import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Client } from '../../src/client/client.ts'
import { connect } from '../../src/client/connect-node.ts'
import type { ConnectOptions } from '../../src/client/connect-options.ts'
import { serveMemory, type Served } from '../support/client/served.ts'
import { startProxy } from '../support/client/reply-losing-proxy.ts'
import { soon } from '../support/time/soon.ts'
import { until } from '../support/time/until.ts'

// A thousand writes through a real server take their time on a busy machine.
vi.setConfig({ testTimeout: 120_000 })

interface Opened {
  readonly served: Served
  readonly client: Client
}

async function open(options: ConnectOptions = {}): Promise<Opened> {
  const served = await serveMemory()
  const client = connect(served.url, options)
  onTestFinished(async () => {
    await client.close()
    await served.close()
  })
  return { served, client }
}

/** A server that is none of ours, and a client of it. */
async function foreign(
  answer: RequestListener,
  { greet, ...options }: ConnectOptions & { readonly greet?: (socket: WebSocket) => void } = {},
): Promise<Client> {
  const server = createServer(answer)
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'graphql-transport-ws' })
  server.on('upgrade', (request, socket, head) => {
    if (greet === undefined) socket.destroy()
    else sockets.handleUpgrade(request, socket, head, greet)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, options)
  onTestFinished(async () => {
    await client.close()
    for (const socket of sockets.clients) socket.terminate()
    server.close()
    server.closeAllConnections()
  })
  return client
}

const failure = (outcome: Promise<unknown>): Promise<unknown> => outcome.then(String, (error: unknown) => error)

describe('a reader of changes that reads nothing', () => {
  test('makes the feed end on the server, and then gets everything in order', async () => {
    const { client, served } = await open()
    const feed = client.changes(['a'])
    await feed.next()
    const text = 'x'.repeat(20_000)
    for (let i = 0; i < 600; i++) await served.db.put(`a/${i}`, { i, text })
    await until(() => served.engine.counts().feeds === 0)
    const seen: unknown[] = []
    for await (const { changes } of feed) {
      seen.push(...changes.map(({ document }) => (document.value as { readonly i: number }).i))
      if (seen.length >= 600) break
    }
    expect(seen).toEqual(Array.from({ length: 600 }, (_, i) => i))
  })
})

describe('many writes that wait', () => {
  test('are done once each when a server comes, and are shown meanwhile', async () => {
    const served = await serveMemory()
    const proxy = await startProxy(served.url, () => 0)
    const client = connect(proxy.url)
    onTestFinished(async () => {
      await client.close()
      await proxy.close()
      await served.close()
    })
    const store = client.liveStore({ path: 'a' })
    onTestFinished(store.subscribe(() => {}))
    await until(() => store.get().status === 'live')
    proxy.open(false)
    const writes = Array.from({ length: 1_000 }, (_, i) => client.put(`a/${i % 500}`, i))
    await expect(client.put('a/one-more', 1)).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' })
    expect([store.get().documents.length, store.get().pending]).toEqual([500, 1_000])
    proxy.open(true)
    await Promise.all(writes)
    await until(() => store.get().pending === 0)
    expect(store.get().documents.every(({ version }) => version === 2)).toBe(true)
  })

  test('and a transaction of many documents keep the order of each document', async () => {
    const { client, served } = await open()
    const all = Array.from({ length: 300 }, (_, i) => `a/${i}`)
    const rounds = Array.from({ length: 6 }, (_, round) =>
      client.transact(all.map((path) => ({ kind: 'put', path, value: round }))),
    )
    const single = all.map((path) => client.patch(path, { operators: { '': { $inc: 10 } } }))
    await Promise.all([...rounds, ...single])
    const page = await served.db.documents('a', { first: 300 })
    expect(new Set(page.edges.map(({ node }) => JSON.stringify([node.version, node.value])))).toEqual(
      new Set(['[7,15]']),
    )
  })

  test('may share one signal with feeds without a warning', async () => {
    const warnings: string[] = []
    const warned = (warning: Error): void => void warnings.push(warning.message)
    process.on('warning', warned)
    onTestFinished(() => void process.off('warning', warned))
    const { client } = await open({ transport: 'sse' })
    const { signal } = new AbortController()
    const feeds = Array.from({ length: 20 }, () => client.changes(['a'], { signal }))
    await Promise.all(feeds.map((feed) => feed.next()))
    await Promise.all(Array.from({ length: 50 }, (_, i) => client.put(`a/${i}`, i, { signal })))
    await Promise.all(Array.from({ length: 50 }, (_, i) => client.get(`a/${i}`, { signal })))
    expect(warnings).toEqual([])
  })
})

/** Brings a client into a state of its connection. */
const STATES: Readonly<Record<string, () => Promise<Client>>> = {
  idle: async () => (await open()).client,
  up: async () => {
    const { client } = await open()
    await client.changes(['a']).next()
    return client
  },
  opening: () => foreign(() => {}, { greet: () => {} }),
  waiting: async () => {
    const client = await foreign((_, response) => response.destroy())
    void failure(client.changes(['a']).next())
    await until(() => client.connection.get().retryAt !== null)
    return client
  },
  streaming: async () => {
    const { client } = await open({ transport: 'sse' })
    await client.changes(['a']).next()
    return client
  },
  denied: async () => {
    const client = await foreign(() => {}, { greet: (socket) => socket.close(4401) })
    void failure(client.changes(['a']).next())
    await until(() => client.connection.get().status === 'denied')
    return client
  },
}

describe.each(Object.keys(STATES))('in the state %s', (state) => {
  const inState = (): Promise<Client> => STATES[state]?.() ?? Promise.reject(new Error(state))

  test('an abort ends each call with its reason, and each feed quietly', async () => {
    const client = await inState()
    const abort = new AbortController()
    const { signal } = abort
    const feed = client.live(['b'], { signal, heartbeatMs: 60_000 })
    const outcomes = [
      client.put('a/1', 1, { signal }),
      client.get('a/1', { signal }),
      client.post('a', 1, { signal, ephemeral: true }),
      client.update('a/2', () => 1, { signal }),
    ].map(failure)
    const reason = new Error('no more')
    abort.abort(reason)
    const isDenied = state === 'denied'
    for (const outcome of outcomes) {
      expect(await soon(outcome)).toSatisfy((error) => error === reason || isDenied)
    }
    if (!isDenied) for await (const _ of feed);
    expect(client.connection.get().pending).toBe(0)
  })

  test('a close ends each call and each feed with UNREACHABLE', async () => {
    const client = await inState()
    const store = client.liveStore({ path: 'b' })
    const leave = store.subscribe(() => {})
    const feed = client.changes(['b'], { heartbeatMs: 60_000 })
    const waits = [client.put('a/1', 1), client.get('a/1'), feed.next().then(() => feed.next())].map(failure)
    await client.close()
    const codes = state === 'denied' ? ['UNAUTHENTICATED'] : ['UNREACHABLE']
    for (const wait of waits) expect(codes).toContain(((await soon(wait)) as { readonly code: string }).code)
    await expect(client.get('a/1')).rejects.toMatchObject({ code: codes[0] })
    await client.close()
    leave()
  })
})

describe('a server that answers garbage', () => {
  const ANSWERS: readonly (readonly [status: number, type: string, body: string])[] = [
    [200, 'text/html', '<p>Welcome</p>'],
    [200, 'application/json', '{"data":'],
    [200, 'application/json', '{"data":{}}'],
    [200, 'application/json', '[]'],
    [200, 'application/json', 'null'],
    [502, 'text/plain', 'Bad gateway'],
    [204, 'application/json', ''],
  ]

  test.each(ANSWERS)('by HTTP is UNREACHABLE: %i %s %s', async (status, type, body) => {
    const client = await foreign((_, response) => response.writeHead(status, { 'content-type': type }).end(body), {
      offlineMs: 200,
      transport: 'sse',
    })
    expect(await failure(client.get('a/1'))).toMatchObject({ code: 'UNREACHABLE' })
    expect(await failure(client.put('a/1', 1))).toMatchObject({ code: 'UNREACHABLE', details: { outcome: 'UNKNOWN' } })
  })

  test.each(['no JSON', '{"type":"next","id":"1"}', '{"type":"next","id":"1","payload":{"data":{"changes":5}}}', '5'])(
    'on a socket is a broken connection: %s',
    async (text) => {
      let messages = 0
      const client = await foreign((_, response) => response.writeHead(404).end(), {
        greet: (socket) => {
          socket.on('message', (message: Buffer) => {
            messages++
            const { type, id } = JSON.parse(String(message)) as { readonly type: string; readonly id?: string }
            socket.send(type === 'connection_init' ? '{"type":"connection_ack"}' : text.replace('"1"', `"${id}"`))
          })
        },
      })
      const next = failure(client.changes(['a']).next())
      await until(() => messages > 5)
      await client.close()
      expect(await soon(next)).toMatchObject({ code: 'UNREACHABLE' })
    },
  )
})

describe('a token', () => {
  test('that cannot be had is asked for again, and then the server is UNREACHABLE', async () => {
    let asked = 0
    const token = (): Promise<string> => (++asked < 3 ? Promise.reject(new Error('offline')) : Promise.resolve('t'))
    const { client } = await open({ token })
    await client.put('a/1', 1)
    expect(asked).toBeGreaterThan(2)
    const never = await open({ token: () => Promise.reject(new Error('offline')), offlineMs: 100 })
    expect(await failure(never.client.put('a/1', 1))).toMatchObject({
      code: 'UNREACHABLE',
      details: { outcome: 'NOT_DONE' },
    })
  })

  test('that is refused once is asked for again, and refused twice is UNAUTHENTICATED', async () => {
    const tokens = ['old', 'new']
    const isGood = (authorization: string | undefined): boolean => authorization === 'Bearer new'
    const answer: RequestListener = (request, response) => {
      const status = isGood(request.headers.authorization) ? 200 : 401
      response.writeHead(status, { 'content-type': 'application/json' }).end('{"data":{"get":7}}')
    }
    const client = await foreign(answer, { token: () => tokens.shift() ?? 'none', transport: 'sse' })
    expect(await client.get('a/1')).toBe(7)
    const stubborn = await foreign(answer, { token: 'old', transport: 'sse' })
    expect(await failure(stubborn.get('a/1'))).toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(await failure(stubborn.changes(['a']).next())).toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  test('that sockets refuse twice denies the client: stores show an error, and no documents', async () => {
    const client = await foreign(() => {}, { token: 'old', greet: (socket) => socket.close(4401) })
    const store = client.liveStore({ path: 'a' })
    onTestFinished(store.subscribe(() => {}))
    await until(() => store.get().status === 'error')
    expect(store.get()).toMatchObject({ error: { code: 'UNAUTHENTICATED' }, documents: [] })
    expect(client.connection.get().status).toBe('denied')
  })
})

test('ids follow the clock of the server, where that of the client is hours off', async () => {
  const ahead = 5 * 3_600_000
  const { client } = await open({
    transport: 'sse',
    fetch: async (input, init) => {
      const response = await fetch(input, init)
      const headers = { ...Object.fromEntries(response.headers), date: new Date(Date.now() + ahead).toUTCString() }
      return new Response(response.body, { status: response.status, headers })
    },
  })
  await client.get('a/1')
  const { changes } = await client.post('a', 1)
  const [later] = changes.map(({ document }) => document.id.slice(0, 10))
  const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
  const time = Array.from(later ?? '').reduce((sum, digit) => sum * 32 + DIGITS.indexOf(digit), 0)
  expect(Math.abs(time - Date.now() - ahead)).toBeLessThan(60_000)
})

test('a value that is too large for a message is TOO_LARGE, and the connection goes on', async () => {
  const { client } = await open()
  const feed = client.changes(['a'])
  await feed.next()
  expect(await failure(client.put('a/1', 'x'.repeat(3_000_000)))).toMatchObject({ code: 'TOO_LARGE' })
  const params = { text: 'x'.repeat(3_000_000) }
  expect(await failure(client.live(['a'], { where: 'value == params.text', params }).next())).toMatchObject({
    code: 'TOO_LARGE',
  })
  await client.put('a/2', 2)
  expect((await soon(feed.next())).value).toMatchObject({ changes: [{ path: 'a/2' }] })
})
