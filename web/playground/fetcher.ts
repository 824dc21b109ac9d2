import type { GraphiQLProps } from 'graphiql'
import { getOperationAST } from 'graphql'
import { createClient, type Client } from 'graphql-ws'

type Fetcher = GraphiQLProps['fetcher']
type Headers = Readonly<Record<string, unknown>>

/** Sends queries and mutations by HTTP, and subscriptions over a WebSocket. `endpoint`: a path of this origin. */
export function createFetcher(endpoint: string): Fetcher {
  return async (params, { documentAST, headers = {} } = {}) => {
    const operation = documentAST && getOperationAST(documentAST, params.operationName)
    if (operation?.operation === 'subscription') return subscribe(endpoint, params, headers)
    const response = await fetch(endpoint, {
      method: 'POST',
      body: JSON.stringify(params),
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json;q=0.9',
        ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, headerText(String(value))])),
      },
    })
    return response.json()
  }
}

/** A text as a header carries it, in UTF-8: `fetch` takes one character for each byte. */
function headerText(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text))
}

type Params = Parameters<Fetcher>[0]

/** The results of a subscription, which has a socket of its own: each may name another actor. */
async function* subscribe(endpoint: string, { query, variables, operationName }: Params, headers: Headers) {
  const client = connect(endpoint, headers)
  try {
    yield* client.iterate({ query, variables, operationName: operationName ?? null })
  } catch (error) {
    throw error instanceof CloseEvent ? new Error(broken(error)) : error
  } finally {
    void client.dispose()
  }
}

function connect(endpoint: string, headers: Headers): Client {
  const url = new URL(endpoint, location.href)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  const actor = Object.entries(headers).find(([name]) => name.toLowerCase() === 'tidemark-actor')?.[1]
  return createClient({ url: url.href, connectionParams: actor === undefined ? {} : { actor } })
}

/** A CloseEvent as a sentence; the client has retried before, where that may help. */
function broken({ reason }: CloseEvent): string {
  return `The connection to the server broke${reason && ` (${reason})`}: run it again.`
}
