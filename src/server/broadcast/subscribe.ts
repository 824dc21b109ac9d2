import { createSourceEventStream, locatedError, type ExecutionArgs, type ExecutionResult } from 'graphql'

/** The events of a subscription, pulled one by one; `return` frees their resources at once, also while `next` waits. */
export type SubscriptionEvents = AsyncIterator<unknown>

/** The outcome of `subscribe`: the events, or a result with the errors. */
export type SubscribeResult = { readonly events: SubscriptionEvents } | { readonly errorResult: ExecutionResult }

/** Starts a subscription (GraphQL, section 6.2.3.1). */
export async function subscribe(args: ExecutionArgs): Promise<SubscribeResult> {
  // graphql-js rejects when the root field is skipped: on a WebSocket that would end all operations of the connection.
  const source = await createSourceEventStream(args).catch((error: unknown) => ({
    errors: [locatedError(error, undefined)],
  }))
  return Symbol.asyncIterator in source ? { events: source[Symbol.asyncIterator]() } : { errorResult: source }
}
