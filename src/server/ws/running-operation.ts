import type { Reservation } from '../limits/memory-budget.ts'

/** A parsed message; it has settled when its answers have left too. */
export interface RunningOperation {
  readonly type: unknown
  readonly id: unknown
  readonly message: unknown
  readonly reservation: Reservation
  /** Whether the memory budget admitted it; else it is refused. */
  readonly isAdmitted: boolean
  /** Estimated bytes of its answer. */
  claimedBytes: number
  /** The peer has sent `complete`; the operation still runs. */
  isCompleted: boolean
  isSubscription: boolean
}

/** A parsed message that has not started; one that is not admitted keeps its type and id alone. */
export function parsedOperation(message: unknown, reservation: Reservation, isAdmitted: boolean): RunningOperation {
  return {
    ...parseHeader(message),
    message: isAdmitted ? message : null,
    reservation,
    isAdmitted,
    claimedBytes: 0,
    isCompleted: false,
    isSubscription: false,
  }
}

function parseHeader(message: unknown): Pick<RunningOperation, 'type' | 'id'> {
  if (typeof message !== 'object' || message === null) return { type: undefined, id: undefined }
  return { type: 'type' in message ? message.type : undefined, id: 'id' in message ? message.id : undefined }
}
