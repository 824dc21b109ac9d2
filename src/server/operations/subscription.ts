import { createSourceEventStream, execute, locatedError, type ExecutionArgs, type ExecutionResult } from 'graphql'
import type { Context } from '../../graphql/context.ts'
import type { GraphqlModule } from '../../graphql/graphql-module.ts'

/** The events of a subscription, pulled one by one; `return` frees their resources at once, also while `next` waits. */
export type SubscriptionEvents = AsyncIterator<unknown>

/** The outcome of `subscribe`: a running subscription, or a result with the errors. */
export type SubscribeResult = RunningSubscription | { readonly errorResult: ExecutionResult }

export interface RunningSubscription {
  readonly events: SubscriptionEvents
  /** With these the events are executed, together with those of equal operations; null: the events are results. */
  readonly args: ExecutionArgs | null
}

/** Starts a subscription (GraphQL, section 6.2.3.1); its events are not executed. */
export async function subscribeToEvents(
  args: ExecutionArgs,
): Promise<{ readonly events: SubscriptionEvents } | { readonly errorResult: ExecutionResult }> {
  // graphql-js rejects when the root field is skipped: on a WebSocket that would end all operations of the connection.
  const source = await createSourceEventStream(args).catch((error: unknown) => ({
    errors: [locatedError(error, undefined)],
  }))
  return Symbol.asyncIterator in source ? { events: source[Symbol.asyncIterator]() } : { errorResult: source }
}

/** Starts a subscription whose events are executed one by one, when they are pulled. */
export async function subscribeToResults(
  args: ExecutionArgs,
  createContext: GraphqlModule['context'],
): Promise<ExecutionResult | SubscriptionResults> {
  const started = await subscribeToEvents(args)
  return 'errorResult' in started ? started.errorResult : new SubscriptionResults(started.events, args, createContext)
}

/** The results of one subscription (GraphQL, section 6.2.3.2), each executed in a context with a budget of its own. */
export class SubscriptionResults implements AsyncIterableIterator<ExecutionResult, undefined> {
  readonly events: SubscriptionEvents
  readonly #args: ExecutionArgs
  readonly #createContext: GraphqlModule['context']

  constructor(events: SubscriptionEvents, args: ExecutionArgs, createContext: GraphqlModule['context']) {
    this.events = events
    this.#args = args
    this.#createContext = createContext
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<ExecutionResult, undefined>> {
    const { done, value } = await this.events.next()
    if (done === true) return { done, value: undefined }
    const context = this.#args.contextValue as Context
    const contextValue = { ...context, ...this.#createContext(context.db) }
    return { done: false, value: await execute({ ...this.#args, rootValue: value, contextValue }) }
  }

  async return(): Promise<IteratorResult<ExecutionResult, undefined>> {
    await this.events.return?.()
    return { done: true, value: undefined }
  }
}
