import type { GraphqlResult } from '../operations/remote-errors.ts'
import type { RemoteOperation } from '../operations/requests.ts'

/** Receives what a subscription brings; `ended` comes once, unless the subscription was ended before. */
export interface SubscriptionSink {
  /** The server took the request, or sent a comment. */
  received?(): void
  next(result: GraphqlResult): void
  /** BrokenConnection, a DatabaseError, or null: completed by the server. */
  ended(error: Error | null): void
}

/** A way to a server. */
export interface Link {
  /** The result of a query or a mutation. Rejects with BrokenConnection, or with the reason of `signal`. */
  request(operation: RemoteOperation, signal: AbortSignal): Promise<GraphqlResult>
  /** Starts a subscription; the returned function ends it on the server. */
  subscribe(operation: RemoteOperation, sink: SubscriptionSink): () => void
}

/** How the server knows the client. */
export interface Credentials {
  readonly actor?: string | undefined
  /** The token that was given last; asked for when there is none. Rejects with BrokenConnection. */
  token(): Promise<string | undefined>
  /** Asks for the token again: for a new connection, and when the server refused the last one. */
  renewed(): Promise<string | undefined>
}

/** Code of a socket that broke without a close frame (RFC 6455, section 7.4.1). */
export const ABNORMAL_CLOSURE = 1006
