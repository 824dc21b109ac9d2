import { closeSync, mkdtempSync, openSync, readSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open, type Key, type RootDatabase, type Transaction } from 'lmdb'
import { MAP_SIZE_BYTES, MAX_TABLES, pageSizeOf } from '../tables.ts'

/** Bytes at the start of each meta page that tell one commit from another. */
const META_BYTES = 168

/**
 * The data file, open for reading only, with a table of readers of its own: see ReaderPin. lmdb looks for that table
 * beside the data file, so it is opened through a link in a directory of its own.
 */
export class PrivateEnvironment {
  readonly root: RootDatabase<unknown, Key>
  readonly pageSize: number
  readonly #folder: string
  readonly #file: number

  /** Throws the error of the system or of lmdb. */
  constructor(directory: string) {
    const data = join(directory, 'data.mdb')
    this.#file = openSync(data, 'r')
    this.#folder = mkdtempSync(join(tmpdir(), 'tidemark-reader-'))
    try {
      symlinkSync(data, join(this.#folder, 'data.mdb'))
      this.root = open<unknown, Key>({
        path: this.#folder,
        noSubdir: false,
        mapSize: MAP_SIZE_BYTES,
        maxDbs: MAX_TABLES,
        readOnly: true,
      })
      this.pageSize = pageSizeOf(this.root)
    } catch (error) {
      this.#removeFiles()
      throw error
    }
  }

  /** Begins a read transaction; null when a commit was made meanwhile, of which it may have a part. */
  begin(): Transaction | null {
    ;(this.root as unknown as { resetReadTxn(): void }).resetReadTxn()
    const before = this.#metaPages()
    const transaction = this.root.useReadTransaction()
    if (before.equals(this.#metaPages())) return transaction
    transaction.done()
    return null
  }

  close(): void {
    void this.root.close()
    this.#removeFiles()
  }

  #metaPages(): Buffer {
    const bytes = Buffer.alloc(2 * META_BYTES)
    readSync(this.#file, bytes, 0, META_BYTES, 0)
    readSync(this.#file, bytes, META_BYTES, META_BYTES, this.pageSize)
    return bytes
  }

  #removeFiles(): void {
    closeSync(this.#file)
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
