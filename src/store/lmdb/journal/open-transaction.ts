import type { Key, RootDatabase } from 'lmdb'

/**
 * A write transaction of lmdb that stays open over several turns of the event loop. As long as it is open, every read
 * and every write of this process belongs to it.
 */
export class OpenTransaction {
  #commit: (() => void) | null = null
  #abort: ((reason: unknown) => void) | null = null

  /** Throws lmdb's error. */
  constructor(root: RootDatabase<unknown, Key>) {
    // lmdb commits when what the callback returns is fulfilled, and calls no more of it than `then`.
    const pending = {
      // oxlint-disable-next-line unicorn/no-thenable -- a promise would commit in a later turn
      then: (onFulfilled: () => void, onRejected: (reason: unknown) => void): void => {
        this.#commit = onFulfilled
        this.#abort = onRejected
      },
    }
    root.transactionSync(() => pending)
  }

  /** Commits and flushes; throws lmdb's error. */
  commit(): void {
    this.#commit?.()
  }

  /** Undoes all writes of the transaction. */
  abort(): void {
    const reason = new Error('The transaction is aborted.')
    try {
      this.#abort?.(reason)
    } catch (error) {
      // lmdb throws the reason again.
      if (error !== reason) throw error
    }
  }
}
