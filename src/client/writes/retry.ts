import { DatabaseError } from '../../core/error.ts'
import { backOffMs } from '../connection/connection-state.ts'
import { BrokenConnection, isRetryable, retryAfterMs } from '../operations/remote-errors.ts'

interface RetryOptions {
  /** After it, nothing is tried again, ms since 1970. */
  readonly deadline: number
  readonly signal: AbortSignal
  /** Resolves early when the connection is there again. */
  readonly connected: (signal: AbortSignal) => Promise<void>
  /** Whether the request may change data, so that its outcome matters. */
  readonly isWrite: boolean
}

/**
 * Tries until there is an answer that stays: the result, or an error that trying again would not mend. Rejects after
 * the deadline with the server's last error, or with UNREACHABLE; or with the reason of `signal`.
 */
export async function withRetry<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { deadline, signal } = options
  let mayHaveArrived = false
  for (let failures = 0; ; failures++) {
    signal.throwIfAborted()
    try {
      return await attempt()
    } catch (error) {
      signal.throwIfAborted()
      if (!isRetryable(error)) throw error
      mayHaveArrived ||= !(error instanceof BrokenConnection) || error.mayHaveArrived
      const waitMs = Math.max(retryAfterMs(error), Math.random() * backOffMs(failures))
      const leftMs = deadline - Date.now()
      if (leftMs <= retryAfterMs(error)) throw lastError(error, mayHaveArrived, options)
      await waited(Math.min(waitMs, leftMs), { least: retryAfterMs(error), options })
    }
  }
}

function lastError(error: unknown, mayHaveArrived: boolean, { isWrite }: RetryOptions): unknown {
  if (!(error instanceof BrokenConnection)) return error
  const outcome = mayHaveArrived ? 'UNKNOWN' : 'NOT_DONE'
  const remedy = 'check its address, and whether it runs'
  return new DatabaseError('UNREACHABLE', `No server answered: ${remedy}.`, {
    ...(isWrite && { outcome }),
    cause: error,
  })
}

/** Waits so many ms; when the connection is there again, only `least`. */
async function waited(
  ms: number,
  { least, options }: { readonly least: number; readonly options: RetryOptions },
): Promise<void> {
  const wait = new AbortController()
  const signal = AbortSignal.any([options.signal, wait.signal])
  try {
    const isBack = least > 0 ? [] : [options.connected(signal)]
    await Promise.race([elapsed(ms, signal), ...isBack])
  } finally {
    wait.abort()
  }
}

/** Resolves after so many ms, or when `signal` is aborted. */
export function elapsed(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    if (signal.aborted) done()
    else signal.addEventListener('abort', done, { once: true })
  })
}
