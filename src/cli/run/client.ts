import type { Client } from '../../client/client.ts'
import { noPatches } from '../../client/live/patches.ts'
import type { Platform } from '../../client/platform.ts'
import { WritableStore } from '../../client/readable.ts'
import { DatabaseError } from '../../core/error.ts'
import { badUsage } from './failure.ts'
import { nodeFetch } from './http.ts'
import type { Invocation } from './invocation.ts'
import { targetOf, type Target } from './target.ts'

/** How long a command goes on asking a server that has answered before, or may have, ms. */
const OFFLINE_MS = 10_000
const MAX_STREAMS = 16

type Given = Pick<Invocation, 'flags' | 'env' | 'fail'>

/**
 * Runs some work with a client of the server that the flags name, and closes it. It uses node:http and event streams: a
 * WebSocket would take longer to load than a whole command may.
 */
export async function withClient<T>(given: Given, work: (db: Client, target: Target) => Promise<T>): Promise<T> {
  const target = await targetOf(given.flags, given.env)
  const { RemoteDatabase } = await import('../../client/remote-database.ts')
  const { url, token, actor } = target
  const db = new RemoteDatabase(url, { transport: 'sse', token, actor }, platformOf(url, given))
  try {
    return await work(db, target)
  } finally {
    await db.close()
  }
}

function platformOf(url: string, given: Given): Platform {
  return {
    fetch: fetchOf(url, given),
    webSocket: () => Promise.resolve(null),
    openSocket: () => {
      throw new DatabaseError('INTERNAL', 'The command line opens no sockets.')
    },
    patches: new WritableStore(noPatches),
    offlineMs: OFFLINE_MS,
    maxStreams: MAX_STREAMS,
    isWatched: () => false,
    onWake: () => () => {},
    holdPage: () => () => {},
  }
}

/** Codes of a connection that could not be made: nothing is gained by trying again at once. */
const NO_CONNECTION =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EACCES|EPROTO|CERT_.*|ERR_.*|.*CERT)$/

/** `fetch` that ends the command when nothing has ever answered, or what answers is no Tidemark. */
export function fetchOf(url: string, { fail }: Pick<Given, 'fail'>): typeof fetch {
  let hasAnswered = false
  return async (input, init) => {
    try {
      const response = await nodeFetch(input as string, init)
      hasAnswered = true
      if (response.status < 500 && !isOurs(response)) fail(stranger(url, response.status))
      return response
    } catch (error) {
      const code = systemCodeOf(error)
      if (!hasAnswered && NO_CONNECTION.test(code)) fail(unreachable(url, code))
      throw error
    }
  }
}

/** UNREACHABLE: exit code 6. */
export function unreachable(url: string, cause: string): DatabaseError {
  const why = cause === '' || cause === 'ECONNREFUSED' ? '' : ` (${cause})`
  const remedy = 'start one with tidemark start, or name another with --url'
  return new DatabaseError('UNREACHABLE', `No server answers at ${url}${why}: ${remedy}.`)
}

/** BAD_REQUEST: something else has the address. */
export function stranger(url: string, status: number): DatabaseError {
  return badUsage(`What answers at ${url} is no Tidemark (status ${status}): name its address with --url.`)
}

function isOurs(response: Response): boolean {
  const type = response.headers.get('content-type') ?? ''
  return /^(?:application\/(?:graphql-response\+)?json|text\/(?:event-stream|plain))/.test(type)
}

/** The code of the system for a request that failed. */
export function systemCodeOf(error: unknown): string {
  const { cause, code } = (error ?? {}) as { readonly cause?: { readonly code?: string }; readonly code?: string }
  return cause?.code ?? code ?? ''
}
