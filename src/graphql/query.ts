import { given } from './given.ts'
import type { GqlQueryResolvers } from './resolvers.generated.ts'

/** Resolvers of the reads. */
export const Query: GqlQueryResolvers = {
  get: (_, { path, ...options }, { db }) => db.get(path, given(options)),
  document: (_, args, { loaders }) => loaders.document.load(given(args)),
  documents: (_, { path, ...options }, { db }) => db.documents(path, given(options)),
  history: (_, { path, ...options }, { db }) => db.history(path, given(options)),
  log: (_, { paths, ...options }, { db }) => db.log(paths, given(options)),
}
