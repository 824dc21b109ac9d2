import { expect, test } from 'vitest'
import { ask, openServer } from '../support/server/fixture.ts'
import { inLog } from '../support/writers/history-run.ts'
import { openPeer, type RawPeer } from '../support/server/raw.ts'

const BATCH = '{ cursor upToDate reset changes { type cursor path document { version value } } }'
const POST =
  'mutation ($value: JSON) { post(path: "typing", value: $value, id: "ann", ephemeral: true) { cursor ' +
  'changes { cursor } } }'

interface Next {
  readonly id: string
  readonly payload: { readonly data: Readonly<Record<string, unknown>> }
}

/** Subscribes, and takes the first batch, which is up to date. */
async function subscribed(wsEndpoint: string, field: 'changes' | 'live', args: string): Promise<RawPeer> {
  const peer = await openPeer(wsEndpoint)
  peer.send(
    JSON.stringify({
      id: '1',
      type: 'subscribe',
      payload: { query: `subscription { batch: ${field}(${args}) ${BATCH} }` },
    }),
  )
  expect(await taken(peer)).toMatchObject({ changes: [], upToDate: true })
  return peer
}

async function taken(peer: RawPeer): Promise<unknown> {
  return ((await peer.take()) as unknown as Next).payload.data['batch']
}

test('an ephemeral post reaches the subscribers that it concerns, between commits, and no query', async () => {
  const { endpoint, wsEndpoint } = await openServer()
  const { data } = await ask(endpoint, 'mutation { put(path: "posts/1", value: 1) { cursor } }')
  const { cursor } = (data as { readonly put: { readonly cursor: string } }).put
  const peers = [
    await subscribed(wsEndpoint, 'changes', 'paths: ["typing"]'),
    await subscribed(wsEndpoint, 'live', 'paths: ["typing"]'),
    await subscribed(wsEndpoint, 'changes', 'paths: ["typing"], where: "value.at == 1"'),
  ]
  const elsewhere = await subscribed(wsEndpoint, 'changes', 'paths: ["other", "typing/bob"]')
  for (const at of [1, 2]) {
    expect(await ask(endpoint, POST, { value: { at } })).toEqual({
      data: { post: { cursor, changes: [{ cursor: null }] } },
    })
    const change = { type: 'NEW', cursor: null, path: 'typing/ann', document: { version: 0, value: { at } } }
    const told = at === 1 ? peers : peers.slice(0, 2)
    for (const peer of told) {
      expect(inLog((await taken(peer)) as { readonly cursor: string })).toEqual({
        cursor,
        upToDate: true,
        reset: null,
        changes: [change],
      })
    }
  }
  expect(await ask(endpoint, '{ get(path: "typing") log(paths: ["*"]) { changes { path } } }')).toEqual({
    data: { get: [], log: { changes: [{ path: 'posts/1' }] } },
  })
  await ask(
    endpoint,
    'mutation { transact(ops: [{ put: { path: "typing/ann", value: { at: 1 } } }, { put: { path: ' +
      '"other/1", value: 1 } }]) { id } }',
  )
  for (const peer of [...peers, elsewhere]) {
    expect(await taken(peer)).toMatchObject({
      changes: [{ type: 'NEW', cursor: expect.any(String) as string, document: { version: 1 } }],
    })
  }
})

test('an ephemeral post with a key is BAD_REQUEST', async () => {
  const { endpoint } = await openServer()
  const { errors } = await ask(
    endpoint,
    'mutation { post(path: "typing", value: 1, ephemeral: true, key: "k") { id } }',
  )
  expect(errors).toMatchObject([{ extensions: { code: 'BAD_REQUEST', argument: 'key' } }])
})
