import type { ChangeBatch } from '../core/database.ts'
import { given } from './given.ts'
import type { GqlSubscriptionResolvers } from './resolvers.generated.ts'

/**
 * Resolvers of the feeds. The iterator of the database goes to the transport as it is: an async generator around it
 * would not end before the next batch, and so would leak on every disconnect.
 */
export const Subscription: GqlSubscriptionResolvers = {
  changes: {
    subscribe: (_, { paths, ...options }, { db }) => db.changes(paths, given(options)),
    resolve: (batch: ChangeBatch) => batch,
  },
}
