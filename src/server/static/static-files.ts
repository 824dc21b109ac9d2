import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { pageHeaders } from '../status/page-headers.ts'

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
  readonly type: string
  readonly headers: OutgoingHttpHeaders
}

/** A form in which a file is sent. */
interface Encoded {
  /** As `Content-Encoding` names it; null: as it is. */
  readonly encoding: 'br' | 'gzip' | null
  readonly body: Buffer
  readonly etag: string
}

const PAGE = pageHeaders([
  `script-src 'self'`,
  `style-src 'self'`,
  `img-src 'self' data:`,
  `require-trusted-types-for 'script'`,
])
const PART = { 'x-content-type-options': 'nosniff' }
/** The client holds nothing of this server, and pages of every origin may import it. */
const SHARED = { ...PART, 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' }

const [HTML, SCRIPT] = ['text/html; charset=utf-8', 'text/javascript; charset=utf-8']

const SOURCES: Readonly<Record<string, FileSource>> = {
  '/demo': { file: 'web/demo/index.html', type: HTML, headers: PAGE },
  '/demo/demo.css': { file: 'web/demo/demo.css', type: 'text/css; charset=utf-8', headers: PART },
  '/demo/demo.js': { file: 'web/demo/demo.js', type: SCRIPT, headers: PART },
  '/demo/mark.svg': { file: 'web/demo/mark.svg', type: 'image/svg+xml', headers: PART },
  '/client.js': { file: 'dist/web/client.js', type: SCRIPT, headers: SHARED },
}

/** The root of the package, from `src` and from `dist`. */
const ROOT = new URL('../../../', import.meta.url)

/** The forms in which `npm run build` writes a file beside it, the smallest first. */
const SUFFIXES = [
  ['br', '.br'],
  ['gzip', '.gz'],
  [null, ''],
] as const

/** The pages and scripts of the package. Each is read at its first request, and kept in memory. */
export function staticFiles(): StaticFiles {
  return new Map(Object.entries(SOURCES).map(([path, source]) => [path, staticFile(source)]))
}

function staticFile(source: FileSource): StaticFile {
  let loaded: Promise<readonly Encoded[]> | null = null
  return {
    answer: async (req, res) => {
      loaded ??= load(source.file)
      try {
        send(req, res, { source, forms: await loaded })
      } catch (error) {
        loaded = null
        throw error
      }
    },
  }
}

/** Rejects when the file itself is not there; the compressed forms may be missing. */
async function load(file: string): Promise<readonly Encoded[]> {
  const forms = SUFFIXES.map(async ([encoding, suffix]) => {
    const body = await readFile(new URL(file + suffix, ROOT)).catch((error: unknown) => {
      if (encoding === null) throw error
      return null
    })
    return body === null ? [] : [{ encoding, body, etag: etagOf(body) }]
  })
  return (await Promise.all(forms)).flat()
}

function etagOf(body: Buffer): string {
  return `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
}

function send(
  req: IncomingMessage,
  res: ServerResponse,
  { source, forms }: { readonly source: FileSource; readonly forms: readonly Encoded[] },
): void {
  const accepted = req.headers['accept-encoding'] ?? ''
  const form = forms.find(({ encoding }) => encoding === null || accepts(accepted, encoding))
  if (form === undefined) return
  const { encoding, body, etag } = form
  const headers = { ...source.headers, etag, 'cache-control': 'no-cache', vary: 'Accept-Encoding' }
  if (req.headers['if-none-match'] === etag) {
    res.writeHead(304, headers).end()
    return
  }
  res.writeHead(200, {
    ...headers,
    ...(encoding !== null && { 'content-encoding': encoding }),
    'content-type': source.type,
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
