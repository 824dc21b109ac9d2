import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { handleProtocols } from 'graphql-ws'
import { WebSocketServer } from 'ws'
import type { ChangeBatch, Database } from '../../src/core/database.ts'
import { openEngine } from '../../src/db/engine.ts'
import { BOUNDS } from '../../src/server/config/config.ts'
import { openLog } from '../../src/server/config/logger.ts'
import { createApp } from '../../src/server/app.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'

/**
 * A process that broadcasts made-up changes: through the whole server, with a fake `changes` that gives all readers the
 * same batches, or with `ws` and `node:http` alone and the same bytes (the argument `raw`). It prints its address; a
 * line of stdin is the number of changes to broadcast at once and, optionally, the time that they carry as `t`.
 */
const at = '2026-01-01T00:00:00.000Z'

function batchOf(n: number, t: number): ChangeBatch {
  const path = `posts/${String(n).padStart(8, '0')}`
  const value = { title: 'A post as people write them', likes: 42, t, n }
  const cursor = `cursor-${n}`
  const document = {
    path,
    id: path.slice(6),
    version: 1,
    value,
    deleted: false,
    createdAt: at,
    updatedAt: at,
    actor: null,
    cursor,
    asOf: cursor,
  }
  return {
    changes: [{ type: 'NEW', reason: 'WRITE', path, document, before: null, fields: [], commit: cursor, cursor, at }],
    cursor,
    upToDate: true,
    reset: null,
  }
}

/** The payload of such a batch for a subscriber of FOLLOW. */
function payloadOf(n: number, t: number): string {
  const {
    cursor,
    upToDate,
    changes: [change],
  } = batchOf(n, t)
  const document = { version: change?.document.version, value: change?.document.value }
  return JSON.stringify({
    data: { changes: { cursor, upToDate, changes: [{ type: change?.type, path: change?.path, document }] } },
  })
}

/** All batches so far, the same objects for all readers. */
class SharedBatches {
  readonly #batches: ChangeBatch[] = [{ changes: [], cursor: 'begin', upToDate: true, reset: null }]
  #waiters: (() => void)[] = []

  broadcast(count: number, t: number): void {
    for (let i = 0; i < count; i++) this.#batches.push(batchOf(this.#batches.length, t))
    for (const wake of this.#waiters.splice(0)) wake()
  }

  follow(): AsyncIterableIterator<ChangeBatch> {
    let at = this.#batches.length - 1
    const next = async (): Promise<IteratorResult<ChangeBatch>> => {
      for (;;) {
        const value = this.#batches[at]
        if (value !== undefined) return (at++, { done: false, value })
        await new Promise<void>((resolve) => this.#waiters.push(resolve))
      }
    }
    const feed: AsyncIterableIterator<ChangeBatch> = {
      [Symbol.asyncIterator]: () => feed,
      next,
      return: async () => ({ done: true, value: undefined }),
    }
    return feed
  }
}

interface Broadcaster {
  readonly server: Server
  readonly broadcast: (count: number, t: number) => void
}

async function throughServer(): Promise<Broadcaster> {
  const engine = await openEngine(new MemoryStore())
  const batches = new SharedBatches()
  const db: Database = Object.assign(Object.create(engine.database('bench', { actor: null })) as Database, {
    changes: () => batches.follow(),
  })
  const { http } = createApp({
    databaseOf: () => db,
    config: { host: '127.0.0.1', cors: [], bounds: BOUNDS },
    log: openLog('error'),
    counts: () => engine.counts(),
  })
  return { server: http.server, broadcast: (count, t) => batches.broadcast(count, t) }
}

function raw(): Broadcaster {
  const responses = new Set<ServerResponse>()
  const server = createServer((_, res) => {
    responses.add(res.writeHead(200, { 'content-type': 'text/event-stream' }))
    res.flushHeaders()
    res.once('close', () => responses.delete(res))
  })
  const sockets = new WebSocketServer({ server, perMessageDeflate: false, handleProtocols })
  let n = 0
  const broadcast = async (count: number, t: number): Promise<void> => {
    for (const end = n + count; n < end; n++) {
      const payload = payloadOf(n, t)
      const message = Buffer.from(`{"id":"1","type":"next","payload":${payload}}`)
      for (const socket of sockets.clients) socket.send(message, { binary: false })
      const event = Buffer.from(`event: next\ndata: ${payload}\n\n`)
      for (const res of responses) res.write(event)
      await nextTurn()
    }
  }
  return { server, broadcast: (count, t) => void broadcast(count, t) }
}

const { server, broadcast } = process.argv.includes('raw') ? raw() : await throughServer()
server.listen({ host: '127.0.0.1', port: 0, backlog: 4_096 })
await once(server, 'listening')
process.once('SIGTERM', () => process.exit(0))
createInterface(process.stdin).on('line', (line) => {
  const [count = 0, t = 0] = line.split(' ').map(Number)
  broadcast(count, t)
})
console.log(JSON.stringify({ graphql: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql` }))
