import { open as openFile } from 'node:fs/promises'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { open, type Key, type RootDatabase } from 'lmdb'
import { probe } from '../files/directory.ts'
import { DiskReserve } from '../files/disk-reserve.ts'
import { MAP_SIZE_BYTES, MAX_TABLES, NEW_FILES, pageSizeOf, usedBytes } from '../tables.ts'
import { checkDataPages } from './copied-file.ts'
import { PrivateEnvironment } from './private-environment.ts'
import { namesOf, openRawTables, rowsIn, type RawTable } from './raw-tables.ts'
import type { DataReader } from './reader.ts'
import { BACKUP_MARK } from './renewed-epochs.ts'

/** Bytes of rows that one transaction of a copy writes, at least, and what it may need on disk. */
const BATCH_BYTES = 256 * 1_024
const BATCH_ROOM_BYTES = 16 * 1_048_576

/** Bytes that a row takes beside its key and its value, in a page and in memory. */
const ROW_BYTES = 64

export interface CopyOptions {
  /** Whether the copy is marked as a backup, so that its epochs are renewed when it is first opened. */
  readonly asBackup: boolean
  /** Called now and then with the bytes that were copied, and about how many there are. */
  readonly onProgress?: ((done: number, of: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** Size of a data file. */
interface CopiedFile {
  readonly bytes: number
}

/**
 * Copies all rows of all tables in the order of their keys into a new data file in the directory `target`, which exists
 * and is empty: so no page of the copy holds anything else than these rows. (lmdb's own compacting copy gives up on a
 * file that has lost a free page.) The copy is complete, checked and on disk when the promise resolves. Rejects with
 * the system's error, and with the reason of the signal; the directory is then left to the caller.
 */
export async function copyTables(reader: DataReader, target: string, options: CopyOptions): Promise<CopiedFile> {
  const { bytes, rows } = await writeCopy(reader, target, options)
  const path = join(target, 'data.mdb')
  const file = await openFile(path, 'r+')
  try {
    await file.truncate(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
  for (const name of ['probe', 'lock.mdb']) rmSync(join(target, name), { force: true })
  await checkDataPages(path, options)
  assertOpens(target, rows)
  return { bytes }
}

/** Opens a copy as a reader does, and compares how much is in it. */
function assertOpens(target: string, rows: number): void {
  const environment = new PrivateEnvironment(target)
  try {
    const found = rowsIn(openRawTables(environment.root, namesOf(environment.root), true))
    if (found !== rows) throw new Error(`The copy ${target} has ${found} rows, and not ${rows}.`)
  } finally {
    environment.close()
  }
}

/** Writes the rows; how many they are, and the bytes of the pages that they use. */
async function writeCopy(
  reader: DataReader,
  target: string,
  options: CopyOptions,
): Promise<CopiedFile & { readonly rows: number }> {
  probe(target)
  const root = open<unknown, Key>({
    path: target,
    noSubdir: false,
    mapSize: MAP_SIZE_BYTES,
    maxDbs: MAX_TABLES,
    overlappingSync: false,
    noSync: true,
    ...NEW_FILES,
  })
  let reserve: DiskReserve | null = null
  try {
    reserve = new DiskReserve(target)
    reserve.reserve(BATCH_ROOM_BYTES)
    const copy = new TableCopy(root, reserve, { ...options, of: reader.usedBytes })
    const targets = openRawTables(root, [...reader.tables.keys()], true)
    for (const [name, table] of reader.tables) await copy.all(reader, table, targets.get(name) ?? table)
    if (rowsIn(targets) !== copy.rows) throw new Error(`Of ${copy.rows} rows ${rowsIn(targets)} were copied.`)
    if (options.asBackup) copy.mark()
    return { bytes: copy.usedBytes, rows: rowsIn(targets) }
  } finally {
    void root.close()
    reserve?.close()
  }
}

/** A row, its key as bytes too. */
interface RawEntry {
  readonly key: Key
  readonly value: Buffer
}

class TableCopy {
  readonly #root: RootDatabase<unknown, Key>
  readonly #reserve: DiskReserve
  readonly #pageSize: number
  readonly #options: Pick<CopyOptions, 'onProgress'> & { readonly of: number }
  /** Rows that were copied, and about how many bytes they have. */
  rows = 0
  #copied = 0

  constructor(
    root: RootDatabase<unknown, Key>,
    reserve: DiskReserve,
    options: Pick<CopyOptions, 'onProgress'> & { readonly of: number },
  ) {
    this.#root = root
    this.#reserve = reserve
    this.#pageSize = pageSizeOf(root)
    this.#options = options
  }

  get usedBytes(): number {
    return usedBytes({ root: this.#root, pageSize: this.#pageSize })
  }

  /** Copies a table in small transactions, so that a signal is noticed in between. */
  async all(reader: DataReader, from: RawTable, to: RawTable): Promise<void> {
    const rows = from.getRange({ transaction: reader.transaction })[Symbol.iterator]()
    for (;;) {
      reader.assertReadable()
      this.#options.onProgress?.(this.#copied, this.#options.of)
      const batch = this.#next(rows)
      if (batch.length === 0) return
      this.#write(() => batch.forEach(({ key, value }) => to.putSync(key, value, { append: true })))
      await nextTurn()
    }
  }

  /** The next rows of a table, as many as one transaction writes; none at its end. */
  #next(rows: Iterator<RawEntry>): readonly RawEntry[] {
    const batch: RawEntry[] = []
    const end = this.#copied + BATCH_BYTES
    while (this.#copied < end) {
      const { done, value: row } = rows.next()
      if (done === true) break
      batch.push(row)
      this.#copied += (row.key as Buffer).length + row.value.length + ROW_BYTES
    }
    this.rows += batch.length
    return batch
  }

  mark(): void {
    const counters = this.#root.openDB<number, string>({ name: 'counters', encoding: 'json' })
    this.#write(() => counters.putSync(BACKUP_MARK, 1))
  }

  #write(action: () => void): void {
    // lmdb ends the process by a signal when it cannot write a page.
    this.#reserve.reserve(this.usedBytes + BATCH_ROOM_BYTES)
    this.#root.transactionSync(action)
  }
}
