import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { pageHeaders } from './page-headers.ts'

/** GraphiQL, in one page that asks no other host for anything. */
export interface Playground {
  /** Answers with the page. */
  answer(req: IncomingMessage, res: ServerResponse): Promise<void>
}

interface Page {
  readonly html: Buffer
  readonly gzipped: Buffer
  readonly etag: string
}

const FIRST_QUERY = `# Tidemark: write JSON at a path, read it, watch it. The schema's help is in the book at the left.

mutation Write {
  put(path: "posts/1", value: { title: "Hello" }) {
    cursor
    document { version value }
  }
}

query Read {
  get(path: "posts")
}

subscription Watch {
  changes(paths: ["posts"], last: 10) {
    cursor
    upToDate
    changes { type path document { version value } }
  }
}
`

/** The playground for the GraphQL endpoint at `endpoint`. The page (9 MB) is made at the first request. */
export function createPlayground(endpoint: string): Playground {
  let page: Promise<Page> | null = null
  return {
    answer: async (req, res) => {
      page ??= makePage(endpoint)
      send(req, res, await page)
    },
  }
}

async function makePage(endpoint: string): Promise<Page> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql')
  const options = { endpoint, title: 'Tidemark', subscriptionsProtocol: 'WS', defaultQuery: FIRST_QUERY } as const
  const html = Buffer.from(renderGraphiQL(options))
  const gzipped = await promisify(gzip)(html, { level: 6 })
  return { html, gzipped, etag: `"${createHash('sha256').update(html).digest('base64url').slice(0, 22)}"` }
}

function send(req: IncomingMessage, res: ServerResponse, { html, gzipped, etag }: Page): void {
  const headers = { ...pageHeaders, etag, 'cache-control': 'no-cache', vary: 'Accept-Encoding' }
  if (req.headers['if-none-match'] === etag) {
    res.writeHead(304, headers).end()
    return
  }
  const packed = /\bgzip\b/.test(req.headers['accept-encoding'] ?? '')
  const body = packed ? gzipped : html
  const encoding = packed ? { 'content-encoding': 'gzip' } : {}
  res.writeHead(200, { ...headers, ...encoding, 'content-type': 'text/html; charset=utf-8', 'content-length': body.length })
  res.end(req.method === 'HEAD' ? undefined : body)
}
