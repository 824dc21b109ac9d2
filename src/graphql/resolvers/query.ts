import { omitNulls } from './omit-nulls.ts'
import { readList } from './list.ts'
import { readNode } from './node.ts'
import type { GqlQueryResolvers } from '../resolvers.generated.ts'
import { asEvent, asEventPage } from './shown.ts'

/** Resolvers of the reads. */
export const Query: GqlQueryResolvers = {
  get: async (_, { path, ...options }, { db, budget }) =>
    budget.chargeValue(
      await budget.read(
        0,
        () => db.get(path, omitNulls(options)),
        () => 0,
      ),
    ),
  node: (_, { id }, context) => readNode(context, id),
  document: (_, args, { loaders }) => {
    const read = loaders.document(omitNulls(args))
    return args.asOf == null ? read : read.then((document) => document && asEvent(document))
  },
  documents: (_, { path, ...options }, context, info) => {
    const read = readList({ context, info, requested: options }, () => context.db.documents(path, omitNulls(options)))
    return options.asOf == null ? read : read.then(asEventPage)
  },
  history: async (_, { path, ...options }, context, info) =>
    asEventPage(
      await readList({ context, info, requested: options }, () => context.db.history(path, omitNulls(options))),
    ),
  collections: (_, { path, ...options }, context, info) =>
    readList({ context, info, requested: options }, () => context.db.collections(path ?? null, omitNulls(options))),
  diff: async (_, { path, ...options }, { db, budget }) =>
    budget.chargeValue(
      await budget.read(
        0,
        () => db.diff(path, omitNulls(options)),
        () => 0,
      ),
    ),
  log: (_, { paths, ...options }, context, info) =>
    readList({ context, info, requested: options }, () => context.db.log(paths, omitNulls(options))),
}
