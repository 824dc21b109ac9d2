import { DatabaseError } from '../../core/error.ts'
import { BrokenConnection, remoteError, type GraphqlResult } from '../operations/remote-errors.ts'
import type { RemoteOperation } from '../operations/requests.ts'
import { readEvents } from './event-stream.ts'
import type { Credentials, Link, SubscriptionSink } from './link.ts'

interface HttpOptions {
  /** Of the server: `http://localhost:4747`. */
  readonly url: string
  readonly fetch: typeof fetch
  readonly credentials: Credentials
  /** Subscriptions at once. */
  readonly maxStreams: number
  /** Called with the time of the server, where an answer tells it. */
  onServerTime(time: string): void
}

/** How long an answer may take, ms: longer than the server's own bounds. */
const ANSWER_MS = 35_000

/** Requests, and subscriptions as server-sent events, each on a connection of its own. */
export class HttpLink implements Link {
  readonly #options: HttpOptions
  #streams = 0

  constructor(options: HttpOptions) {
    this.#options = options
  }

  async request(operation: RemoteOperation, signal: AbortSignal): Promise<GraphqlResult> {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
    const response = await this.#post(operation, { accept: 'application/graphql-response+json', signal: bounded })
    try {
      return await jsonOf(response)
    } catch (error) {
      signal.throwIfAborted()
      throw brokenBy(error)
    }
  }

  subscribe(operation: RemoteOperation, sink: SubscriptionSink): () => void {
    const { maxStreams } = this.#options
    const abort = new AbortController()
    if (this.#streams >= maxStreams) {
      queueMicrotask(() => sink.ended(tooManyStreams(maxStreams)))
      return () => {}
    }
    this.#streams++
    const done = (): void => void this.#streams--
    void this.#stream(operation, sink, abort.signal)
      .then(
        (error) => abort.signal.aborted || sink.ended(error),
        (error: unknown) => abort.signal.aborted || sink.ended(brokenBy(error)),
      )
      .finally(done)
    return () => abort.abort()
  }

  /** Whether the server answers at all. */
  async isAlive(signal: AbortSignal): Promise<boolean> {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(5_000)])
    try {
      const response = await this.#options.fetch(`${this.#options.url}/livez`, { signal: bounded })
      await response.text()
      return response.ok
    } catch {
      return false
    }
  }

  /** Gives null when the server completed the subscription, else why it ended. */
  async #stream(operation: RemoteOperation, sink: SubscriptionSink, signal: AbortSignal): Promise<Error | null> {
    const response = await this.#post(operation, { accept: 'text/event-stream', signal })
    if (response.body === null || !isOfType(response, 'text/event-stream')) {
      const { errors = [] } = await jsonOf(response)
      return remoteError(errors)
    }
    for await (const event of readEvents(response.body)) {
      if (signal.aborted || event === 'complete') return null
      if (event === 'comment') sink.received?.()
      else sink.next(event.next as GraphqlResult)
    }
    return new BrokenConnection('The event stream broke.')
  }

  async #post(
    { query, variables }: RemoteOperation,
    { accept, signal }: { readonly accept: string; readonly signal: AbortSignal },
  ): Promise<Response> {
    const { url, credentials } = this.#options
    const token = await credentials.token()
    const headers: Record<string, string> = { 'content-type': 'application/json', accept }
    if (credentials.actor !== undefined) headers['tidemark-actor'] = latin1(credentials.actor)
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`
    const body = JSON.stringify({ query, variables })
    try {
      signal.throwIfAborted()
      const response = await this.#options.fetch(`${url}/graphql`, { method: 'POST', headers, body, signal })
      const date = response.headers.get('date')
      if (date !== null) this.#options.onServerTime(date)
      return response
    } catch (error) {
      if (signal.aborted && !isTimeout(signal.reason)) throw signal.reason
      throw brokenBy(error)
    }
  }
}

/** A header holds bytes, which `fetch` takes as Latin-1: here those of UTF-8. */
function latin1(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text))
}

function isOfType(response: Response, type: string): boolean {
  return response.headers.get('content-type')?.startsWith(type) ?? false
}

/** A result of GraphQL; what is none comes from a proxy. */
async function jsonOf(response: Response): Promise<GraphqlResult> {
  if (isOfType(response, 'application/')) {
    const result = (await response.json()) as GraphqlResult
    if (result.errors !== undefined || result.data !== undefined) return result
  }
  throw new BrokenConnection(`No Tidemark answered, but something with the status ${response.status}.`)
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === 'TimeoutError'
}

/** Codes of Node's for a connection that was never made, so that nothing can have arrived. */
const NEVER_ARRIVED: readonly unknown[] = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']

function brokenBy(error: unknown): Error {
  if (error instanceof BrokenConnection) return error
  const { cause } = (error ?? {}) as { cause?: { code?: unknown } }
  const mayHaveArrived = !NEVER_ARRIVED.includes(cause?.code)
  return new BrokenConnection('The server cannot be reached.', { mayHaveArrived, cause: error })
}

function tooManyStreams(max: number): DatabaseError {
  const message = `${max} feeds are open without WebSockets: follow several paths with one feed, or close one.`
  return new DatabaseError('TOO_LARGE', message, { limit: 'streams', max })
}
