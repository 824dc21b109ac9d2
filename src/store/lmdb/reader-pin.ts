import type { Key, RootDatabase, Transaction } from 'lmdb'
import { hasReaders } from './files/lock/readers-lock.ts'

/**
 * Keeps the pages that other processes read from being written anew. A process that reads beside the server does not
 * open LMDB's own table of readers: opening it sets the number of the newest transaction to that which the process has
 * just read from the file, and a commit in between would be lost. So the server reads for it: before each write it looks
 * for readers, and as long as there are some it holds a read transaction, begun before the first write that they see.
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
