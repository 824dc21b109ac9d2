import type { Plugin } from 'graphql-yoga'
import type { Database } from '../../src/core/database.ts'
import { createGraphqlModule } from '../../src/graphql/graphql-module.ts'
import { createExecutor, type Executor } from '../../src/server/operations/executor.ts'
import { statusOf, toWire } from '../../src/server/operations/result.ts'
import { DEFAULT_PLUGINS } from '../support/server/fixture.ts'
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
}

export interface InProcess {
  readonly executor: Executor
  readonly reported: readonly Reported[]
  readonly ask: (query: string, variables?: object, more?: AskOptions) => Promise<Response>
}

/** The server's executor on `db`, without a socket. */
export function inProcess(db: Database = recordingDatabase(), plugins: readonly Plugin[] = DEFAULT_PLUGINS): InProcess {
  const reported: Reported[] = []
  const module = createGraphqlModule({ report: (id, error) => reported.push({ id, error }) })
  const executor = createExecutor({ module, databaseOf: () => db, plugins, maxRunning: 1_024, observe: () => {} })
  const room = { claim: () => true, readTurn: () => null }
  const ask: InProcess['ask'] = async (query, variables, { operationName } = {}) => {
    const params = { query, operationName, variables: variables as Record<string, unknown> | undefined }
    const prepared = await executor.prepare({ params })
    const result = prepared.kind === 'done' ? prepared.result : await executor.execute(prepared, room)
    const text = JSON.stringify(toWire(result))
    const { status } = statusOf(result, 'application/graphql-response+json')
    return { status, text, ...(JSON.parse(text) as Pick<Response, 'data' | 'errors'>) }
  }
  return { executor, reported, ask }
}
