import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { openEngine } from '../db/engine.ts'
import { MemoryStore } from '../store/memory/memory-store.ts'
import { createApp } from './app.ts'
import { BOUNDS } from './config/config.ts'
import { openLog } from './config/logger.ts'
import { stopServer } from './stop.ts'

/** A listening server that keeps its data in memory. */
interface MemoryServer {
  /** Such as `http://127.0.0.1:40123`. */
  readonly url: string
  /** Stops it; its data is gone. The same promise when called again. */
  readonly close: () => Promise<void>
}

const MEMORY_HOST = '127.0.0.1'
const MEMORY_TENANT = 'default'

/** Serves an empty database on a free port of this machine. It logs nothing. */
export async function startMemoryServer(): Promise<MemoryServer> {
  const store = new MemoryStore()
  const engine = await openEngine(store)
  const log = openLog('silent')
  const app = createApp({
    databaseOf: (actor) => engine.database(MEMORY_TENANT, { actor }),
    config: { host: MEMORY_HOST, cors: [], bounds: BOUNDS },
    log,
    counts: () => ({ ...engine.counts(), ...engine.retention() }),
  })
  void engine.begin(MEMORY_TENANT)
  const { server } = app.http
  server.listen(0, MEMORY_HOST)
  await once(server, 'listening')
  let stopped: Promise<void> | null = null
  return {
    url: `http://${MEMORY_HOST}:${(server.address() as AddressInfo).port}`,
    close: () => (stopped ??= stopServer(app, { engine, store }, { stopMs: BOUNDS.stopMs, log })),
  }
}
