import { GraphQLError, type ExecutionResult } from 'graphql'
import type { Database } from '../../core/database.ts'
import type { SharedResources } from '../../graphql/limits/budget.ts'
import type { Context } from '../../graphql/context.ts'
import { boundErrors } from '../../graphql/errors.ts'
import type { GraphqlModule } from '../../graphql/graphql-module.ts'
import { OperationPipeline, type OperationPlugin, type PreparedOperation } from './operation-pipeline.ts'
import { createPrepare, type Prepare } from './prepare.ts'
import type { SubscribeResult } from './subscription.ts'
import type { OperationLoad } from '../limits/operation-load.ts'

/**
 * Executes operations on the database of one tenant. All transports share it, so that they have the same rules, plugins
 * and error masking.
 */
export interface Executor {
  readonly prepare: Prepare
  /**
   * Executes a query or a mutation; never rejects. The errors of the result are masked. `room` accounts for the answer.
   */
  readonly execute: (prepared: PreparedOperation, room: SharedResources) => Promise<ExecutionResult>
  /** Starts a subscription; never rejects. The errors of the result are masked. */
  readonly subscribe: (prepared: PreparedOperation) => Promise<SubscribeResult>
  /** Whether plugins of the embedder take part, which may look at the request of an operation. */
  readonly hasPlugins: boolean
  /** A new context for an event of a subscription, which is the same for all actors. */
  readonly context: () => Context
  /** The error as clients may see it; `observe` is called with it. */
  readonly mask: (error: unknown) => GraphQLError
  readonly maskResult: (result: ExecutionResult) => ExecutionResult
  /** Resolves when no query or mutation is running. */
  readonly drained: () => Promise<void>
}

interface ExecutorOptions {
  readonly module: GraphqlModule
  /** The database as an actor uses it; null: an operation that names none. */
  readonly databaseOf: (actor: string | null) => Database
  /** Yoga or envelop plugins of the embedder, in order. Default none. */
  readonly plugins?: readonly OperationPlugin[] | undefined
  /** Counts the queries and mutations. Default: nothing does. */
  readonly load?: OperationLoad | undefined
  /** Queries and mutations that run at once; more are refused with TOO_MANY_REQUESTS. */
  readonly maxRunning: number
  /** Called with every error that a client gets. */
  readonly observe: (error: GraphQLError) => void
}

/** An executor for a GraphQL module on a database. Throws StartError for a plugin that cannot act on all transports. */
export function createExecutor({ module, databaseOf, plugins, load, maxRunning, observe }: ExecutorOptions): Executor {
  const pipeline = new OperationPipeline(module, plugins)
  const running = createRunningCount()
  const anonymous = databaseOf(null)
  const databaseFor = ({ actor = null }: PreparedOperation): Database =>
    actor === null ? anonymous : databaseOf(actor)
  const mask = (error: unknown): GraphQLError => {
    const masked = toGraphQLError(module.maskError(error, 'The server failed.'))
    observe(masked)
    return masked
  }
  const maskResult = (result: ExecutionResult): ExecutionResult => {
    const { errors, ...rest } = boundErrors(result)
    return errors === undefined ? result : { ...rest, errors: errors.map(mask) }
  }
  return {
    mask,
    maskResult,
    hasPlugins: (plugins?.length ?? 0) > 0,
    context: () => module.context(anonymous),
    drained: running.drained,
    prepare: createPrepare(pipeline, { mask, maskResult }),
    execute: async (prepared, room) => {
      if (running.now() >= maxRunning) {
        return { errors: [tooMany(`The server runs as many operations as it may (${maxRunning})`)] }
      }
      if (!room.claim(0)) return { errors: [tooMany(NO_ROOM)] }
      running.add(1)
      load?.count()
      try {
        return maskResult(await pipeline.execute(prepared, () => module.context(databaseFor(prepared), room)))
      } catch (error) {
        return { errors: [mask(error)] }
      } finally {
        running.add(-1)
      }
    },
    subscribe: async (prepared) => {
      try {
        const started = await pipeline.subscribe(prepared, module.context(databaseFor(prepared)))
        return 'events' in started ? started : { errorResult: maskResult(started.errorResult) }
      } catch (error) {
        return { errorResult: { errors: [mask(error)] } }
      }
    },
  }
}

const NO_ROOM = 'The answers of this connection that were not taken yet leave no room for another one'

function toGraphQLError(error: Error): GraphQLError {
  return error instanceof GraphQLError ? error : new GraphQLError(error.message)
}

function tooMany(what: string): GraphQLError {
  const extensions = {
    code: 'TOO_MANY_REQUESTS',
    retryAfterMs: 1_000,
    http: { status: 429, headers: { 'retry-after': '1' } },
  }
  return new GraphQLError(`${what}: try again in a second.`, { extensions })
}

interface Count {
  readonly now: () => number
  readonly add: (more: 1 | -1) => void
  /** Resolves when the count is 0. */
  readonly drained: () => Promise<void>
}

function createRunningCount(): Count {
  let count = 0
  const waiters: (() => void)[] = []
  return {
    now: () => count,
    add: (more) => {
      count += more
      if (count > 0) return
      for (const wake of waiters.splice(0)) wake()
    },
    drained: () => (count === 0 ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve))),
  }
}
