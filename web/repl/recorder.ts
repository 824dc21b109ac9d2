import type { ConnectOptions } from '../../src/client/connect.ts'
import { curlOf } from '../console/state/snippets.ts'

/** An operation as it was sent. */
export interface SentOperation {
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
}

/** Options of a client that shows what it sends, over HTTP and over sockets. */
export function recordedBy(record: (operation: SentOperation) => void): Pick<ConnectOptions, 'fetch' | 'WebSocket'> {
  const read = (text: unknown, partOf: (message: { readonly payload?: unknown }) => unknown): void => {
    if (typeof text !== 'string') return
    const sent = partOf(JSON.parse(text) as { readonly payload?: unknown }) as Partial<SentOperation> | undefined
    if (typeof sent?.query === 'string') record({ query: sent.query, variables: sent.variables ?? {} })
  }
  class RecordedSocket extends WebSocket {
    override send(data: Parameters<WebSocket['send']>[0]): void {
      read(data, ({ payload }) => payload)
      super.send(data)
    }
  }
  return {
    fetch: (input, init) => {
      read(init?.body, (body) => body)
      return fetch(input, init)
    },
    WebSocket: RecordedSocket,
  }
}

/** A command line that does the same. The key of a write is left out: with it, nothing would be done again. */
export function curlOfOperation({ query, variables }: SentOperation, origin: string): string {
  const { key: _, ...rest } = variables
  const curl = curlOf(query, { variables: rest, origin })
  return query.startsWith('subscription') ? curl.replace('curl -sS', `curl -sSN -H 'accept: text/event-stream'`) : curl
}

/** The operation with its variables, to be read. */
export function graphqlText({ query, variables }: SentOperation): string {
  const { key: _, ...rest } = variables
  return `${query.trim()}\n\n${JSON.stringify(rest, null, 2)}`
}
