import { createYoga } from 'graphql-yoga'
import type { DocumentNode, GraphQLError } from 'graphql'
import type { GraphqlModule } from '../../graphql/graphql-module.ts'
import type { DocumentRules } from './executor.ts'

interface Enveloped {
  readonly schema: unknown
  readonly parse: (query: string) => DocumentNode
  readonly validate: (schema: unknown, document: DocumentNode) => readonly GraphQLError[] | undefined
}

/** Parses and validates with the plugins of the GraphQL module, for all transports. */
export function createRules({ schema, plugins, parserAndValidationCache }: GraphqlModule): DocumentRules {
  const yoga = createYoga({
    schema,
    plugins: [...plugins],
    parserAndValidationCache,
    logging: false,
    graphiql: false,
    landingPage: false,
    cors: false,
  })
  const enveloped = (): Enveloped => yoga.getEnveloped({})
  return {
    parse: (query) => enveloped().parse(query),
    validate: (document) => {
      const { schema: bound, validate } = enveloped()
      return validate(bound, document) ?? []
    },
  }
}
