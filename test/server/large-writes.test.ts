import { describe, expect, test } from 'vitest'
import type { Json } from '../../src/core/json/json.ts'
import { ask, openServer } from '../support/server/fixture.ts'
import { openPeer, type RawPeer } from '../support/server/raw.ts'
import { turns } from '../support/time/turns.ts'
import { until } from '../support/time/until.ts'

/** Objects of 1,000 fields, nearly 1 MiB. */
const large = (): Json =>
  Array.from({ length: 80 }, () => Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`k${i}`, i])))

const PUT = 'mutation ($path: Path!, $value: JSON) { put(path: $path, value: $value) { id } }'

const putMessage = (id: string, path: string, value: Json): string =>
  JSON.stringify({ id, type: 'subscribe', payload: { query: PUT, variables: { path, value } } })

/** The next messages of some kind. */
async function take(peer: RawPeer, type: string, count: number): Promise<readonly Record<string, unknown>[]> {
  const taken: Record<string, unknown>[] = []
  while (taken.length < count) {
    const message = await peer.take()
    if (message['type'] === type) taken.push(message)
  }
  return taken
}

const heldBytes = async (url: string): Promise<number> => {
  const metrics = await (await fetch(`${url}/metrics`)).text()
  return Number(/^tidemark_held_bytes (\d+)$/m.exec(metrics)?.[1])
}

describe('A message of 1 MiB with 80,000 fields over a WebSocket', () => {
  test('is done before the messages behind it', async () => {
    const { wsEndpoint, endpoint } = await openServer()
    const peer = await openPeer(wsEndpoint)
    peer.send(putMessage('1', 'a/1', large()))
    peer.send(putMessage('2', 'a/1', 'small'))
    peer.send('{"type":"ping"}')
    const answers = await take(peer, 'next', 2)
    expect(answers.map(({ id }) => id)).toEqual(['1', '2'])
    expect(await ask(endpoint, '{ get(path: "a/1") }')).toEqual({ data: { get: 'small' } })
  })

  test('that is no JSON ends the connection, as a short one does', async () => {
    const { wsEndpoint } = await openServer()
    const peer = await openPeer(wsEndpoint)
    peer.send(`${putMessage('1', 'a/1', large())}}`)
    peer.send(putMessage('2', 'a/1', 'small'))
    expect(await peer.closed).toBe(4400)
  })

  test('of a client that goes away meanwhile is held no longer', async () => {
    const { wsEndpoint, url } = await openServer()
    for (let i = 0; i < 8; i++) {
      const peer = await openPeer(wsEndpoint)
      peer.send(putMessage('1', `a/${i}`, large()))
      peer.send(putMessage('2', `a/${i}`, large()))
      if (i % 2 === 0) await turns(10 * i)
      peer.socket.terminate()
    }
    await until(async () => (await heldBytes(url)) === 0)
  })
})

test('a body of 1 MiB with 80,000 fields is refused with the place of what is wrong in it', async () => {
  const { endpoint } = await openServer()
  const body = JSON.stringify({ query: PUT, variables: { path: 'a/1', value: large() } })
  const spoiled = `${body.slice(0, body.lastIndexOf('999'))}1e999${body.slice(body.lastIndexOf('999') + 3)}`
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(endpoint, { method: 'POST', headers, body: spoiled })
  expect(await response.json()).toMatchObject({
    errors: [{ extensions: { code: 'INVALID_VALUE', at: '/79/k999' } }],
  })
})
