import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { OperationPlugin } from './operations/operation-pipeline.ts'
import { openEngine } from '../db/engine.ts'
import { addressToListenOn, isLoopback, nameOf } from './config/address.ts'
import { dataOf, readConfig, StartError, type Config } from './config/config.ts'
import { openLog, type Log } from './config/logger.ts'
import type { DatabaseOf } from './demo-seed.ts'
import { noteAddress, removeAddress } from './config/address-note.ts'
import { isNewDirectory, keepDirectory, makeNewDirectory } from './store/new-directory.ts'
import { dataBytes } from './store/data-bytes.ts'
import { openStore } from './store/open-store.ts'
import { OperationLoad } from './limits/operation-load.ts'
import { createApp } from './app.ts'
import { stopServer } from './stop.ts'

/** A listening server. */
export interface RunningServer {
  /** Such as `http://127.0.0.1:4747`. */
  readonly url: string
  readonly port: number
  /** Null, or a warning that other machines reach the server, although there are no rights. */
  readonly warning: string | null
  /** Drains and frees everything, within the bound `stopMs`; the same promise when called again. */
  close(): Promise<void>
}

/** How a program starts a server; what is left out has the default of the command line without an environment. */
export interface ServerOptions extends Partial<Config> {
  /**
   * Yoga or envelop plugins, for the operations of all transports; default none. A plugin with hooks of Yoga's own
   * request handler (`onRequest`, `onResponse` …) is refused.
   */
  readonly plugins?: readonly OperationPlugin[] | undefined
  /**
   * Fills the data before the server listens, when this start makes its directory, or keeps it in memory; again after
   * a kill, until it has resolved once. Default: nothing is written.
   */
  readonly seed?: ((databaseOf: DatabaseOf) => Promise<void>) | undefined
}

/** The tenant of a server without tenants. */
const TENANT = 'default'

/**
 * Opens the store and serves it. Throws StartError, with a sentence for the person who starts the server. `log`:
 * default JSON lines on stderr.
 */
export async function startServer(
  options: ServerOptions = {},
  log: Log = openLog(options.logLevel ?? 'info'),
): Promise<RunningServer> {
  const config: Config = { ...readConfig({}, {}), ...options }
  const address = await listenable(config, () => addressToListenOn(config))
  if (options.seed !== undefined && hasDirectory(config)) makeNewDirectory(config.directory)
  const { store, unavailableReason } = await openStore(config, TENANT, log)
  try {
    const load = new OperationLoad()
    let onPurged = (): void => {}
    const engine = await openEngine(store, {
      warn: (sentence) => log.warn(sentence),
      broadcastShare: load.broadcastShare,
      onPurged: () => onPurged(),
    })
    await fill(config, options.seed, (actor) => engine.database(TENANT, { actor }))
    const app = createApp({
      databaseOf: (actor) => engine.database(TENANT, { actor, views: true, handsOver: true }),
      config,
      address,
      log,
      plugins: options.plugins,
      load,
      counts: () => ({ ...engine.counts(), ...engine.retention() }),
      facts: { subscriptions: () => engine.subscriptions(TENANT), dataBytes: () => dataBytes(config) },
      unavailableReason,
    })
    onPurged = () => app.payloadCache.clear()
    void engine.begin(TENANT)
    const { server } = app.http
    await listenable(config, () => listen(server, address, config.port))
    const { port } = server.address() as AddressInfo
    log.debug({ host: config.host, port, data: dataOf(config) }, 'listening')
    const warning = isLoopback(address)
      ? null
      : `there are no rights: every machine that reaches ${address}, port ${port}, may read and write everything`
    if (warning !== null) log.warn({ address, port }, warning)
    const url = `http://${nameOf(config.host)}:${port}`
    if (hasDirectory(config)) noteAddress(config.directory, url)
    let stopped: Promise<void> | null = null
    const close = (): Promise<void> => {
      if (stopped === null && hasDirectory(config)) removeAddress(config.directory)
      return (stopped ??= stopServer(app, { engine, store }, { stopMs: config.bounds.stopMs, log }))
    }
    return { url, port, warning, close }
  } catch (error) {
    await store.close()
    throw error
  }
}

function hasDirectory({ mongodb, memory }: Config): boolean {
  return mongodb === undefined && memory !== true
}

/** Seeds new data; a directory that is opened without a seed is not new any more. */
async function fill(config: Config, seed: ServerOptions['seed'], databaseOf: DatabaseOf): Promise<void> {
  if (config.memory === true) return seed?.(databaseOf)
  if (!hasDirectory(config) || !isNewDirectory(config.directory)) return
  await seed?.(databaseOf)
  keepDirectory(config.directory)
}

async function listen(http: Server, host: string, port: number): Promise<void> {
  http.listen({ host, port })
  await once(http, 'listening')
}

/** Runs a step of listening; an error of the system becomes a StartError with the remedy. */
async function listenable<Result>({ host, port }: Config, action: () => Promise<Result>): Promise<Result> {
  try {
    return await action()
  } catch (error) {
    throw error instanceof StartError ? error : new StartError(listenProblem(error, host, port), { cause: error })
  }
}

function listenProblem(error: unknown, host: string, port: number): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  switch (code) {
    case 'EADDRINUSE':
      return (
        `The port ${port} on ${host} is taken: stop what uses it, or choose another one with --port, as in ` +
        'npm start -- --port 8080.'
      )
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
