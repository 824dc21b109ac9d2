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

interface PlaygroundPage {
  readonly html: Buffer
  readonly gzipped: Buffer
  readonly etag: string
}

const FIRST_QUERY = `# Tidemark: write JSON at a path, read it, watch it.
# The schema's help is in the book at the left.

mutation Write {
  put(path: "posts/hello", value: { title: "Hello" }) {
    cursor
    document { version value }
  }
}

query Read {
  get(path: "posts")
}

# Each message replaces the one before.
# After a minute without changes comes an empty one.
subscription Watch {
  changes(paths: ["posts"], last: 10, heartbeatMs: 60000) {
    cursor
    upToDate
    changes { type path document { version value } }
  }
}
`

/** The logo: a mark on a post, and the tide below it. */
const MARK = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="28" height="28" role="img">
<title>Tidemark</title>
<rect width="32" height="32" rx="7" fill="#0b4f6c"/>
<path d="M16 5v13M16 9h7" stroke="#f6c453" stroke-width="3" stroke-linecap="round"/>
<path d="M4 20q4-4 8 0t8 0 8 0M4 26q4-4 8 0t8 0 8 0"
 fill="none" stroke="#8fd3e8" stroke-width="2.5" stroke-linecap="round"/></svg>`

/**
 * GraphiQL keeps its tabs in the browser. Without a query, it opens an empty tab beside them at every visit but the
 * first; with one, it finds the tab that has it, or opens it. So the page passes the query of the link, else the
 * examples.
 */
const QUERY = {
  placeholder: '<query>',
  script: `new URL(location.href).searchParams.get('query') || ${JSON.stringify(FIRST_QUERY)}`,
} as const

/** GraphiQL shows a broken connection as its CloseEvent in JSON; its WebSocket client has retried before. */
const BROKEN = `<script>CloseEvent.prototype.toJSON = function () {
  const reason = this.reason && ' (' + this.reason + ')'
  return { message: 'The connection to the server broke' + reason + ': run it again.' }
}</script>`

/** The script and the styles of the page are inline, its workers and fonts are blobs and data. */
const HEADERS = pageHeaders([
  `script-src 'unsafe-inline' blob:`,
  `worker-src blob:`,
  `style-src 'unsafe-inline'`,
  `img-src 'self' data:`,
  `font-src data:`,
])

/** The playground for the GraphQL endpoint at `endpoint`. The page (9 MB) is made at the first request. */
export function createPlayground(endpoint: string): Playground {
  let page: Promise<PlaygroundPage> | null = null
  return {
    answer: async (req, res) => {
      page ??= makePage(endpoint)
      send(req, res, await page)
    },
  }
}

async function makePage(endpoint: string): Promise<PlaygroundPage> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql')
  const favicon = `data:image/svg+xml;base64,${Buffer.from(MARK).toString('base64')}`
  const look = { title: 'Tidemark', logo: MARK, favicon } as const
  const options = {
    endpoint,
    ...look,
    subscriptionsProtocol: 'WS',
    defaultQuery: FIRST_QUERY,
    query: QUERY.placeholder,
  } as const
  const page = renderGraphiQL(options)
  const html = Buffer.from(
    page.replace('</head>', `${BROKEN}</head>`).replace(JSON.stringify(QUERY.placeholder), () => QUERY.script),
  )
  const gzipped = await promisify(gzip)(html, { level: 6 })
  return { html, gzipped, etag: `"${createHash('sha256').update(html).digest('base64url').slice(0, 22)}"` }
}

function send(req: IncomingMessage, res: ServerResponse, { html, gzipped, etag }: PlaygroundPage): void {
  const headers = { ...HEADERS, etag, 'cache-control': 'no-cache', vary: 'Accept-Encoding' }
  if (req.headers['if-none-match'] === etag) {
    res.writeHead(304, headers).end()
    return
  }
  const isGzipped = /\bgzip\b/.test(req.headers['accept-encoding'] ?? '')
  const body = isGzipped ? gzipped : html
  const encoding = isGzipped ? { 'content-encoding': 'gzip' } : {}
  res.writeHead(200, {
    ...headers,
    ...encoding,
    'content-type': 'text/html; charset=utf-8',
    'content-length': body.length,
  })
  res.end(req.method === 'HEAD' ? undefined : body)
}
