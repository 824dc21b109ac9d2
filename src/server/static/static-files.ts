import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { extname } from 'node:path'
import { codeFrameHeaders, pageHeaders } from '../status/page-headers.ts'
import { filesIn, readStored, type StoredFile } from './stored-file.ts'

/** A file of the package that is served. */
export interface StaticFile {
  /** Answers with the file; rejects, with nothing sent, when it cannot be read. */
  answer(req: IncomingMessage, res: ServerResponse): Promise<void>
}

/** The files that are served, by the path of the request: no other name reaches the file system. */
export type StaticFiles = ReadonlyMap<string, StaticFile>

interface FileSource {
  /** In the package. */
  readonly file: string
  readonly headers: OutgoingHttpHeaders
  /** Whether its name changes with its content. Default: it does not, and browsers ask each time. */
  readonly isFinal?: boolean
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
}

const PAGE = [`script-src 'self'`, `style-src 'self'`, `img-src 'self' data:`, `require-trusted-types-for 'script'`]
const PART = { 'x-content-type-options': 'nosniff' }
/** The client holds nothing of this server, and pages of every origin may import it. */
const SHARED = { ...PART, 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' }

const SOURCES: Readonly<Record<string, FileSource>> = {
  '/demo': { file: 'web/demo/index.html', headers: pageHeaders(PAGE) },
  '/demo/demo.css': { file: 'web/demo/demo.css', headers: PART },
  '/demo/demo.js': { file: 'web/demo/demo.js', headers: PART },
  '/demo/mark.svg': { file: 'web/demo/mark.svg', headers: PART },
  '/client.js': { file: 'dist/web/client.js', headers: SHARED },
}

interface BuiltPage {
  readonly headers: OutgoingHttpHeaders
  /** Of its parts. Default: those of any file. */
  readonly partHeaders?: OutgoingHttpHeaders
}

/** Pages that `npm run build` makes, by their folder in dist/web. */
const BUILT_PAGES: Readonly<Record<string, BuiltPage>> = {
  console: { headers: pageHeaders([...PAGE, `frame-src 'self'`]) },
  // GraphiQL styles its elements by itself; its editor has workers and a font of icons.
  playground: {
    headers: pageHeaders([
      `script-src 'self'`,
      `worker-src 'self'`,
      `style-src 'self' 'unsafe-inline'`,
      `img-src 'self' data:`,
      `font-src 'self'`,
    ]),
  },
  // Its origin has no name, so its scripts are those of another one.
  'repl-frame': { headers: codeFrameHeaders(), partHeaders: SHARED },
}

/** The pages and scripts of the package. Each is read at its first request, and kept in memory. */
export function staticFiles(): StaticFiles {
  const built = Object.entries(BUILT_PAGES).flatMap(([name, page]) => builtPage(name, page))
  return new Map([...Object.entries(SOURCES), ...built].map(([path, source]) => [path, staticFile(source)]))
}

/** The page is there under the name of its folder; its parts bear a hash of their content, and never change. */
function builtPage(
  name: string,
  { headers, partHeaders = PART }: BuiltPage,
): readonly (readonly [path: string, FileSource])[] {
  const folder = `dist/web/${name}`
  const parts = filesIn(`${folder}/assets`).map((file) => `assets/${file}`)
  return [
    [`/${name}`, { file: `${folder}/index.html`, headers }],
    ...parts.map(
      (part) => [`/${name}/${part}`, { file: `${folder}/${part}`, headers: partHeaders, isFinal: true }] as const,
    ),
  ]
}

function staticFile(source: FileSource): StaticFile {
  let loaded: Promise<StoredFile> | null = null
  return {
    answer: async (req, res) => {
      loaded ??= readStored(source.file)
      try {
        await send(req, res, { source, stored: await loaded })
      } catch (error) {
        loaded = null
        throw error
      }
    },
  }
}

async function send(
  req: IncomingMessage,
  res: ServerResponse,
  { source, stored }: { readonly source: FileSource; readonly stored: StoredFile },
): Promise<void> {
  const accepted = req.headers['accept-encoding'] ?? ''
  const { encoding, body, etag } = await stored.form((encoding) => accepts(accepted, encoding))
  const cacheControl = source.isFinal === true ? 'public, max-age=31536000, immutable' : 'no-cache'
  const headers = { ...source.headers, etag, 'cache-control': cacheControl, vary: 'Accept-Encoding' }
  if (req.headers['if-none-match'] === etag) {
    res.writeHead(304, headers).end()
    return
  }
  res.writeHead(200, {
    ...headers,
    ...(encoding !== null && { 'content-encoding': encoding }),
    'content-type': TYPES[extname(source.file)] ?? 'application/octet-stream',
    'content-length': body.length,
  })
  res.end(req.method === 'HEAD' ? undefined : body)
}

/** Whether an `Accept-Encoding` takes a coding (RFC 9110, section 12.5.3). */
function accepts(header: string, coding: string): boolean {
  return header.split(',').some((part) => {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase())
    return name === coding && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
  })
}
