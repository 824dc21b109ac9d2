import { expect, test } from 'vitest'
import { ask, expectAlive, openServer, type ServerFixture } from '../support/server/fixture.ts'
import { openPeer, type RawPeer } from '../support/server/raw.ts'
import { until } from '../support/time/until.ts'

const follow = (id: string, query: string): string => JSON.stringify({ id, type: 'subscribe', payload: { query } })

/** Takes messages until one is about the operation `id`. */
async function takeOf(peer: RawPeer, id: string): Promise<Record<string, unknown>> {
  const message = await peer.take()
  return message['id'] === id ? message : takeOf(peer, id)
}

test.each([
  'subscription { changes(paths: ["a"]) @skip(if: true) { cursor } }',
  'subscription { ...F @include(if: false) } fragment F on Subscription { changes(paths: ["a"]) { cursor } }',
])('a subscription without a root field ends alone: %s', async (query) => {
  const server = await openServer()
  const peer = await openPeer(server.wsEndpoint)
  peer.send(follow('neighbour', 'subscription { changes(paths: ["a"], heartbeatMs: 100) { cursor } }'))
  await takeOf(peer, 'neighbour')
  peer.send(follow('empty', query))
  expect(await takeOf(peer, 'empty')).toMatchObject({
    type: 'error',
    payload: [{ extensions: { code: 'BAD_REQUEST' } }],
  })
  expect(await takeOf(peer, 'neighbour')).toMatchObject({ type: 'next' })
})

/** A log of 20,000 commits. */
async function writeLog(server: ServerFixture): Promise<void> {
  const peer = await openPeer(server.wsEndpoint)
  let answered = 0
  peer.socket.on('message', (data) => {
    if ((data as Buffer).includes('"next"')) answered++
  })
  for (let i = 0; i < 20_000; i++) {
    peer.send(follow(String(i), `mutation { put(path: "a/${i % 100}", value: ${i}) { id } }`))
  }
  await until(() => answered === 20_000, 30_000)
}

test('feeds that read a long log from its beginning leave a turn to others', { timeout: 60_000 }, async () => {
  const server = await openServer()
  await writeLog(server)
  const peer = await openPeer(server.wsEndpoint)
  for (let i = 0; i < 50; i++) {
    peer.send(
      follow(
        String(i),
        'subscription { changes(paths: ["a"], start: BEGINNING) { upToDate changes { path document { value } } } }',
      ),
    )
  }
  await peer.take()
  for (let ping = 0; ping < 10; ping++) await expectAlive(server.endpoint)
  expect(await ask(server.endpoint, '{ get(path: "a/99") }')).toEqual({ data: { get: 19_999 } })
})
