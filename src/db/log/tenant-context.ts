import type { Limits } from '../../core/limits.ts'
import type { Millis } from '../../core/version.ts'
import type { Store, TenantId } from '../../store/store.ts'
import type { LogTail } from './log-tail.ts'

/** What reading one tenant takes. */
export interface TenantContext {
  readonly store: Store
  readonly tenant: TenantId
  readonly tail: LogTail
  readonly limits: Limits
  readonly now: () => Millis
  /** Makes what is read as of a time final; false: the time lies ahead of the clock and of everything written. */
  readonly closeTime: (time: Millis) => Promise<boolean>
  /** How long a read may take. */
  readonly readMs: number
}
