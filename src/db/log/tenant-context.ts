import type { Limits } from '../../core/limits.ts'
import type { Millis } from '../../core/version.ts'
import type { Store, TenantId } from '../../store/store.ts'
import type { LogTail } from './log-tail.ts'

/** Dependencies of the reads of one tenant. */
export interface TenantContext {
  readonly store: Store
  readonly tenant: TenantId
  readonly tail: LogTail
  readonly limits: Limits
  readonly now: () => Millis
  /** Closes a time: later reads as of it give the same. False: it lies ahead of the clock and of the last commit. */
  readonly closeTime: (time: Millis) => Promise<boolean>
  /** Time limit of one read, ms. */
  readonly readMs: number
}
