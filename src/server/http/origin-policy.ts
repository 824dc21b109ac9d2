import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { isLoopback } from '../config/address.ts'

/**
 * Which pages may use the server.
 *
 * There is no cookie to forge a request with, but a server on a loopback address is reached by every page that its
 * user opens: by a WebSocket, which CORS does not protect, and by a name that resolves to 127.0.0.1 (DNS rebinding).
 * So a request that a browser marks as another site's is refused unless its origin is listed, and a server on a
 * loopback address answers to loopback names only. GET runs queries alone, and POST needs a content type that a form
 * cannot send, so no custom header is required: curl, EventSource and every GraphQL client work unchanged.
 */
export interface Origins {
  /** Null, or why the request is refused, as a sentence with the remedy. */
  refuse(headers: IncomingHttpHeaders): string | null
  /** CORS headers of the answer: none unless the origin is listed. */
  headers(origin: string | undefined): OutgoingHttpHeaders | null
}

interface OriginOptions {
  /** The allowed origins; `*`: every origin. */
  readonly listed: readonly string[]
  readonly host: string
  /** The IP address that `host` resolves to; default: `host`. */
  readonly address?: string | undefined
  /** Called with a sentence for each of the first hundred origins that are refused, once. Default: nothing. */
  readonly warn?: ((sentence: string) => void) | undefined
}

/** The policy of a server. */
export function allowOrigins({ listed, host, address = host, warn = () => {} }: OriginOptions): Origins {
  const warned = new Set<string>()
  const refuseOrigin = (origin: string): string => {
    const name = origin.slice(0, MAX_NAME)
    if (warned.size < MAX_WARNED && !warned.has(name)) {
      warned.add(name)
      warn(refusal(name, listed))
    }
    return otherOrigin(name)
  }
  const isLocal = isLoopback(address)
  const hosts = new Set(listed.filter((origin) => origin !== '*').map((origin) => new URL(origin).host))
  const isListed = (origin: string): boolean => listed.includes('*') || listed.includes(origin)
  return {
    refuse: (headers) => {
      if (isLocal && !isServedName(headers.host, host) && !hosts.has(headers.host ?? '')) return WRONG_NAME
      const { origin } = headers
      if (origin === undefined) return headers['sec-fetch-site'] === 'cross-site' ? OTHER_SITE : null
      return isSameOrigin(origin, headers.host) || isListed(origin) ? null : refuseOrigin(origin)
    },
    headers: (origin) => {
      if (listed.length === 0) return null
      if (origin === undefined || !isListed(origin)) return { vary: 'Origin' }
      return { vary: 'Origin', 'access-control-allow-origin': origin }
    },
  }
}

/** Whether a Host header names a loopback address, or is `host`. True without a header: browsers always send one. */
function isServedName(header: string | undefined, host: string): boolean {
  if (header === undefined) return true
  const name = header
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase()
  return name === host.toLowerCase() || /^([^:]+\.)?localhost$/.test(name) || isLoopback(name)
}

const isSameOrigin = (origin: string, host: string | undefined): boolean =>
  host !== undefined && (origin === `http://${host}` || origin === `https://${host}`)

const WRONG_NAME =
  'This server listens on a loopback address and answers to localhost only: list https://<name> with ' +
  '--cors to serve another name.'
const OTHER_SITE = 'A page of another site sent this: list its origin with --cors if it may use this server.'

/** Origins that the log names: a page can send any number of them. */
const MAX_WARNED = 100
/** UTF-16 units of an origin in a message. */
const MAX_NAME = 200
/** Origins that may stand in a command to be typed: no character of them means anything to a shell. */
const PLAIN = /^https?:\/\/[\w.:-]+$/

/** The sentence for the log, with the setting that would let the origin in, where there is one. */
function refusal(origin: string, listed: readonly string[]): string {
  if (!PLAIN.test(origin)) return `refused the origin ${JSON.stringify(origin)}: see --cors`
  return `refused the origin ${origin}: start with --cors ${[...listed, origin].join(',')}`
}

function otherOrigin(origin: string): string {
  return `Pages of ${JSON.stringify(origin)} may not use this server: list the origin with --cors ` + 'if they may.'
}
