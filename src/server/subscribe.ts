import { setImmediate as nextTurn } from 'node:timers/promises'
import { createSourceEventStream, execute, locatedError, type ExecutionArgs, type ExecutionResult } from 'graphql'

/** Results of a subscription, pulled one by one; `return` frees what it holds at once, also while `next` waits. */
export type Results = AsyncIterableIterator<ExecutionResult, undefined>

export interface SubscribeOptions {
  /** A fresh context: loaders remember what they read, and a subscription may live for months. */
  readonly context: () => unknown
  /** Makes of each result what is sent; default: nothing else. */
  readonly finish?: ((result: ExecutionResult) => ExecutionResult) | undefined
}

/** Begins a subscription (GraphQL, section 6.2.3). Each event is executed with a context of its own. */
export async function subscribe(args: ExecutionArgs, { context, finish = (result) => result }: SubscribeOptions): Promise<Results | ExecutionResult> {
  // It throws for a root field that @skip leaves out: on a WebSocket that would end all that runs there.
  const source = await createSourceEventStream({ ...args, contextValue: context() }).catch((error: unknown) => ({ errors: [locatedError(error, undefined)] }))
  if (!isAsyncIterable(source)) return finish(source)
  const events = source[Symbol.asyncIterator]()
  return resultsOf(events, async (event) => finish(await execute({ ...args, rootValue: event, contextValue: context() })))
}

function isAsyncIterable(source: AsyncIterable<unknown> | ExecutionResult): source is AsyncIterable<unknown> {
  return Symbol.asyncIterator in source
}

const END = { done: true, value: undefined } as const

/** By hand: an async generator would not end while it waits for an event, and so would leak on every disconnect. */
function resultsOf(events: AsyncIterator<unknown>, resultOf: (event: unknown) => Promise<ExecutionResult>): Results {
  let failed = false
  const results: Results = {
    [Symbol.asyncIterator]: () => results,
    next: async () => {
      if (failed) return END
      // A backlog and a fast reader never make each other wait: others get their turn between two events.
      await nextTurn()
      try {
        const { done, value } = await events.next()
        return done === true ? END : { done: false, value: await resultOf(value) }
      } catch (error) {
        // Some readers send an error and ask for more: there must be an end.
        failed = true
        await events.return?.()
        throw error
      }
    },
    return: async () => {
      await events.return?.()
      return END
    },
  }
  return results
}
