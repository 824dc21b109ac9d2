import type { OperationPlugin } from './operations/operation-pipeline.ts'
import type { Database } from '../core/database.ts'
import { createGraphqlModule } from '../graphql/graphql-module.ts'
import { PayloadCache } from './broadcast/payload-cache.ts'
import type { Config } from './config/config.ts'
import { createGraphqlHttp } from './http/graphql-handler.ts'
import { MemoryBudget } from './limits/memory-budget.ts'
import { createHttp, type Http } from './http/http-server.ts'
import { OperationLoad } from './limits/operation-load.ts'
import { OperationPacer } from './limits/operation-pacer.ts'
import { describeError, type Log } from './config/logger.ts'
import { Traffic } from './limits/traffic.ts'
import { createMetrics, type EngineCounts } from './status/metrics.ts'
import { createExecutor, type Executor } from './operations/executor.ts'
import { allowOrigins } from './http/origin-policy.ts'
import { FlushScheduler } from './broadcast/flush-scheduler.ts'
import { staticFiles } from './static/static-files.ts'
import { RequestRing } from './status/request-ring.ts'
import { createServerStatus, NO_FACTS, type StatusFacts } from './status/server-status.ts'
import { createReadiness, type Readiness } from './status/readiness.ts'
import { openSockets, type Sockets } from './ws/ws-server.ts'
import { createEventStreams, type EventStreams } from './sse/event-stream.ts'

/** The server in front of one tenant's database, not yet listening. */
export interface App {
  readonly http: Http
  readonly sockets: Sockets
  readonly streams: EventStreams
  readonly executor: Executor
  readonly readiness: Readiness
  readonly memoryBudget: MemoryBudget
  readonly payloadCache: PayloadCache
}

interface AppOptions {
  /** The database as an actor uses it; null: an operation that names none. */
  readonly databaseOf: (actor: string | null) => Database
  readonly config: Pick<Config, 'host' | 'cors' | 'bounds'> & Partial<Config>
  /** The IP address that `host` resolves to; default: `host`. */
  readonly address?: string | undefined
  readonly log: Log
  /** Yoga or envelop plugins that act on the operations of all transports; default none. */
  readonly plugins?: readonly OperationPlugin[] | undefined
  /** Counts the operations. Default: a new one. */
  readonly load?: OperationLoad | undefined
  /** Counts of running feeds and their shapes, for the metrics. */
  readonly counts: () => EngineCounts
  /** Facts of the engine and the store, for the status. Default: none. */
  readonly facts?: StatusFacts | undefined
  /** Why the store does not answer, if that is known without a call of it; null when it does (default). */
  readonly unavailableReason?: (() => string | null) | undefined
}

/** Connects all transports to a database. */
export function createApp({
  databaseOf,
  config,
  address = config.host,
  log,
  plugins,
  load = new OperationLoad(),
  counts,
  facts = NO_FACTS,
  unavailableReason = () => null,
}: AppOptions): App {
  const { bounds } = config
  const module = createGraphqlModule({
    report: (id, error) => log.error({ id, error: describeError(error) }, 'an operation failed'),
  })
  const [traffic, requests] = [new Traffic(), new RequestRing()]
  const readiness = createReadiness(() => performance.now())
  const executor = createExecutor({
    module,
    databaseOf,
    plugins,
    load,
    traffic,
    maxRunning: bounds.operations,
    observe: (error) => readiness.observe(error),
  })
  const [memoryBudget, pacer] = [new MemoryBudget(bounds), new OperationPacer()]
  const payloadCache = new PayloadCache(executor, pacer, traffic)
  const flushScheduler = new FlushScheduler(load.broadcastShare, memoryBudget)
  const streams = createEventStreams({ executor, payloadCache, flushScheduler }, bounds)
  const origins = allowOrigins({ listed: config.cors, host: config.host, address, warn: (text) => log.warn(text) })
  const graphql = createGraphqlHttp({ executor, streams, memoryBudget, pacer }, bounds)
  const notReady = (): string | null => unavailableReason() ?? readiness.reason()
  const http = createHttp(
    {
      graphql,
      origins,
      files: staticFiles(),
      metrics: createMetrics(counts, memoryBudget),
      status: createServerStatus({ ...facts, config, traffic, requests, memoryBudget, notReady }),
      requests,
      memoryBudget,
      notReady,
    },
    bounds,
  )
  const report = (error: unknown): void => log.error({ error: describeError(error) }, 'a connection failed')
  const sockets = openSockets(http, {
    executor,
    payloadCache,
    requests,
    flushScheduler,
    memoryBudget,
    pacer,
    origins,
    bounds,
    report,
  })
  return { http, sockets, streams, executor, readiness, memoryBudget, payloadCache }
}
