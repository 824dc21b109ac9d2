import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { buildSchema, type DocumentNode, type ExecutionArgs, type ExecutionResult } from 'graphql'
import { createYoga } from 'graphql-yoga'
import { openEngine } from '../src/db/engine.ts'
import { createGraphqlModule, type GraphqlModule } from '../src/graphql/graphql-module.ts'
import { PayloadCache } from '../src/server/broadcast/payload-cache.ts'
import { BOUNDS } from '../src/server/config/config.ts'
import { createGraphqlHttp } from '../src/server/http/graphql-handler.ts'
import { MemoryBudget } from '../src/server/limits/memory-budget.ts'
import { createHttp, ROUTES } from '../src/server/http/http-server.ts'
import { OperationPacer } from '../src/server/limits/operation-pacer.ts'
import { createExecutor, type Executor } from '../src/server/operations/executor.ts'
import { allowOrigins } from '../src/server/http/origin-policy.ts'
import { createMetrics } from '../src/server/status/metrics.ts'
import { createPlayground } from '../src/server/status/playground.ts'
import { WriteScheduler } from '../src/server/broadcast/write-scheduler.ts'
import { createRules } from '../src/server/operations/document-rules.ts'
import { createEventStreams } from '../src/server/sse/event-stream.ts'
import { MemoryStore } from '../src/store/memory/memory-store.ts'

/**
 * The server's own HTTP handler in front of a schema without a store, whose resolvers return constants. Operations run
 * as in the server or, with the argument `yoga`, each through Yoga's pipeline (`getEnveloped`).
 */
const schema = buildSchema(
  'type Query { hello: String, document: Document } type Document { id: ID, version: Int, value: String }',
)
const answers = { hello: () => 'Hello', document: () => ({ id: 'one', version: 1, value: 'A post' }) }
for (const [name, resolve] of Object.entries(answers)) {
  Object.assign(schema.getQueryType()?.getFields()[name] ?? {}, { resolve })
}

const graphqlModule: GraphqlModule = { ...createGraphqlModule({ report: () => {} }), schema }
const db = (await openEngine(new MemoryStore())).database('bench', { actor: null })
const own = createExecutor({
  module: graphqlModule,
  db,
  rules: createRules(graphqlModule),
  maxRunning: BOUNDS.operations,
  observe: () => {},
})

interface Enveloped {
  readonly schema: typeof schema
  readonly parse: (query: string) => DocumentNode
  readonly validate: (of: typeof schema, document: DocumentNode) => readonly Error[]
  readonly contextFactory: () => Promise<object>
  readonly execute: (args: ExecutionArgs) => Promise<ExecutionResult>
}

function throughYoga(): Executor {
  const yoga = createYoga({
    schema,
    plugins: [...graphqlModule.plugins],
    maskedErrors: { maskError: graphqlModule.maskError },
    parserAndValidationCache: graphqlModule.parserAndValidationCache,
    logging: false,
  })
  return {
    ...own,
    execute: async (_ready, { query, variables }) => {
      const enveloped = yoga.getEnveloped({}) as unknown as Enveloped
      const document = enveloped.parse(query)
      if (enveloped.validate(enveloped.schema, document).length > 0) throw new Error('The query is not valid.')
      const contextValue = await enveloped.contextFactory()
      return enveloped.execute({ schema: enveloped.schema, document, variableValues: variables, contextValue })
    },
  }
}

const executor = process.argv.includes('yoga') ? throughYoga() : own
const [memoryBudget, pacer] = [new MemoryBudget(BOUNDS), new OperationPacer()]
const streams = createEventStreams(
  {
    executor,
    payloadCache: new PayloadCache(executor, pacer),
    writeScheduler: new WriteScheduler(() => executor.inFlight(), memoryBudget),
  },
  BOUNDS,
)
const graphql = createGraphqlHttp({ executor, streams, memoryBudget, pacer })
const origins = allowOrigins([], '127.0.0.1')
const { server } = createHttp(
  {
    graphql,
    origins,
    playground: createPlayground(ROUTES.graphql),
    metrics: createMetrics(() => ({ feeds: 0, shapes: 0, unindexedShapes: 0 }), memoryBudget),
    memoryBudget,
    notReady: () => null,
  },
  BOUNDS,
)
server.listen(0, '127.0.0.1')
await once(server, 'listening')
process.once('SIGTERM', () => process.exit(0))
console.log(JSON.stringify({ graphql: `http://127.0.0.1:${(server.address() as AddressInfo).port}${ROUTES.graphql}` }))
