import { linkSignals, type LinkedSignal } from '../abort.ts'
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
const ALIVE_MS = 5_000

const UNAUTHORIZED = 401

/** Requests, and subscriptions as server-sent events, each on a connection of its own. */
export class HttpLink implements Link {
  readonly #options: HttpOptions
  readonly #running = new Set<LinkedSignal>()
  #streams = 0

  constructor(options: HttpOptions) {
    this.#options = options
  }

  async request(operation: RemoteOperation, signal: AbortSignal): Promise<GraphqlResult> {
    const accept = 'application/graphql-response+json'
    return this.#bounded(signal, ANSWER_MS, async (bounded) => {
      return jsonOf(await this.#post(operation, { accept, signal: bounded }))
    })
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

  /** Gives up the requests that run, so that they are sent again: their connections may have died unseen. */
  abandon(): void {
    for (const link of this.#running) link.abort(new BrokenConnection('The machine slept.'))
  }

  /** Whether the server answers at all. */
  async isAlive(signal: AbortSignal): Promise<boolean> {
    try {
      return await this.#bounded(signal, ALIVE_MS, async (bounded) => {
        const response = await this.#options.fetch(`${this.#options.url}/livez`, { signal: bounded })
        await response.text()
        return response.ok
      })
    } catch {
      return false
    }
  }

  /** Runs with a signal that also ends after so many ms. Rejects with BrokenConnection, or the reason of `signal`. */
  async #bounded<T>(signal: AbortSignal, ms: number, run: (bounded: AbortSignal) => Promise<T>): Promise<T> {
    const link = linkSignals(signal)
    const timer = setTimeout(() => link.abort(new BrokenConnection('There was no answer in time.')), ms)
    this.#running.add(link)
    try {
      return await run(link.signal)
    } catch (error) {
      signal.throwIfAborted()
      throw brokenBy(error)
    } finally {
      clearTimeout(timer)
      this.#running.delete(link)
      link.release()
    }
  }

  /** Gives null when the server completed the subscription, else why it ended. */
  async #stream(operation: RemoteOperation, sink: SubscriptionSink, signal: AbortSignal): Promise<Error | null> {
    const response = await this.#post(operation, { accept: 'text/event-stream', signal })
    if (response.body === null || !isOfType(response, 'text/event-stream')) {
      return remoteError((await jsonOf(response)).errors)
    }
    for await (const event of readEvents(response.body)) {
      if (signal.aborted || event === 'complete') return null
      if (event === 'comment') sink.received?.()
      else sink.next(event.next as GraphqlResult)
    }
    return new BrokenConnection('The event stream broke.')
  }

  /** Sends with the token that is known, and when it is refused once more, with another one. */
  async #post(operation: RemoteOperation, options: SendOptions): Promise<Response> {
    const { credentials } = this.#options
    const first = await this.#send(operation, options, await credentials.token())
    if (first.status !== UNAUTHORIZED) return first
    await first.body?.cancel()
    const second = await this.#send(operation, options, await credentials.renewed())
    if (second.status !== UNAUTHORIZED) return second
    await second.body?.cancel()
    throw new DatabaseError('UNAUTHENTICATED', 'The server refused the token twice: give another one.')
  }

  async #send(
    { query, variables }: RemoteOperation,
    { accept, signal }: SendOptions,
    token: string | undefined,
  ): Promise<Response> {
    const { url, credentials } = this.#options
    const headers: Record<string, string> = { 'content-type': 'application/json', accept }
    if (credentials.actor !== undefined) headers['tidemark-actor'] = latin1(credentials.actor)
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`
    const body = JSON.stringify({ query, variables })
    const response = await this.#options.fetch(`${url}/graphql`, { method: 'POST', headers, body, signal })
    const date = response.headers.get('date')
    if (date !== null) this.#options.onServerTime(date)
    return response
  }
}

interface SendOptions {
  readonly accept: string
  readonly signal: AbortSignal
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

/** Codes of Node's for a connection that was never made, so that nothing can have arrived. */
const NEVER_ARRIVED: readonly unknown[] = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']

function brokenBy(error: unknown): Error {
  if (error instanceof BrokenConnection || error instanceof DatabaseError) return error
  const { cause } = (error ?? {}) as { cause?: { code?: unknown } }
  const mayHaveArrived = !NEVER_ARRIVED.includes(cause?.code)
  return new BrokenConnection('The server cannot be reached.', { mayHaveArrived, cause: error })
}

function tooManyStreams(max: number): DatabaseError {
  const message = `${max} feeds are open without WebSockets: follow several paths with one feed, or close one.`
  return new DatabaseError('TOO_LARGE', message, { limit: 'streams', max })
}
