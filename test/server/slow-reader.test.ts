import { createParser } from './frames.ts'
import { expect, test } from 'vitest'
import { ask, expectAlive, openServer } from '../support/server-fixture.ts'
import { openPeer, openSocket, postText, until } from '../support/server-raw.ts'

const COMMITS = 600
const TEXT = 'x'.repeat(20_000)
const WRITE = 'mutation($ops: [Op!]!) { transact(ops: $ops) { id } }'
const WATCH = 'subscription { changes(paths: ["posts"], start: BEGINNING) { changes { path document { value } } } }'

/** 12 MB in the log, more than the network between two sockets holds. */
async function fill(endpoint: string): Promise<void> {
  for (let from = 0; from < COMMITS; from += 50) {
    const ids = Array.from({ length: 50 }, (_, i) => from + i)
    await Promise.all(ids.map((id) => ask(endpoint, WRITE, { ops: [{ post: { path: 'posts', value: TEXT, id: String(id).padStart(4, '0') } }] })))
  }
}

interface Batch {
  readonly changes: readonly { readonly path: string }[]
}

test('a WebSocket reader that stops stops its feed, costs little memory, and then gets everything in order', async () => {
  const { wsEndpoint, endpoint } = await openServer()
  await fill(endpoint)
  const peer = await openPeer(wsEndpoint)
  peer.socket.pause()
  global.gc?.()
  const before = process.memoryUsage().rss
  peer.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: WATCH } }))
  for (let i = 0; i < 50; i++) await expectAlive(endpoint)
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1_048_576)
  peer.socket.resume()
  const paths: string[] = []
  while (paths.length < COMMITS) {
    const { payload } = (await peer.take()) as { payload: { data: { changes: Batch } } }
    paths.push(...payload.data.changes.changes.map(({ path }) => path))
  }
  expect(new Set(paths).size).toBe(COMMITS)
})
