import type { GraphQLResolveInfo } from 'graphql'
import type { ChangeBatch, ObservedValue } from '../../core/database.ts'
import type { Context } from '../context.ts'
import type { Budget } from '../limits/budget.ts'
import { omitNulls } from './omit-nulls.ts'
import { listRows } from './list.ts'
import type { GqlSubscriptionResolvers } from '../resolvers.generated.ts'
import { asPresentBatch } from './shown.ts'
import { estimateRowBytes } from '../limits/weight.ts'

/**
 * Resolvers of the feeds. They return the database's iterator unwrapped: an async generator around it would not end
 * before the next batch, and so would leak on every disconnect.
 */
export const Subscription: GqlSubscriptionResolvers = {
  changes: {
    subscribe: (_, { paths, ...options }, { db }) => db.changes(paths, omitNulls(options)),
    resolve: (batch: ChangeBatch, _: unknown, { budget }: Context, info: GraphQLResolveInfo) =>
      chargedBatch(batch, budget, info),
  },
  live: {
    subscribe: (_, { paths, ...options }, { db }) => db.live(paths, omitNulls(options)),
    resolve: (batch: ChangeBatch, _: unknown, { budget }: Context, info: GraphQLResolveInfo) =>
      asPresentBatch(chargedBatch(batch, budget, info)),
  },
  get: {
    subscribe: (_, { path, ...options }, { db }) => db.watch(path, omitNulls(options)),
    resolve: ({ value }: ObservedValue, _: unknown, { budget }: Context) => budget.chargeValue(value),
  },
}

function chargedBatch(batch: ChangeBatch, budget: Budget, info: GraphQLResolveInfo): ChangeBatch {
  budget.charge(listRows(batch) * estimateRowBytes(info))
  return batch
}
