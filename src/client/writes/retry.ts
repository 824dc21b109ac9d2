import { elapsed, linkSignals } from '../abort.ts'
import { backOffMs } from '../connection/connection-state.ts'
import { DatabaseError } from '../../core/error.ts'
import { BrokenConnection, isRetryable, retryAfterMs } from '../operations/remote-errors.ts'

interface RetryOptions {
  /** After it, nothing is tried again: ms of the monotonic clock. */
  readonly deadline: number
  readonly signal: AbortSignal | undefined
  /** Resolves early when the connection is there again. */
  readonly connected: (signal: AbortSignal) => Promise<void>
  /** Whether the request may change data, so that its outcome matters. */
  readonly isWrite: boolean
}

/**
 * Tries until there is an answer that stays: the result, or an error that a retry would not fix. Rejects after
 * the deadline with the server's last error, or with UNREACHABLE; or with the reason of `signal`.
 */
export async function withRetry<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { deadline, signal } = options
  let mayHaveArrived = false
  for (let failures = 0; ; failures++) {
    signal?.throwIfAborted()
    try {
      return await attempt()
    } catch (error) {
      signal?.throwIfAborted()
      if (!isRetryable(error)) throw error
      mayHaveArrived ||= mayBeDone(error)
      const leastMs = retryAfterMs(error)
      const leftMs = deadline - performance.now()
      if (leftMs <= leastMs) throw lastError(error, mayHaveArrived, options)
      const waitMs = Math.max(leastMs, Math.random() * backOffMs(failures))
      await waited(Math.min(waitMs, leftMs), leastMs, options)
    }
  }
}

/** Whether what was asked may have been done in spite of the error. */
function mayBeDone(error: unknown): boolean {
  if (error instanceof BrokenConnection) return error.mayHaveArrived
  return !(error instanceof DatabaseError) || error.details['outcome'] !== 'NOT_DONE'
}

/** The error of the last attempt; its `outcome` is that of all attempts together. */
function lastError(error: unknown, mayHaveArrived: boolean, { isWrite }: RetryOptions): unknown {
  if (error instanceof DatabaseError) {
    const { code, message, details, cause } = error
    const isWorse = mayHaveArrived && details['outcome'] === 'NOT_DONE'
    return isWorse ? new DatabaseError(code, message, { ...details, outcome: 'UNKNOWN', cause }) : error
  }
  if (!(error instanceof BrokenConnection)) return error
  return new DatabaseError('UNREACHABLE', 'No server answered: check its address, and whether it runs.', {
    ...(isWrite && { outcome: mayHaveArrived ? 'UNKNOWN' : 'NOT_DONE' }),
    cause: error,
  })
}

/** Waits so many ms; without a least wait, only until the connection is there again. */
async function waited(ms: number, leastMs: number, { signal, connected }: RetryOptions): Promise<void> {
  const wait = linkSignals(signal)
  const isBack = leastMs > 0 ? [] : [connected(wait.signal)]
  await Promise.race([elapsed(ms, wait.signal), ...isBack])
  wait.abort()
  wait.release()
}
