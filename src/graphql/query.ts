import { given } from './given.ts'
import { readList } from './list.ts'
import { readNode } from './node.ts'
import type { GqlQueryResolvers } from './resolvers.generated.ts'
import { asEvent, asEvents } from './shown.ts'

/** Resolvers of the reads. */
export const Query: GqlQueryResolvers = {
  get: async (_, { path, ...options }, { db, budget }) => budget.show(await budget.read(0, () => db.get(path, given(options)), () => 0)),
  node: (_, { id }, context) => readNode(context, id),
  document: async (_, args, { loaders }) => {
    const document = await loaders.document.load(given(args))
    return args.asOf == null || document === null ? document : asEvent(document)
  },
  documents: async (_, { path, ...options }, context, info) => {
    const page = await readList(context, info, options, () => context.db.documents(path, given(options)))
    return options.asOf == null ? page : asEvents(page)
  },
  history: async (_, { path, ...options }, context, info) =>
    asEvents(await readList(context, info, options, () => context.db.history(path, given(options)))),
  log: (_, { paths, ...options }, context, info) => readList(context, info, options, () => context.db.log(paths, given(options))),
}
