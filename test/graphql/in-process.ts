import { createYoga, type YogaServerInstance } from 'graphql-yoga'
import type { Database } from '../../src/core/database.ts'
import type { Context } from '../../src/graphql/context.ts'
import { createGraphqlModule, type GraphqlModule } from '../../src/graphql/graphql-module.ts'
import { recordingDatabase } from './recording-database.ts'

/** One error of a response. */
export interface ShownError {
  readonly message: string
  readonly locations?: readonly unknown[]
  readonly path?: readonly unknown[]
  readonly extensions: Readonly<Record<string, unknown>>
}

/** A response as a client reads it. */
export interface Response {
  readonly status: number
  readonly text: string
  readonly data?: unknown
  readonly errors?: readonly ShownError[]
}

export interface Reported {
  readonly id: string
  readonly error: unknown
}

interface AskOptions {
  readonly operationName?: string
  readonly accept?: string
}

export interface InProcess {
  readonly yoga: Yoga
  readonly reported: readonly Reported[]
  readonly ask: (query: string, variables?: object, more?: AskOptions) => Promise<Response>
}

type Yoga = YogaServerInstance<Record<string, unknown>, Context>

function yogaOf(face: GraphqlModule, db: Database): Yoga {
  return createYoga({
    schema: face.schema,
    plugins: [...face.plugins],
    maskedErrors: { maskError: face.maskError },
    parserAndValidationCache: face.parserAndValidationCache,
    context: () => face.context(db),
    logging: false,
    multipart: false,
    cors: false,
  })
}

/** Yoga with the GraphQL face on `db`, without a socket. */
export function inProcess(db: Database = recordingDatabase()): InProcess {
  const reported: Reported[] = []
  const yoga = yogaOf(createGraphqlModule({ report: (id, error) => reported.push({ id, error }) }), db)
  const ask: InProcess['ask'] = async (
    query,
    variables,
    { operationName, accept = 'application/graphql-response+json' } = {},
  ) => {
    const headers = { accept, 'content-type': 'application/json' }
    const body = JSON.stringify({ query, variables, operationName })
    const response = await yoga.fetch('http://test/graphql', { method: 'POST', headers, body })
    const text = await response.text()
    return { status: response.status, text, ...(JSON.parse(text) as Pick<Response, 'data' | 'errors'>) }
  }
  return { yoga, reported, ask }
}
