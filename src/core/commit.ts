import type { Millis, Revision, Version } from './version.ts'

/** One atomic write of a tenant, as its log holds it. */
export interface Commit {
  /** The idempotency key where the client gave one, else a ULID. Unique within its tenant. */
  readonly id: string
  readonly revision: Revision
  /** Never before the commit at `revision - 1`. */
  readonly at: Millis
  readonly actor: string | null
  /**
   * Hash of the request when the client gave a key: another request with that key is refused. Null without a key;
   * empty, so that every request with the key is refused, once one of the versions was purged.
   */
  readonly digest: string | null
  /** In the order in which the operations first touched the documents; empty when the operations undid each other. */
  readonly versions: readonly Version[]
  /** Whether it had more versions, which retention removed. */
  readonly thinned?: true | undefined
}
