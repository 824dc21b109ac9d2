import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Database } from '../../../src/core/database.ts'
import type { Limits } from '../../../src/core/limits.ts'
import { openEngine, type Engine } from '../../../src/db/engine.ts'
import { createApp } from '../../../src/server/app.ts'
import { BOUNDS } from '../../../src/server/config/config.ts'
import { openLog } from '../../../src/server/config/logger.ts'
import { MemoryStore } from '../../../src/store/memory/memory-store.ts'

/** A server over an engine in memory, on real sockets. */
export interface Served {
  readonly url: string
  readonly engine: Engine
  /** The same data without a network between. */
  readonly db: Database
  close(): Promise<void>
}

interface ServedOptions {
  readonly now?: () => number
  readonly limits?: Limits
  /** Whether WebSockets are taken. Default true. */
  readonly sockets?: boolean
}

/** Serves an empty database. */
export async function serveMemory({ sockets = true, ...options }: ServedOptions = {}): Promise<Served> {
  const store = new MemoryStore()
  const engine = await openEngine(store, options)
  const db = engine.database('default', { actor: null })
  const app = createApp({
    databaseOf: (actor) => engine.database('default', { actor }),
    config: { host: '127.0.0.1', cors: [], bounds: BOUNDS },
    log: openLog('silent'),
    counts: () => engine.counts(),
  })
  const { server } = app.http
  if (!sockets) server.removeAllListeners('upgrade').on('upgrade', (_, socket) => socket.destroy())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    engine,
    db,
    close: async () => {
      app.sockets.close()
      app.sockets.terminate()
      app.streams.end()
      server.close()
      server.closeAllConnections()
      await engine.close()
      await store.close()
    },
  }
}
