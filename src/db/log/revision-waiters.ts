import type { Revision } from '../../core/version.ts'

interface RevisionWaiter {
  readonly revision: Revision
  readonly wake: () => void
}

/** Callers that wait until a log has reached a revision. */
export class RevisionWaiters {
  readonly #waiting = new Set<RevisionWaiter>()

  /** Resolves when `reached` is called with the revision or a later one, after `ms`, or when `signal` is aborted. */
  wait(revision: Revision, ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', wake)
        this.#waiting.delete(waiter)
        resolve()
      }
      const waiter: RevisionWaiter = { revision, wake }
      const timer = setTimeout(wake, ms)
      signal?.addEventListener('abort', wake)
      this.#waiting.add(waiter)
    })
  }

  reached(last: Revision): void {
    for (const { revision, wake } of this.#waiting) if (revision <= last) wake()
  }
}
