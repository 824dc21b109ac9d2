import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openEngine } from '../db/engine.ts'
import { dataOf, StartError, type Config } from './config.ts'
import type { Log } from './log.ts'
import { openStore } from './open-store.ts'
import { createService } from './service.ts'
import { stopServer } from './stop.ts'

/** A server that takes requests. */
export interface RunningServer {
  /** Such as `http://127.0.0.1:4747`. */
  readonly url: string
  readonly port: number
  /** Drains and frees everything, within the bound `stopMs`; the same promise when called again. */
  close(): Promise<void>
}

/** The tenant of a server without tenants. */
const TENANT = 'default'

/** Opens the store and serves it. Throws StartError, with a sentence for whoever starts it. */
export async function startServer(config: Config, log: Log): Promise<RunningServer> {
  const { store, problem } = await openStore(config, TENANT, log)
  try {
    const engine = await openEngine(store, { warn: (sentence) => log.warn(sentence) })
    const service = createService({ db: engine.database(TENANT, { actor: null }), config, log, counts: () => engine.counts(), problem })
    const { server } = service.http
    await listen(server, config)
    const { port } = server.address() as AddressInfo
    log.debug({ host: config.host, port, data: dataOf(config) }, 'listening')
    let stopped: Promise<void> | null = null
    const close = (): Promise<void> => (stopped ??= stopServer(service, { engine, store }, { stopMs: config.bounds.stopMs, log }))
    return { url: `http://${nameOf(config.host)}:${port}`, port, close }
  } catch (error) {
    await store.close()
    throw error
  }
}

async function listen(http: Server, { host, port }: Config): Promise<void> {
  try {
    http.listen({ host, port })
    await once(http, 'listening')
  } catch (error) {
    throw new StartError(listenProblem(error, host, port), { cause: error })
  }
}

function listenProblem(error: unknown, host: string, port: number): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  switch (code) {
    case 'EADDRINUSE':
      return `The port ${port} on ${host} is taken: stop what uses it, or choose another one with --port.`
    case 'EACCES':
      return `The port ${port} on ${host} is not allowed for this user: choose one above 1023 with --port.`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The address ${host} is not one of this machine: choose another one with --host, such as 127.0.0.1.`
    default:
      return `The server cannot listen on ${host}:${port} (${code}): choose another address with --host and --port.`
  }
}

/** A name under which this machine can reach what listens on `host`. */
function nameOf(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
