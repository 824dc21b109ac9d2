import type { Millis, Revision, Version } from './version.ts'

/** One atomic write of a tenant, as its log holds it. */
export interface Commit {
  /** The idempotency key where the client gave one, else a ULID. Unique within its tenant. */
  readonly id: string
  readonly revision: Revision
  /** Never before the commit at `revision - 1`. */
  readonly at: Millis
  readonly actor: string | null
  /** Fingerprint of the request that came with a key, so that another request with that key is told apart. */
  readonly digest: string | null
  /** In the order in which the operations first touched them; none when they undid each other. */
  readonly versions: readonly Version[]
}
