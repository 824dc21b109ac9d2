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
  return `${indented(query)}\n\n${JSON.stringify(rest, null, 2)}`
}

/** An operation as it is sent, in one line, with a line for each field. It has no texts and no comments. */
export function indented(query: string): string {
  let [text, level, parentheses] = ['', 0, 0]
  const line = (): string => `\n${'  '.repeat(level)}`
  for (const [token = ''] of query.matchAll(/[(){}]|\.\.\. on \w+|[\w]+: *\w+|[^\s(){}]+/g)) {
    const isOpen = text === '' || text.endsWith('(') || token === '(' || token === ')'
    if (token === '{') {
      level++
      text += ' {'
    } else if (token === '}') {
      level--
      text += `${line()}}`
    } else if (parentheses > 0 || level === 0) text += (isOpen ? '' : ' ') + token
    else text += (token === '(' ? '' : line()) + token
    parentheses += token === '(' ? 1 : token === ')' ? -1 : 0
  }
  return text
}
