import type { GraphQLResolveInfo } from 'graphql'
import type { ChangeBatch, Observed } from '../core/database.ts'
import type { Context } from './context.ts'
import { given } from './given.ts'
import { rowsOf } from './list.ts'
import type { GqlSubscriptionResolvers } from './resolvers.generated.ts'
import { asPresentBatch } from './shown.ts'
import { rowWeight } from './weight.ts'

/**
 * Resolvers of the feeds. The iterator of the database goes to the transport as it is: an async generator around it
 * would not end before the next batch, and so would leak on every disconnect.
 */
export const Subscription: GqlSubscriptionResolvers = {
  changes: {
    subscribe: (_, { paths, ...options }, { db }) => db.changes(paths, given(options)),
    resolve: showBatch,
  },
  live: {
    subscribe: (_, { paths, ...options }, { db }) => db.live(paths, given(options)),
    resolve: (batch: ChangeBatch, _: unknown, context: Context, info: GraphQLResolveInfo) => asPresentBatch(showBatch(batch, null, context, info)),
  },
  get: {
    subscribe: (_, { path, ...options }, { db }) => db.watch(path, given(options)),
    resolve: ({ value }: Observed, _: unknown, { budget }: Context) => budget.show(value),
  },
}

function showBatch(batch: ChangeBatch, _: unknown, { budget }: Context, info: GraphQLResolveInfo): ChangeBatch {
  budget.spend(rowsOf(batch) * rowWeight(info))
  return batch
}
