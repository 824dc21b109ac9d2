import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buildSchema } from 'graphql'
import { createYoga, type Plugin } from 'graphql-yoga'
import { openEngine } from '../../src/db/engine.ts'
import { createGraphqlModule, type GraphqlModule } from '../../src/graphql/graphql-module.ts'
import { PayloadCache } from '../../src/server/broadcast/payload-cache.ts'
import { BOUNDS } from '../../src/server/config/config.ts'
import { createGraphqlHttp } from '../../src/server/http/graphql-handler.ts'
import { MemoryBudget } from '../../src/server/limits/memory-budget.ts'
import { createHttp, ROUTES } from '../../src/server/http/http-server.ts'
import { OperationPacer } from '../../src/server/limits/operation-pacer.ts'
import { createExecutor } from '../../src/server/operations/executor.ts'
import { allowOrigins } from '../../src/server/http/origin-policy.ts'
import { createMetrics } from '../../src/server/status/metrics.ts'
import { createPlayground } from '../../src/server/status/playground.ts'
import { FlushScheduler } from '../../src/server/broadcast/flush-scheduler.ts'
import { createEventStreams } from '../../src/server/sse/event-stream.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'

/**
 * The server's own HTTP handler in front of a schema without a store, whose resolvers return constants. Operations run
 * as in the server; with the argument `envelop` each through Yoga's envelop; with `yoga` through Yoga's request
 * handler.
 */
const schema = buildSchema(
  'type Query { hello: String, document: Document } type Document { id: ID, version: Int, value: String }',
)
const answers = { hello: () => 'Hello', document: () => ({ id: 'one', version: 1, value: 'A post' }) }
for (const [name, resolve] of Object.entries(answers)) {
  Object.assign(schema.getQueryType()?.getFields()[name] ?? {}, { resolve })
}

/** A plugin with all hooks, none of which does anything. */
const IDLE_PLUGIN: Plugin = {
  onParse: () => {},
  onContextBuilding: () => {},
  onExecute: () => {},
  onSubscribe: () => {},
}

const graphqlModule: GraphqlModule = { ...createGraphqlModule({ report: () => {} }), schema }
const db = (await openEngine(new MemoryStore())).database('bench', { actor: null })
const executor = createExecutor({
  module: graphqlModule,
  databaseOf: () => db,
  plugins: process.argv.includes('envelop') ? [IDLE_PLUGIN] : [],
  maxRunning: BOUNDS.operations,
  observe: () => {},
})

/** Yoga's own request handler, with the same schema, rules and error masking. */
function yogaServer(): Server {
  const { plugins, maskError } = graphqlModule
  const yoga = createYoga({ schema, plugins: [...plugins], maskedErrors: { maskError }, logging: false, cors: false })
  return createServer((req, res) => void yoga(req, res))
}

const [memoryBudget, pacer] = [new MemoryBudget(BOUNDS), new OperationPacer()]
const streams = createEventStreams(
  {
    executor,
    payloadCache: new PayloadCache(executor, pacer),
    flushScheduler: new FlushScheduler(() => 1, memoryBudget),
  },
  BOUNDS,
)
const graphql = createGraphqlHttp({ executor, streams, memoryBudget, pacer })
const origins = allowOrigins({ listed: [], host: '127.0.0.1' })
const { server: own } = createHttp(
  {
    graphql,
    origins,
    playground: createPlayground(ROUTES.graphql),
    files: new Map(),
    metrics: createMetrics(() => ({ feeds: 0, shapes: 0, unindexedShapes: 0 }), memoryBudget),
    memoryBudget,
    notReady: () => null,
  },
  BOUNDS,
)
const server = process.argv.includes('yoga') ? yogaServer() : own
server.listen(0, '127.0.0.1')
await once(server, 'listening')
process.once('SIGTERM', () => process.exit(0))
console.log(JSON.stringify({ graphql: `http://127.0.0.1:${(server.address() as AddressInfo).port}${ROUTES.graphql}` }))
