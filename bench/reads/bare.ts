import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * The limit of what `node:http` can do: reads each request, and answers with the bytes that the file of the first
 * argument (JSON: name → text) has for the name in the query string. Nothing is parsed.
 */
const file = process.argv[2] ?? ''
const answers = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, string>>
const bodies = new Map(Object.entries(answers).map(([name, text]) => [`/?${name}`, Buffer.from(text)]))

const server = createServer((req, res) => {
  req.resume()
  req.once('end', () => {
    const body = bodies.get(req.url ?? '') ?? Buffer.alloc(0)
    res.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length })
    res.end(body)
  })
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
process.once('SIGTERM', () => process.exit(0))
console.log(JSON.stringify({ graphql: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }))
