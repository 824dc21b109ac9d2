import type { DatabaseError } from '../../core/error.ts'
import type { Platform } from '../platform.ts'
import type { HttpLink } from './http-link.ts'
import type { Credentials } from './link.ts'

/** A feed, or what else goes on when the connection is there again. */
export interface ConnectionUser {
  /** Feeds may begin or go on. */
  resume(): void
  /** The machine slept: an event stream that says it is open may be none. */
  doubt(): void
  /** Its wait is over before its time. */
  retry(): void
  /** Nothing will come any more. */
  fail(error: DatabaseError): void
}

/** Options of one query or mutation. */
export interface RequestOptions {
  readonly signal?: AbortSignal | undefined
  /** Called when a connection that is known to be there has the request; perhaps never. */
  readonly handed?: (() => void) | undefined
}

/** The parts of a client that its connection needs. */
export interface ConnectionOptions {
  readonly wsUrl: string
  readonly http: HttpLink
  readonly platform: Platform
  readonly credentials: Credentials
  readonly usesSockets: boolean
  /** Whether event streams take the place of sockets that do not pass. */
  readonly mayStream: boolean
  onServerTime(time: string): void
  /** The server answers: what waits for it may be sent again at once. */
  onAnswer(): void
  /** Asks again what has no answer; resolves when it is answered. Feeds go on after that. */
  beforeResume(): Promise<void>
}
