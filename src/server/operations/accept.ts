/** Media types that a client accepts (RFC 9110, section 12.5.1; GraphQL over HTTP, section "Media Types"). */
interface AcceptedTypes {
  /** The preferred JSON type; null when none is accepted. */
  readonly json: JsonType | null
  /** Whether `text/event-stream` is accepted. */
  readonly stream: boolean
}

export type JsonType = 'application/json' | 'application/graphql-response+json'

/** Distinct Accept headers that are cached; with one more, the cache is cleared. Apps send one or two. */
const MAX_CACHED_HEADERS = 64

const cache = new Map<string, AcceptedTypes>()

/** Parses an Accept header, cached. Without one, and for wildcards, the JSON type is `application/json`. */
export function acceptedTypes(accept: string | undefined): AcceptedTypes {
  if (accept === undefined) return ACCEPTS_ANY
  const cached = cache.get(accept)
  if (cached !== undefined) return cached
  const accepted = parseAccept(accept)
  if (cache.size >= MAX_CACHED_HEADERS) cache.clear()
  cache.set(accept, accepted)
  return accepted
}

const ACCEPTS_ANY: AcceptedTypes = { json: 'application/json', stream: true }

const JSON_TYPES: Readonly<Record<string, JsonType>> = {
  'application/graphql-response+json': 'application/graphql-response+json',
  'application/json': 'application/json',
  'application/*': 'application/json',
  '*/*': 'application/json',
}

const STREAM_TYPES = new Set(['text/event-stream', 'text/*', '*/*'])

function parseAccept(accept: string): AcceptedTypes {
  // The sort is stable: among types of equal quality, the first one is preferred.
  const types = accept
    .toLowerCase()
    .split(',')
    .map(parseRange)
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
  const json = types.map(({ type }) => JSON_TYPES[type]).find((type) => type !== undefined) ?? null
  return { json, stream: types.some(({ type }) => STREAM_TYPES.has(type)) }
}

function parseRange(text: string): { readonly type: string; readonly quality: number } {
  const [type = '', ...params] = text.split(';').map((part) => part.trim())
  const quality = params.find((param) => param.startsWith('q='))?.slice(2)
  const charset = params.find((param) => param.startsWith('charset='))?.slice(8) ?? 'utf-8'
  return { type, quality: charset === 'utf-8' ? Number(quality ?? 1) : 0 }
}

const JSON_BODY = /^application\/json\s*(;|$)/i
const CHARSET = /;\s*charset="?([^";\s]+)/i

/** Whether a body with this Content-Type is JSON in UTF-8. */
export function isJsonBody(contentType: string | undefined): boolean {
  if (contentType === 'application/json') return true
  if (contentType === undefined || !JSON_BODY.test(contentType)) return false
  return /^utf-?8$/i.test(CHARSET.exec(contentType)?.[1] ?? 'utf-8')
}
