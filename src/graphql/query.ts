import { given } from './given.ts'
import { readList } from './list.ts'
import type { GqlQueryResolvers } from './resolvers.generated.ts'

/** Resolvers of the reads. */
export const Query: GqlQueryResolvers = {
  get: async (_, { path, ...options }, { db, budget }) => budget.show(await budget.read(0, () => db.get(path, given(options)), () => 0)),
  document: (_, args, { loaders }) => loaders.document.load(given(args)),
  documents: (_, { path, ...options }, context, info) => readList(context, info, options, () => context.db.documents(path, given(options))),
  history: (_, { path, ...options }, context, info) => readList(context, info, options, () => context.db.history(path, given(options))),
  log: (_, { paths, ...options }, context, info) => readList(context, info, options, () => context.db.log(paths, given(options))),
}
