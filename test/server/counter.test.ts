import { expect, test } from 'vitest'
import { ask, openServer } from '../support/server/fixture.ts'
import { openPeer } from '../support/server/raw.ts'

const INCREMENT =
  'mutation ($by: JSON!) { patch(path: "counters/1", patch: { operators: $by }) { document { version } } }'
const WRITERS = 64
const INCREMENTS = 10

test('64 writers on one counter, over WebSockets and HTTP, give the exact sum and no conflict', async () => {
  const { endpoint, wsEndpoint } = await openServer()
  await ask(endpoint, 'mutation { put(path: "counters/1", value: { n: 0 }) { id } }')
  const overWs = async (writer: number): Promise<void> => {
    const peer = await openPeer(wsEndpoint)
    for (let i = 0; i < INCREMENTS; i++) {
      const payload = { query: INCREMENT, variables: { by: { n: { $inc: writer } } } }
      peer.send(JSON.stringify({ id: `${i}`, type: 'subscribe', payload }))
      expect(await peer.take()).toMatchObject({ type: 'next', payload: { data: expect.anything() as object } })
      expect(await peer.take()).toMatchObject({ type: 'complete' })
    }
  }
  const overHttp = async (writer: number): Promise<void> => {
    for (let i = 0; i < INCREMENTS; i++) {
      const { errors } = await ask(endpoint, INCREMENT, { by: { n: { $inc: writer } } })
      expect(errors).toBeUndefined()
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, (_, i) => (i % 2 === 0 ? overWs(i) : overHttp(i))))
  const { data } = await ask(endpoint, '{ document(path: "counters/1") { version value } }')
  const sum = (INCREMENTS * WRITERS * (WRITERS - 1)) / 2
  expect(data).toEqual({ document: { version: 1 + WRITERS * INCREMENTS, value: { n: sum } } })
})
