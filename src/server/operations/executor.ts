import {
  execute,
  GraphQLError,
  Kind,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type OperationTypeNode,
} from 'graphql'
import type { Database } from '../../core/database.ts'
import type { AnswerRoom } from '../../graphql/limits/budget.ts'
import type { Context } from '../../graphql/context.ts'
import { createTextCache } from '../../graphql/document-cache.ts'
import { boundErrors } from '../../graphql/errors.ts'
import type { GraphqlModule } from '../../graphql/graphql-module.ts'
import type { Params } from './request-params.ts'
import { createWindowCounter } from './window-counter.ts'

/** Executes operations on one database. All transports share it, so that they have the same rules and error masking. */
export interface Executor {
  readonly module: GraphqlModule
  /** Parses and validates a query text; valid ones are cached. */
  readonly prepare: (query: string) => PrepareResult
  /**
   * Executes a query or a mutation; never rejects. The errors of the result are masked. `room` accounts for the answer.
   */
  readonly execute: (prepared: PreparedOperation, params: Params, room: AnswerRoom) => Promise<ExecutionResult>
  /** A new context: one per operation, and one per event of a subscription. */
  readonly context: () => Context
  /** The error as clients may see it; `observe` is called with it. */
  readonly mask: (error: unknown) => GraphQLError
  readonly maskResult: (result: ExecutionResult) => ExecutionResult
  /**
   * Queries and mutations that are running, or that started within one window, the current or the last; the largest
   * number.
   */
  readonly inFlight: () => number
  /** Resolves when no query or mutation is running. */
  readonly drained: () => Promise<void>
}

export type PrepareResult = PreparedOperation | { readonly kind: 'refused'; readonly errors: readonly GraphQLError[] }

export interface PreparedOperation {
  readonly kind: 'ready'
  readonly document: DocumentNode
  /** Types of its operations by name; '' for an anonymous one. */
  readonly operations: ReadonlyMap<string, OperationTypeNode>
}

/** Parse and validate with the plugins, through Yoga's envelop. */
export interface DocumentRules {
  readonly parse: (query: string) => DocumentNode
  readonly validate: (document: DocumentNode) => readonly GraphQLError[]
}

export interface ExecutorOptions {
  readonly module: GraphqlModule
  readonly db: Database
  readonly rules: DocumentRules
  /** Queries and mutations that run at once; more are refused with TOO_MANY_REQUESTS. */
  readonly maxRunning: number
  /** Called with every error that a client gets. */
  readonly observe: (error: GraphQLError) => void
}

/** Type of the operation `name`; without a name, of the only operation. Undefined when there is none. */
export function operationType(
  { operations }: PreparedOperation,
  name: string | undefined,
): OperationTypeNode | undefined {
  if (name !== undefined) return operations.get(name)
  return operations.size === 1 ? operations.values().next().value : undefined
}

/** Execution arguments of a subscription, without the context, which is new for each event. */
export function executionArgs(
  { module }: Pick<Executor, 'module'>,
  { document }: PreparedOperation,
  { variables, operationName }: Params,
): ExecutionArgs {
  return { schema: module.schema, document, variableValues: variables, operationName }
}

/** An executor for a GraphQL module on a database. */
export function createExecutor({ module, db, rules, maxRunning, observe }: ExecutorOptions): Executor {
  const cache = createTextCache<PreparedOperation>()
  const running = createRunningCount()
  const recent = createWindowCounter()
  const mask = (error: unknown): GraphQLError => {
    const masked = toGraphQLError(module.maskError(error, 'The server failed.'))
    observe(masked)
    return masked
  }
  const maskResult = (result: ExecutionResult): ExecutionResult => {
    const { errors, ...rest } = boundErrors(result)
    return errors === undefined ? result : { ...rest, errors: errors.map(mask) }
  }
  const context = (room?: AnswerRoom): Context => module.context(db, room)
  return {
    module,
    mask,
    maskResult,
    context,
    inFlight: () => Math.max(recent.now(), running.now()),
    drained: running.drained,
    prepare: (query) => {
      const cached = cache.get(query)
      if (cached !== undefined) return cached
      const prepared = prepare(rules, mask, query)
      if (prepared.kind === 'ready') cache.set(query, prepared)
      return prepared
    },
    execute: async ({ document }, { variables, operationName }, room) => {
      if (running.now() >= maxRunning) {
        return { errors: [tooMany(`The server runs as many operations as it may (${maxRunning})`)] }
      }
      if (!room.claim(0)) {
        return {
          errors: [tooMany('The answers of this connection that were not taken yet leave no room for another one')],
        }
      }
      running.add(1)
      recent.count()
      try {
        return maskResult(
          await execute({
            schema: module.schema,
            document,
            variableValues: variables,
            operationName,
            contextValue: context(room),
          }),
        )
      } catch (error) {
        return { errors: [mask(error)] }
      } finally {
        running.add(-1)
      }
    },
  }
}

function prepare(rules: DocumentRules, mask: (error: unknown) => GraphQLError, query: string): PrepareResult {
  try {
    const document = rules.parse(query)
    const errors = rules.validate(document)
    return errors.length > 0
      ? { kind: 'refused', errors: errors.map(mask) }
      : { kind: 'ready', document, operations: operationTypes(document) }
  } catch (error) {
    return { kind: 'refused', errors: [mask(error)] }
  }
}

function operationTypes(document: DocumentNode): ReadonlyMap<string, OperationTypeNode> {
  const nodes = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION)
  return new Map(nodes.map((node) => [node.name?.value ?? '', node.operation]))
}

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
