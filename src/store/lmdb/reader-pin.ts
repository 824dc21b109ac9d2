import type { Key, RootDatabase, Transaction } from 'lmdb'
import { hasReaders } from './files/lock/readers-lock.ts'

/**
 * Keeps the pages that other processes read from being written anew: these must not open LMDB's own table of readers
 * (docs/adr/0010-the-server-pins-what-others-read.md). Before each write the owner looks for readers, and as long as
 * there are some it holds a read transaction, begun before the first write that follows their lock.
 */
export class ReaderPin {
  readonly #directory: string
  #transaction: Transaction | null = null

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Called before each write transaction. Throws the system's error. */
  update(root: RootDatabase<unknown, Key>): void {
    if (!hasReaders(this.#directory)) this.release()
    else this.#transaction ??= root.useReadTransaction()
  }

  release(): void {
    this.#transaction?.done()
    this.#transaction = null
  }
}
