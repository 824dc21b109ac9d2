import { expect, onTestFinished, test } from 'vitest'
import { DatabaseError } from '../../src/core/error.ts'
import { openEngine } from '../../src/db/engine.ts'
import type { Authorize } from '../../src/db/feed/authorize.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { ask, serve, type ServiceFixture } from '../support/server/fixture.ts'
import { openPeer, type RawPeer } from '../support/server/raw.ts'

const INTERRUPT = 'mutation ($match: InterruptInput!) { interrupt(match: $match) }'

async function served(authorize: Authorize): Promise<ServiceFixture> {
  const engine = await openEngine(new MemoryStore(), { authorize })
  onTestFinished(() => engine.close())
  return serve(engine.database('default', { actor: null }))
}

function subscribe(peer: RawPeer, id: string, selection: string): void {
  peer.send(JSON.stringify({ id, type: 'subscribe', payload: { query: `subscription { ${selection} }` } }))
}

test('subscriptions on sockets that wait are reset, or end with FORBIDDEN, and the socket goes on', async () => {
  let authorize: Authorize = (asked) => asked
  const { endpoint, wsEndpoint } = await served((asked) => authorize(asked))
  const peer = await openPeer(wsEndpoint)
  const live = 'live(paths: ["posts"]) { upToDate reset changes { path } }'
  subscribe(peer, 'live', live)
  expect(await peer.take()).toMatchObject({ id: 'live', payload: { data: { live: { reset: null, upToDate: true } } } })
  subscribe(peer, 'get', 'get(path: "posts")')
  expect(await peer.take()).toMatchObject({ id: 'get', payload: { data: { get: [] } } })
  await ask(endpoint, 'mutation { put(path: "users/1", value: 1) { id } }')
  authorize = (asked) => ({ ...asked, paths: ['users'] })
  expect(await ask(endpoint, INTERRUPT, { match: { paths: ['posts'], actor: 'ann' } })).toEqual({
    data: { interrupt: 0 },
  })
  expect(await ask(endpoint, INTERRUPT, { match: { paths: ['posts'] } })).toEqual({ data: { interrupt: 2 } })
  const told = [await peer.take(), await peer.take()]
  const reset = { live: { upToDate: true, reset: 'SHAPE_CHANGED', changes: [{ path: 'users/1' }] } }
  expect(told.find(({ id }) => id === 'live')).toMatchObject({ payload: { data: reset } })
  expect(told.find(({ id }) => id === 'get')).toMatchObject({ payload: { data: { get: [{ id: '1', value: 1 }] } } })
  authorize = () => {
    throw new DatabaseError('FORBIDDEN', 'Not any more.')
  }
  expect(await ask(endpoint, INTERRUPT, { match: { paths: ['*'] } })).toEqual({ data: { interrupt: 2 } })
  const ended = [await peer.take(), await peer.take()]
  for (const { payload } of ended) expect(JSON.stringify(payload)).toContain('"code":"FORBIDDEN"')
  expect(new Set(ended.map(({ id }) => id))).toEqual(new Set(['live', 'get']))
  authorize = (asked) => asked
  subscribe(peer, 'again', live)
  expect(await peer.take()).toMatchObject({ id: 'again', payload: { data: { live: { upToDate: true } } } })
})
