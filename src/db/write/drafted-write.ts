import { DatabaseError, type ErrorCode } from '../../core/error.ts'
import type { Revision } from '../../core/version.ts'
import type { Draft, Store, TenantId } from '../../store/store.ts'
import type { LogTail } from '../log/log-tail.ts'
import type { Drafted } from './draft.ts'
import type { PendingWrite } from './pending-write.ts'

/** Codes of errors by which a store refuses everything at the moment. */
const OUTAGES: ReadonlySet<ErrorCode> = new Set(['UNAVAILABLE', 'STORAGE_FULL'])
/** Codes of refusals for what is there, or is not: another state would allow the same request. */
const STATE_REFUSALS: ReadonlySet<ErrorCode> = new Set(['CONFLICT', 'EXISTS', 'NOT_FOUND'])

interface RefusedWrite {
  readonly kind: 'refused'
  readonly pending: PendingWrite
  readonly error: unknown
}

/** The result of drafting one request of a batch. */
export type DraftedWrite =
  | { readonly kind: 'draft'; readonly pending: PendingWrite; readonly draft: Draft; readonly drafted: Drafted }
  /** Nothing is to be written. */
  | { readonly kind: 'answered'; readonly pending: PendingWrite; readonly drafted: Drafted }
  | RefusedWrite
  /** Not drafted: the batch was full. */
  | { readonly kind: 'later'; readonly pending: PendingWrite }

/** Whether a request was refused for what is there, on a state that may be behind. */
function isUnconfirmed(each: DraftedWrite): each is RefusedWrite {
  if (each.kind !== 'refused' || each.pending.settled || each.pending.isConfirmed) return false
  return each.error instanceof DatabaseError && STATE_REFUSALS.has(each.error.code)
}

interface ConfirmOptions {
  readonly store: Store
  readonly tenant: TenantId
  readonly tail: LogTail
  /** That of the state on which the requests were drafted. */
  readonly revision: Revision
}

/** The error of a write of which nothing was done: it says so if the same write may succeed later. */
export function notDone(error: unknown): unknown {
  if (!(error instanceof DatabaseError) || !OUTAGES.has(error.code)) return error
  const { code, message, details, cause } = error
  return new DatabaseError(code, message, { outcome: 'NOT_DONE', ...details, cause })
}

/**
 * Reads may be behind what other processes have had acknowledged, after another server took over unnoticed. So a
 * request that is refused for what is there, on the state at `revision`, has its answer when the store confirms that
 * there is nothing later; else it is drafted again, once, on a state that has all of that.
 */
export async function confirmRefusals(
  drafted: readonly DraftedWrite[],
  { store, tenant, tail, revision }: ConfirmOptions,
): Promise<readonly DraftedWrite[]> {
  if (!store.shared || !drafted.some(isUnconfirmed)) return drafted
  const confirm = async (): Promise<Revision> => {
    const last = await store.confirm(tenant)
    if (last > revision) await tail.refresh()
    return last
  }
  const replaced = await confirm().then(
    (last) =>
      ({ pending, error }: RefusedWrite): DraftedWrite => {
        pending.isConfirmed = true
        return last > revision ? { kind: 'later', pending } : { kind: 'refused', pending, error }
      },
    (error: unknown) =>
      (each: RefusedWrite): DraftedWrite => ({ ...each, error: notDone(error) }),
  )
  return drafted.map((each) => (isUnconfirmed(each) ? replaced(each) : each))
}
