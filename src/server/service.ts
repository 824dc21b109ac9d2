import type { Database } from '../core/database.ts'
import type { FeedCounts } from '../db/engine.ts'
import { graphqlFace } from '../graphql/face.ts'
import { Cohorts } from './cohort.ts'
import type { Config } from './config.ts'
import { createGraphqlHttp } from './graphql-http.ts'
import { HeldBytes } from './held.ts'
import { createHttp, ROUTES, type Http } from './http.ts'
import { Pace } from './pace.ts'
import { describeError, type Log } from './log.ts'
import { createMetrics } from './metrics.ts'
import { createOperations, type Operations } from './operations.ts'
import { allowOrigins } from './origin.ts'
import { Outlets } from './outlet.ts'
import { createPlayground } from './playground.ts'
import { createReadiness, type Readiness } from './readiness.ts'
import { createRules } from './rules.ts'
import { openSockets, type Sockets } from './sockets.ts'
import { createStreams, type Streams } from './streams.ts'

/** All that stands between the network and one database, not yet listening. */
export interface Service {
  readonly http: Http
  readonly sockets: Sockets
  readonly streams: Streams
  readonly operations: Operations
  readonly readiness: Readiness
  readonly held: HeldBytes
}

export interface ServiceOptions {
  readonly db: Database
  readonly config: Pick<Config, 'host' | 'cors' | 'bounds'>
  /** The IP address that `host` means; default: `host`. */
  readonly address?: string | undefined
  readonly log: Log
  /** What is followed at the moment. */
  readonly counts: () => FeedCounts
  /** Why the store does not answer, where that is known without asking it. */
  readonly problem?: (() => string | null) | undefined
}

/** Puts the faces in front of a database. */
export function createService({ db, config, address = config.host, log, counts, problem = () => null }: ServiceOptions): Service {
  const { bounds } = config
  const face = graphqlFace({ report: (id, error) => log.error({ id, error: describeError(error) }, 'an operation failed') })
  const readiness = createReadiness(() => performance.now())
  const operations = createOperations({ face, db, rules: createRules(face), maxRunning: bounds.operations, observe: (error) => readiness.observe(error) })
  const [held, pace] = [new HeldBytes(bounds), new Pace()]
  const [cohorts, outlets] = [new Cohorts(operations, pace), new Outlets(() => operations.load(), held)]
  const streams = createStreams({ operations, cohorts, outlets }, bounds)
  const origins = allowOrigins(config.cors, config.host, address)
  const graphql = createGraphqlHttp({ operations, streams, held, pace }, bounds)
  const http = createHttp({ graphql, origins, playground: createPlayground(ROUTES.graphql), metrics: createMetrics(counts, held), held, notReady: () => problem() ?? readiness.reason() }, bounds)
  const report = (error: unknown): void => log.error({ error: describeError(error) }, 'a connection failed')
  const sockets = openSockets(http, { operations, cohorts, outlets, held, pace, origins, bounds, report })
  return { http, sockets, streams, operations, readiness, held }
}
