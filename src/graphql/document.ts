import type { DocumentPage } from '../core/database.ts'
import { getField } from '../core/field.ts'
import { given } from './given.ts'
import type { GqlCommitResolvers, GqlDocumentConnectionResolvers, GqlDocumentResolvers } from './resolvers.generated.ts'

/** Resolvers of a document; its own fields are read as they are. */
export const Document: GqlDocumentResolvers = {
  field: ({ value }, { path }) => getField(value, path.split('/')) ?? null,
  documents: ({ path, asOf }, { name, ...page }, { db }) => db.documents(`${path}/${name}`, { ...given(page), asOf: { cursor: asOf } }),
  history: ({ path }, options, { db }) => db.history(path, given(options)),
}

/** Resolvers of a page of documents. */
export const DocumentConnection: GqlDocumentConnectionResolvers = {
  nodes: ({ edges }) => edges.map((edge) => edge.node),
  pageInfo,
}

/** Resolvers of a commit. */
export const Commit: GqlCommitResolvers = {
  document: ({ changes }) => (changes.length === 1 ? (changes[0]?.document ?? null) : null),
}

interface PageInfo {
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
  readonly startCursor: string | null
  readonly endCursor: string | null
}

function pageInfo({ edges, hasNextPage, hasPreviousPage }: DocumentPage): PageInfo {
  return { hasNextPage, hasPreviousPage, startCursor: edges[0]?.cursor ?? null, endCursor: edges.at(-1)?.cursor ?? null }
}
