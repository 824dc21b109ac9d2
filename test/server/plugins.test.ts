import { NoSchemaIntrospectionCustomRule } from 'graphql'
import { createGraphQLError, useErrorHandler, useLogger, usePayloadFormatter, type Plugin } from 'graphql-yoga'
import { describe, expect, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { openEngine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { BOUNDS } from '../../src/server/config/config.ts'
import { openLog } from '../../src/server/config/logger.ts'
import type { OperationPlugin } from '../../src/server/operations/operation-pipeline.ts'
import { startServer } from '../../src/server/start.ts'
import { subscribe, TRANSPORTS, type Subscriber, type Transport } from '../support/server/feeds.ts'
import { serve, temporaryDirectory, type ServiceFixture } from '../support/server/fixture.ts'
import { openPeer } from '../support/server/raw.ts'
import { until } from '../support/time/until.ts'

const WAYS = ['http', 'ws', 'sse'] as const
type Way = (typeof WAYS)[number]

async function serveWith(...plugins: readonly OperationPlugin[]): Promise<ServiceFixture> {
  const engine = await openEngine(new MemoryStore())
  return serve(engine.database('default', { actor: null }), {}, plugins)
}

interface Asked {
  readonly query?: string
  readonly variables?: object
  readonly extensions?: object
}

/** The first result of an operation, as text. */
async function resultOver(way: Way, address: ServiceFixture, payload: Asked): Promise<string> {
  if (way === 'ws') {
    const peer = await openPeer(address.wsEndpoint)
    peer.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: '', ...payload } }))
    const message = (await peer.take()) as { type: string; payload: unknown }
    return JSON.stringify(message.type === 'error' ? { errors: message.payload } : message.payload)
  }
  const accept = way === 'sse' ? 'text/event-stream' : 'application/json'
  const headers = { 'content-type': 'application/json', accept }
  const response = await fetch(address.endpoint, { method: 'POST', headers, body: JSON.stringify(payload) })
  const text = await response.text()
  return way === 'sse' ? (/^data: (.*)$/m.exec(text)?.[1] ?? text) : text
}

const WATCH = 'subscription { changes(paths: ["posts"]) { upToDate changes { path } } }'

async function watch(over: Transport, address: ServiceFixture): Promise<Subscriber> {
  const subscriber = await subscribe(over, address, { query: WATCH })
  await until(() => subscriber.payloads.length === 1 || subscriber.ended())
  return subscriber
}

const POST = 'mutation { put(path: "posts/1", value: 1) { document { path } } }'

describe('a plugin of others acts on every transport:', () => {
  test('one that counts operations', async () => {
    const seen: string[] = []
    const address = await serveWith(useLogger({ logFn: (event) => void seen.push(event) }))
    for (const way of WAYS) expect(await resultOver(way, address, { query: POST })).toContain('"path":"posts/1"')
    expect(seen.filter((event) => event === 'execute-end')).toHaveLength(3)
    for (const over of TRANSPORTS) await watch(over, address)
    expect(seen.filter((event) => event === 'subscribe-end')).toHaveLength(2)
  })

  test('one that formats results', async () => {
    const address = await serveWith(usePayloadFormatter((result) => ({ ...result, extensions: { cost: 3 } })))
    for (const way of WAYS) {
      expect(await resultOver(way, address, { query: '{ __typename }' })).toBe(
        '{"data":{"__typename":"Query"},"extensions":{"cost":3}}',
      )
    }
  })

  test('one that sees the errors before they are masked', async () => {
    const seen: unknown[] = []
    const address = await serveWith(useErrorHandler(({ errors }) => void seen.push(...errors.map(String))))
    for (const way of WAYS) {
      expect(await resultOver(way, address, { query: '{ get(path: "a//b") }' })).toContain('"code":"INVALID_PATH"')
    }
    expect(seen).toHaveLength(3)
  })

  test('a rule for documents', async () => {
    const address = await serveWith({
      onValidate: ({ addValidationRule }) => addValidationRule(NoSchemaIntrospectionCustomRule),
    })
    for (const way of WAYS) {
      const refused = await resultOver(way, address, { query: '{ __schema { queryType { name } } }' })
      expect(refused).toContain('introspection')
      expect(refused).toContain('"code":"BAD_REQUEST"')
    }
  })

  test('persisted operations, that come without a text', async () => {
    const texts: Readonly<Record<string, string>> = { one: '{ __typename }', watch: WATCH }
    const address = await serveWith({
      onParams: ({ params, setParams }) => {
        const query = texts[String(params.extensions?.['id'])]
        const extensions = { code: 'NOT_PERSISTED', http: { status: 400 } }
        if (query === undefined) throw createGraphQLError('Not a persisted operation.', { extensions })
        setParams({ ...params, query })
      },
    })
    for (const way of WAYS) {
      expect(await resultOver(way, address, { extensions: { id: 'one' } })).toBe('{"data":{"__typename":"Query"}}')
      const refused = JSON.parse(await resultOver(way, address, { query: '{ __typename }' })) as object
      expect(refused).toEqual({
        errors: [{ message: 'Not a persisted operation.', extensions: { code: 'NOT_PERSISTED' } }],
      })
    }
    expect(await resultOver('ws', address, { extensions: { id: 'watch' } })).toContain('"upToDate":true')
  })

  test('an answer in place of the operation', async () => {
    const address = await serveWith({ onParams: ({ setResult }) => setResult({ data: { cached: true } }) })
    for (const way of WAYS) {
      expect(await resultOver(way, address, { query: '{ __typename }' })).toBe('{"data":{"cached":true}}')
    }
  })

  test('one that refuses by the headers of the request', async () => {
    const address = await serveWith({
      onContextBuilding: ({ context }) => {
        if (context.request.headers.get('authorization') !== 'Bearer right') throw createGraphQLError('Who are you?')
      },
    })
    for (const way of WAYS) {
      expect(await resultOver(way, address, { query: POST })).toContain('{"errors":[{"message":"Who are you?"')
    }
    expect(await resultOver('ws', address, { query: WATCH })).toContain('Who are you?')
    expect(await resultOver('sse', address, { query: WATCH })).toContain('Who are you?')
    const headers = { 'content-type': 'application/json', authorization: 'Bearer right' }
    const response = await fetch(address.endpoint, { method: 'POST', headers, body: JSON.stringify({ query: POST }) })
    expect(await response.text()).toContain('"path":"posts/1"')
  })
})

describe('events of a subscription', () => {
  async function follow(plugin: Plugin): Promise<readonly string[][]> {
    const address = await serveWith(plugin)
    const subscribers = await Promise.all(TRANSPORTS.map((over) => watch(over, address)))
    await resultOver('http', address, { query: POST })
    await until(() => subscribers.every(({ payloads }) => payloads.length === 2))
    return subscribers.map(({ payloads }) => [...payloads])
  }
  const plain = [
    '{"data":{"changes":{"upToDate":true,"changes":[]}}}',
    '{"data":{"changes":{"upToDate":true,"changes":[{"path":"posts/1"}]}}}',
  ]

  test('pass a plugin that only looks at the start of subscriptions', async () => {
    expect(await follow({ onSubscribe: () => {} })).toEqual([plain, plain])
  })

  test('are executed once for all beside such a plugin', async () => {
    const engine = await openEngine(new MemoryStore())
    const real = engine.database('default', { actor: null })
    let reads = 0
    const history: Database['history'] = (...args) => {
      reads++
      return real.history(...args)
    }
    const db = Object.assign(Object.create(real) as Database, { history })
    const address = await serve(db, {}, [{ onSubscribe: () => {}, onExecute: () => {} }])
    const query =
      'subscription { changes(paths: ["posts"]) { changes { document { history(last: 1) { nodes { version } } } } } }'
    const subscribers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => subscribe(TRANSPORTS[i % 2] ?? 'ws', address, { query })),
    )
    await until(() => subscribers.every(({ payloads }) => payloads.length === 1))
    await db.put('posts/1', 1)
    await until(() => subscribers.every(({ payloads }) => payloads.length === 2))
    expect(reads).toBe(1)
  })

  test('go through a plugin that changes each of them', async () => {
    const marked: Plugin = {
      onSubscribe: () => ({
        onSubscribeResult: () => ({
          onNext: ({ result, setResult }) => setResult({ ...result, extensions: { seen: true } }),
        }),
      }),
    }
    const expected = plain.map((text) => text.replace(/\}$/, ',"extensions":{"seen":true}}'))
    expect(await follow(marked)).toEqual([expected, expected])
  })

  test('are those of the database that a plugin puts into the context', async () => {
    const [own, other] = await Promise.all([openEngine(new MemoryStore()), openEngine(new MemoryStore())])
    const db = other.database('other', { actor: null })
    const address = await serve(own.database('default', { actor: null }), {}, [
      { onContextBuilding: ({ extendContext }) => extendContext({ db } as object) },
    ])
    const subscribers = await Promise.all(TRANSPORTS.map((over) => watch(over, address)))
    await db.put('posts/1', 1)
    await until(() => subscribers.every(({ payloads }) => payloads.length === 2))
    expect(subscribers.map(({ payloads }) => payloads)).toEqual([plain, plain])
  })

  test('end when the client leaves, through a plugin too', async () => {
    let ended = 0
    const address = await serveWith({
      onSubscribe: () => ({ onSubscribeResult: () => ({ onEnd: () => void ended++ }) }),
    })
    const subscribers = await Promise.all(TRANSPORTS.map((over) => watch(over, address)))
    for (const subscriber of subscribers) subscriber.complete()
    await until(() => ended === 2)
  })
})

test("a plugin with hooks of Yoga's request handler is refused at the start", async () => {
  const config = { host: '127.0.0.1', insecure: false, port: 0, cors: [], logLevel: 'silent', bounds: BOUNDS } as const
  const directory = await temporaryDirectory()
  const plugins: readonly Plugin[] = [{ onResponse: () => {} }]
  await expect(startServer({ ...config, directory, plugins }, openLog('silent'))).rejects.toThrow(
    /^A plugin has the hook onResponse, .*onExecute/,
  )
})
