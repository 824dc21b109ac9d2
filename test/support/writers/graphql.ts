import { createClient as createEventsClient } from 'graphql-sse'
import { createClient as createSocketClient } from 'graphql-ws'
import WebSocket from 'ws'
import type { Op } from '../../../src/core/database.ts'
import type { OpenFeed, Feeder, Interest } from './history-follower.ts'
import { HEARTBEAT_MS } from './history-follower.ts'
import type { ReadLog, ShownBatch, ShownCommit } from './history-run.ts'
import type { Commit } from './load.ts'

const CHANGE = 'type path commit cursor at document { version value }'

/** The subscription of a follower. */
export const CHANGES: string = `subscription (
  $paths: [PathPattern!]!, $types: [ChangeType!], $after: Cursor, $start: Start, $heartbeatMs: Int
) {
  changes(paths: $paths, types: $types, after: $after, start: $start, heartbeatMs: $heartbeatMs) {
    cursor upToDate changes { ${CHANGE} }
  }
}`
const TRANSACT =
  'mutation ($ops: [Op!]!, $key: ID) { transact(ops: $ops, key: $key) { id cursor repeated changes { ' +
  `${CHANGE} } } }`
const LOG =
  'query ($after: Cursor) { log(paths: ["*"], after: $after, first: 1000) { cursor upToDate changes { ' +
  `${CHANGE} } } }`

/** A refusal as GraphQL tells it. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly extensions: Readonly<Record<string, unknown>>

  constructor(message: string, extensions: Readonly<Record<string, unknown>>) {
    super(message)
    this.extensions = extensions
  }

  get code(): unknown {
    return this.extensions['code']
  }
}

interface Answer {
  readonly data?: Readonly<Record<string, unknown>> | null
  readonly errors?: readonly { readonly message: string; readonly extensions?: Readonly<Record<string, unknown>> }[]
}

/** Asks over HTTP; the answer's only field. Throws Refused, or what fetch throws when there is no answer. */
export async function ask<T>(graphql: string, query: string, variables: Readonly<Record<string, unknown>>): Promise<T> {
  const response = await fetch(graphql, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(20_000),
  })
  return onlyField((await response.json()) as Answer)
}

function onlyField<T>({ data, errors }: Answer): T {
  const [error] = errors ?? []
  if (error !== undefined) throw new Refused(error.message, error.extensions ?? {})
  return Object.values(data ?? {})[0] as T
}

/** Writes over HTTP. */
export function committerOf(graphql: string): Commit {
  return ({ ops, key }) => ask<ShownCommit>(graphql, TRANSACT, { ops: ops.map(inputOf), key })
}

function inputOf({ kind, ...op }: Op): Readonly<Record<string, unknown>> {
  return { [kind]: op }
}

/** Reads the log over HTTP. */
export function remoteLog(graphql: string): ReadLog {
  return (after) => ask<ShownBatch>(graphql, LOG, { after: after ?? null })
}

/** Feeds over a WebSocket each. */
export function socketFeeder(graphql: string, interest: Interest): Feeder {
  return (after) => {
    const client = createSocketClient({
      url: graphql.replace(/^http/, 'ws'),
      webSocketImpl: WebSocket,
      retryAttempts: 0,
    })
    const batches = client.iterate({ query: CHANGES, variables: variablesOf(interest, after) })
    return feedOf(batches, () => client.terminate())
  }
}

/** Feeds as server-sent events, a request each. */
export function eventsFeeder(graphql: string, interest: Interest): Feeder {
  return (after) => {
    const client = createEventsClient({ url: graphql, retryAttempts: 0 })
    const batches = client.iterate({ query: CHANGES, variables: variablesOf(interest, after) })
    return feedOf(batches, () => client.dispose())
  }
}

/** Variables of CHANGES. */
export function variablesOf({ paths, types }: Interest, after: string | undefined): Record<string, unknown> {
  return {
    paths,
    types: types ?? null,
    after: after ?? null,
    start: after === undefined ? 'BEGINNING' : null,
    heartbeatMs: HEARTBEAT_MS,
  }
}

function feedOf(batches: AsyncIterableIterator<unknown>, end: () => void): OpenFeed {
  return {
    next: async () => {
      const { done, value } = await batches.next()
      return done === true ? null : onlyField<ShownBatch>(value as Answer)
    },
    kill: async () => {
      end()
      await batches.return?.().catch(() => undefined)
    },
  }
}
