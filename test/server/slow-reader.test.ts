import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import type { ChangeBatch, Database } from '../../src/core/database.ts'
import { openEngine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { serve } from '../support/server/fixture.ts'
import { openPeer, openSocket, postText } from '../support/server/raw.ts'
import { until } from '../support/time/until.ts'
import { overridden } from '../support/database/overridden.ts'
import { feedFrom } from '../support/database/feed-from.ts'
import { standstill } from '../support/server/standstill.ts'

/** Batches of 100 KB, 200 MB together: far more than the sockets between two processes hold. */
const BATCHES = 2_000
const ID = 'x'.repeat(100_000)
const WATCH = JSON.stringify({
  query: 'subscription { changes(paths: ["posts"]) { cursor upToDate changes { commit } } }',
})

/** A database whose feed is counted. */
interface Counted {
  readonly db: Database
  readonly pulled: () => number
  readonly ended: () => boolean
}

/** `idle`: after the first batch nothing comes until the feed is ended. */
async function countedDatabase({ idle = false }: { readonly idle?: boolean } = {}): Promise<Counted> {
  const engine = await openEngine(new MemoryStore())
  const real = engine.database('default', { actor: null })
  let pulled = 0
  let ended = false
  let wake = (): void => {}
  const feed = feedFrom(
    async () => {
      if (idle && pulled > 0 && !ended) await new Promise<void>((resolve) => (wake = resolve))
      if (ended || pulled === BATCHES) return null
      return batch(++pulled)
    },
    () => {
      ended = true
      wake()
    },
  )
  return {
    db: overridden(real, { changes: () => feed }),
    pulled: () => pulled,
    ended: () => ended,
  }
}

function batch(n: number): ChangeBatch {
  return {
    changes: [{ commit: ID } as ChangeBatch['changes'][number]],
    cursor: String(n),
    upToDate: false,
    reset: null,
  }
}

const expected = Array.from({ length: BATCHES }, (_, i) => String(i + 1))

test('a WebSocket reader that stops, stops its feed, and then gets everything once, in order', async () => {
  const counted = await countedDatabase()
  const { endpoint, wsEndpoint } = await serve(counted.db)
  const peer = await openPeer(wsEndpoint)
  peer.socket.pause()
  peer.send(`{"id":"1","type":"subscribe","payload":${WATCH}}`)
  expect(await standstill(counted.pulled, endpoint)).toBeLessThan(BATCHES / 4)
  peer.socket.resume()
  const cursors: unknown[] = []
  for (let message = await peer.take(); message['type'] === 'next'; message = await peer.take()) {
    cursors.push((message as { payload: { data: { changes: { cursor: string } } } }).payload.data.changes.cursor)
  }
  expect(cursors).toEqual(expected)
})

test('an event stream reader that stops, stops its feed, and then gets everything once, in order', async () => {
  const counted = await countedDatabase()
  const { endpoint, port } = await serve(counted.db)
  const socket = await watch(port)
  socket.pause()
  expect(await standstill(counted.pulled, endpoint)).toBeLessThan(BATCHES / 4)
  const cursors: string[] = []
  let rest = ''
  const complete = new Promise<void>((resolve) =>
    socket.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString('latin1')).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const cursor = /^data: .*"cursor":"(\d+)"/.exec(line)?.[1]
        if (cursor !== undefined) cursors.push(cursor)
        if (line.startsWith('event: complete')) resolve()
      }
    }),
  )
  socket.resume()
  await complete
  expect(cursors).toEqual(expected)
})

test.each(['ws', 'sse'])('the feed of a stopped reader ends at once when the reader is gone: %s', async (channel) => {
  const counted = await countedDatabase()
  const { endpoint, port, wsEndpoint } = await serve(counted.db)
  if (channel === 'ws') {
    const peer = await openPeer(wsEndpoint)
    peer.socket.pause()
    peer.send(`{"id":"1","type":"subscribe","payload":${WATCH}}`)
    await standstill(counted.pulled, endpoint)
    peer.socket.terminate()
  } else {
    const socket = await watch(port)
    socket.pause()
    await standstill(counted.pulled, endpoint)
    socket.destroy()
  }
  await until(counted.ended)
})

test.each(['ws', 'sse'])('the feed of an idle reader ends at once when the reader is gone: %s', async (channel) => {
  const counted = await countedDatabase({ idle: true })
  const { port, wsEndpoint } = await serve(counted.db)
  const reader = channel === 'ws' ? (await openPeer(wsEndpoint)).socket : await watch(port)
  if ('send' in reader) reader.send(`{"id":"1","type":"subscribe","payload":${WATCH}}`)
  await until(() => counted.pulled() === 1)
  if ('terminate' in reader) reader.terminate()
  else reader.destroy()
  await until(counted.ended)
})

test('an event stream without events gets comments, so that nobody on the way closes it', async () => {
  const counted = await countedDatabase({ idle: true })
  const { port } = await serve(counted.db, { pingMs: 100 })
  const socket = await watch(port)
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString('latin1')).slice(-1_000)
  })
  await until(() => (text.match(/^:$/gm) ?? []).length >= 2)
})

async function watch(port: number): Promise<Socket> {
  const socket = await openSocket(port)
  socket.write(postText(WATCH, { connection: 'keep-alive', accept: 'text/event-stream' }) + WATCH)
  return socket
}
