import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Plugin } from 'graphql-yoga'
import { onTestFinished } from 'vitest'
import type { Database } from '../../../src/core/database.ts'
import { BOUNDS, type Bounds, type Config } from '../../../src/server/config/config.ts'
import { openLog } from '../../../src/server/config/logger.ts'
import type { OperationPlugin } from '../../../src/server/operations/operation-pipeline.ts'
import { createApp } from '../../../src/server/app.ts'
import { startServer, type RunningServer } from '../../../src/server/start.ts'

/** A plugin with every hook, none of which does anything: each operation runs through Yoga's envelop. */
const IDLE_PLUGIN: Plugin = {
  onEnveloped: () => {},
  onParams: () => {},
  onParse: () => {},
  onValidate: () => {},
  onContextBuilding: () => {},
  onExecute: () => {},
  onSubscribe: () => {},
}

/** Set by the project `envelop` of vitest.config.ts; else operations run on GraphQL's own functions. */
export const DEFAULT_PLUGINS: readonly Plugin[] = process.env['TIDEMARK_TEST_ENVELOP'] === '1' ? [IDLE_PLUGIN] : []

/** A server on the embedded store in a directory of its own; both are gone after the test. */
export interface ServerFixture extends RunningServer {
  /** `http://…/graphql` */
  readonly endpoint: string
  /** `ws://…/graphql` */
  readonly wsEndpoint: string
}

export interface FixtureOptions {
  readonly cors?: readonly string[]
  readonly host?: string
  readonly bounds?: Partial<Bounds>
}

/** Starts a server for the running test. */
export async function openServer({
  cors = [],
  host = '127.0.0.1',
  bounds = {},
}: FixtureOptions = {}): Promise<ServerFixture> {
  const directory = await temporaryDirectory()
  const config: Config = {
    host,
    insecure: false,
    port: 0,
    directory,
    cors,
    logLevel: 'silent',
    bounds: { ...BOUNDS, ...bounds },
  }
  const server = await startServer({ ...config, plugins: DEFAULT_PLUGINS }, openLog('silent'))
  onTestFinished(() => server.close())
  const endpoint = `${server.url}/graphql`
  return { ...server, endpoint, wsEndpoint: endpoint.replace('http', 'ws') }
}

/** A service in front of a database of the test's own. */
export interface ServiceFixture {
  readonly port: number
  readonly endpoint: string
  readonly wsEndpoint: string
}

/** Serves `db` for the running test. */
export async function serve(
  db: Database,
  bounds: Partial<Bounds> = {},
  plugins: readonly OperationPlugin[] = DEFAULT_PLUGINS,
): Promise<ServiceFixture> {
  const service = createApp({
    databaseOf: () => db,
    config: { host: '127.0.0.1', cors: [], bounds: { ...BOUNDS, ...bounds } },
    log: openLog('silent'),
    plugins,
    counts: () => ({ feeds: 0, shapes: 0, unindexedShapes: 0 }),
  })
  const { server } = service.http
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    service.sockets.close()
    service.sockets.terminate()
    service.streams.end()
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return { port, endpoint: `http://127.0.0.1:${port}/graphql`, wsEndpoint: `ws://127.0.0.1:${port}/graphql` }
}

/** A directory that is removed after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

export interface Answer {
  readonly data?: unknown
  readonly errors?: readonly { readonly message: string; readonly extensions?: Readonly<Record<string, unknown>> }[]
}

/** Asks by HTTP, as any client does. */
export async function ask(
  endpoint: string,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<Answer> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  })
  return (await response.json()) as Answer
}

/** Fails unless a query is answered within 10 s, which a process that stands still does not do. */
export async function expectAlive(endpoint: string): Promise<void> {
  const response = await fetch(`${endpoint}?query={__typename}`, { signal: AbortSignal.timeout(10_000) })
  const text = await response.text()
  if (text !== '{"data":{"__typename":"Query"}}') {
    throw new Error(`The server answers a ping with ${response.status} ${text}`)
  }
}
