import { expect, test } from 'vitest'
import type { ChangeBatch, Database } from '../../src/core/database.ts'
import { DatabaseError } from '../../src/core/error.ts'
import { openEngine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { ask, openServer, serve } from '../support/server/fixture.ts'
import { openPeer, openSocket, postText } from '../support/server/raw.ts'
import { until } from '../support/time/until.ts'
import { overridden } from '../support/database/overridden.ts'
import { feedFrom } from '../support/database/feed-from.ts'

/** A database that works except for the methods that are replaced. */
async function faulty(faults: Partial<Database>): Promise<Database> {
  const engine = await openEngine(new MemoryStore())
  return overridden(engine.database('default', { actor: null }), faults)
}

const SECRET = 'secret-of-a-user'
const bug = (): never => {
  throw new TypeError(SECRET)
}
const READ = '{ get(path: "posts/1") }'
const WATCH = 'subscription { changes(paths: ["posts"]) { cursor } }'

/** One batch, then the error. */
function failingFeed(error: Error): AsyncIterableIterator<ChangeBatch> {
  let first = true
  return feedFrom(async () => {
    if (!first) throw error
    first = false
    return { changes: [], cursor: '1', upToDate: true, reset: null }
  })
}

const stream = async (endpoint: string, query: string): Promise<string> =>
  (
    await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query }),
    })
  ).text()

test.each(['development', 'production'])('a bug is masked on every channel (NODE_ENV=%s)', async (mode) => {
  const before = process.env['NODE_ENV']
  process.env['NODE_ENV'] = mode
  try {
    const { endpoint, wsEndpoint } = await serve(
      await faulty({ get: bug, changes: () => failingFeed(new TypeError(SECRET)) }),
    )
    const peer = await openPeer(wsEndpoint)
    peer.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: READ } }))
    const texts = [
      JSON.stringify(await ask(endpoint, READ)),
      await stream(endpoint, READ),
      await stream(endpoint, WATCH),
      JSON.stringify(await peer.take()),
    ]
    for (const text of texts) {
      expect(text).toContain('"code":"INTERNAL"')
      expect(text).not.toMatch(new RegExp(`${SECRET}|TypeError|node_modules|\\.ts:`))
    }
  } finally {
    process.env['NODE_ENV'] = before
  }
})

test('a feed that fails says its code: an error on a WebSocket, a last result on an event stream', async () => {
  const expired = new DatabaseError('CURSOR_EXPIRED', 'The cursor lies below the floor.', { floor: '7' })
  const { endpoint, wsEndpoint } = await serve(await faulty({ changes: () => failingFeed(expired) }))
  const peer = await openPeer(wsEndpoint)
  peer.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: WATCH } }))
  expect(await peer.take()).toMatchObject({ type: 'next', payload: { data: { changes: { cursor: '1' } } } })
  expect(await peer.take()).toMatchObject({
    type: 'error',
    payload: [{ extensions: { code: 'CURSOR_EXPIRED', floor: '7' } }],
  })
  const text = await stream(endpoint, WATCH)
  expect(text).toMatch(/"cursor":"1"[\s\S]*"code":"CURSOR_EXPIRED"[\s\S]*event: complete/)
})

test('a write whose client is gone is finished', async () => {
  const { port, endpoint } = await openServer()
  const body = JSON.stringify({ query: 'mutation { put(path: "posts/1", value: "kept") { id } }' })
  const socket = await openSocket(port)
  socket.write(postText(body) + body, () => socket.destroy())
  await until(
    async () => (await ask(endpoint, READ)).data !== null && JSON.stringify(await ask(endpoint, READ)).includes('kept'),
  )
})

test('readiness is refused after the store has failed', async () => {
  const fail = async (): Promise<never> => {
    throw new DatabaseError('STORAGE_FULL', 'There is no room.')
  }
  const { endpoint } = await serve(await faulty({ put: fail }))
  const ready = endpoint.replace('/graphql', '/readyz')
  expect((await fetch(ready)).status).toBe(200)
  expect(await ask(endpoint, 'mutation { put(path: "posts/1", value: 1) { id } }')).toMatchObject({
    errors: [{ extensions: { code: 'STORAGE_FULL' } }],
  })
  const answer = await fetch(ready)
  expect(answer.status).toBe(503)
  expect(await answer.json()).toEqual({ status: 'unavailable', reason: 'The store failed a moment ago.' })
})
