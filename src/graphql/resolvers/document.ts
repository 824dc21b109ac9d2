import type { Budget } from '../limits/budget.ts'
import { getField } from '../../core/json/field.ts'
import { omitNulls } from './omit-nulls.ts'
import { readList } from './list.ts'
import { globalId } from './node.ts'
import type {
  GqlChangeResolvers,
  GqlCollectionConnectionResolvers,
  GqlCommitResolvers,
  GqlDocumentConnectionResolvers,
  GqlDocumentResolvers,
} from '../resolvers.generated.ts'
import { asEventPage, asPresent, changedDocument } from './shown.ts'
import { estimateBytes } from '../limits/weight.ts'

/** Resolvers of a document; the default resolver reads its other fields. */
export const Document: GqlDocumentResolvers = {
  path: ({ path }, _, { budget }) => charged(budget, path),
  id: (document, _, { budget }) => charged(budget, globalId(document)),
  localId: ({ id }, _, { budget }) => charged(budget, id),
  value: (document, _, { budget }) => (budget.chargeDocument(document) ? document.value : null),
  field: ({ value }, { path }, { budget }) => budget.chargeValue(getField(value, path.split('/')) ?? null),
  documents: async ({ path, asOf, isEvent }, { name, ...page }, context, info) => {
    const read = await readList({ context, info, requested: page }, () =>
      context.db.documents(`${path}/${name}`, { ...omitNulls(page), asOf: { cursor: asOf } }),
    )
    return isEvent ? asEventPage(read) : read
  },
  history: async ({ path }, options, context, info) =>
    asEventPage(
      await readList({ context, info, requested: options }, () => context.db.history(path, omitNulls(options))),
    ),
}

/** Charges and returns a text that is part of every row and may be long. */
function charged(budget: Budget, text: string): string {
  budget.charge(text.length)
  return text
}

/** Resolvers of a change. */
export const Change: GqlChangeResolvers = {
  document: changedDocument,
  before: ({ before }, _, { budget }) => budget.chargeValue(before),
  path: ({ path }, _, { budget }) => charged(budget, path),
  fields: ({ fields }, _, { budget }) => {
    budget.charge(estimateBytes(fields))
    return fields
  },
}

/** Resolvers of a page of documents. */
export const DocumentConnection: GqlDocumentConnectionResolvers = {
  nodes: ({ edges }) => edges.map((edge) => edge.node),
  pageInfo: (page) => page,
}

/** Resolvers of a page of collections. */
export const CollectionConnection: GqlCollectionConnectionResolvers = {
  nodes: ({ edges }) => edges.map((edge) => edge.node),
  pageInfo: (page) => page,
}

/** Resolvers of a commit. */
export const Commit: GqlCommitResolvers = {
  document: ({ changes: [change, ...others], repeated }) =>
    change === undefined || others.length > 0 ? null : changedDocument(repeated ? change : asPresent(change)),
}
