import { createSourceEventStream, locatedError, type ExecutionArgs, type ExecutionResult } from 'graphql'

/** The events of a subscription, pulled one by one; `return` frees what they hold at once, also while `next` waits. */
export type SubscriptionEvents = AsyncIterator<unknown>

/** What became of a subscription: its events, or a result that says why there are none. */
export type SubscribeResult = { readonly events: SubscriptionEvents } | { readonly errorResult: ExecutionResult }

/** Begins a subscription (GraphQL, section 6.2.3.1). */
export async function subscribe(args: ExecutionArgs): Promise<SubscribeResult> {
  // It throws for a root field that is left out: on a WebSocket that would end all that runs there.
  const source = await createSourceEventStream(args).catch((error: unknown) => ({ errors: [locatedError(error, undefined)] }))
  return Symbol.asyncIterator in source ? { events: source[Symbol.asyncIterator]() } : { errorResult: source }
}
