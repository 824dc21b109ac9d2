import type { IncomingMessage, ServerResponse } from 'node:http'
import { createYoga, type Plugin } from 'graphql-yoga'
import type { DocumentNode, GraphQLError } from 'graphql'
import type { Database } from '../core/database.ts'
import type { GraphqlFace } from '../graphql/face.ts'
import type { Rules } from './operations.ts'
import type { Params } from './params.ts'
import { subscribe } from './subscribe.ts'

/** Yoga: the plugins' parse and validate for all transports, and answers as Server-Sent Events. */
export interface Streams {
  readonly rules: Rules
  /** Answers a request whose parameters were already read with an event stream, in the "distinct connections" form of graphql-sse. */
  answer(req: IncomingMessage, res: ServerResponse, params: Params): Promise<void>
  /** Ends all streams without a last event, so that clients resume. */
  end(): void
  dispose(): Promise<void>
}

/** What the plugins find beside the request. */
interface ServerContext {
  readonly params: Params
}

/** Yoga on the face, for one database. */
export function createStreams(face: GraphqlFace, db: Database): Streams {
  const { schema, maskError, parserAndValidationCache } = face
  const yoga = createYoga<ServerContext>({
    schema,
    plugins: [...face.plugins, readParams, freshContext(() => face.context(db))],
    context: () => ({ ...face.context(db) }),
    maskedErrors: { maskError },
    parserAndValidationCache,
    // What is not used of Yoga: its pages, its bodies (read before, within bounds), its CORS (any origin, with credentials), its log (values).
    cors: false, graphiql: false, landingPage: false, multipart: false, batching: false, maxRequestBodySize: false, logging: false,
  })
  const open = new Set<ServerResponse>()
  return {
    rules: rulesOf(() => yoga.getEnveloped({})),
    answer: async (req, res, params) => {
      open.add(res)
      res.once('close', () => open.delete(res))
      await yoga.handle(req, res, { params })
    },
    end: () => {
      for (const res of open) res.destroy()
    },
    dispose: async () => {
      await yoga.dispose()
    },
  }
}

/** The parameters come from the handler in front, parsed exactly. */
const readParams: Plugin<object, ServerContext> = {
  onRequestParse: ({ serverContext, setRequestParser }) => {
    const { query, variables, operationName } = serverContext.params
    setRequestParser(() => ({ query, ...(variables && { variables }), ...(operationName !== undefined && { operationName }) }))
  },
}

function freshContext(context: () => object): Plugin {
  return { onSubscribe: ({ setSubscribeFn }) => setSubscribeFn((args) => subscribe(args, { context })) }
}

interface Enveloped {
  readonly schema: unknown
  readonly parse: (query: string) => DocumentNode
  readonly validate: (schema: unknown, document: DocumentNode) => readonly GraphQLError[] | undefined
}

function rulesOf(enveloped: () => Enveloped): Rules {
  return {
    parse: (query) => enveloped().parse(query),
    validate: (document) => {
      const { schema, validate } = enveloped()
      return validate(schema, document) ?? []
    },
  }
}
