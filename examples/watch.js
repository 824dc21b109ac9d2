import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'

const url = process.argv[2] ?? 'ws://localhost:4747/graphql'
const query = `subscription ($after: Cursor) {
  changes(paths: ["posts"], after: $after, heartbeatMs: 5000) { cursor upToDate changes { type path document { version value } } }
}`
const variables = { after: null } // a reconnect goes on from here: nothing is lost, nothing comes twice
const retryable = [4500, 'UNAVAILABLE', 'TOO_MANY_REQUESTS', 'TIMEOUT', 'INTERNAL']
let [socket, state, failures] = [null, '', 0]
const silence = setInterval(() => socket?.terminate(), 15_000) // no batch in three heartbeats: the connection is dead
const show = (next) => next === state || console.log((state = next))
const retryWait = () => {
  show(`waiting for the server at ${url}`)
  return sleep(Math.random() * Math.min(5_000, 250 * 2 ** failures++))
}
const webSocketImpl = class extends WebSocket { constructor(...args) { super(...args); socket = this } }
const client = createClient({ url, webSocketImpl, retryAttempts: Infinity, shouldRetry: () => true, retryWait })

const print = ({ data, errors }) => {
  if (errors) throw errors
  const { cursor, upToDate, changes } = data.changes
  for (const { type, path, document } of changes) console.log(type, path, document.version, JSON.stringify(document.value))
  variables.after = cursor
  silence.refresh()
  if (!upToDate) return
  show('up to date')
  failures = 0
}
for (;; await retryWait()) {
  try {
    for await (const result of client.iterate({ query, variables })) print(result)
  } catch (problem) {
    const { code, retryAfterMs = 0 } = problem[0]?.extensions ?? problem
    if (code === 'CURSOR_EXPIRED' || code === 'CURSOR_UNKNOWN') {
      show('changes were missed')
      variables.after = null
    } else if (!retryable.includes(code)) throw problem
    await sleep(retryAfterMs)
  }
}
