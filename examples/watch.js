import { createClient } from 'graphql-ws'
import WebSocket from 'ws'

const client = createClient({ url: 'ws://localhost:4747/graphql', webSocketImpl: WebSocket })
const query = `subscription ($after: Cursor) {
  changes(paths: ["posts"], after: $after) { cursor changes { type path document { version value } } }
}`
const variables = { after: null }
for await (const { data } of client.iterate({ query, variables })) {
  variables.after = data.changes.cursor // a reconnect goes on from here: nothing is lost, nothing comes twice
  if (data.changes.changes.length === 0) console.log('up to date')
  for (const { type, path, document } of data.changes.changes) console.log(type, path, document.version, JSON.stringify(document.value))
}
