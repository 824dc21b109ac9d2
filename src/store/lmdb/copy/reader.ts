import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { open, type Database, type Key, type RootDatabase, type Transaction } from 'lmdb'
import { DatabaseError } from '../../../core/error.ts'
import { existingDirectory } from '../files/directory.ts'
import { isOwned } from '../files/lock/directory-lock.ts'
import { lockAsReader } from '../files/lock/readers-lock.ts'
import { ifExists } from '../files/system-error.ts'
import type { CheckPagesOptions } from '../pages/check-pages.ts'
import { MAP_SIZE_BYTES, MAX_TABLES, pageSizeOf, usedBytes, type TenantRow } from '../tables.ts'
import { checkIfCopy } from './copied-file.ts'

export interface ReaderOptions extends Omit<CheckPagesOptions, 'onFault'> {
  /** Whether keys are read as bytes too; by default they are decoded. Values are always bytes. */
  readonly rawKeys?: boolean | undefined
}

/** A table whose values are bytes. */
export type RawTable = Database<Buffer, Key>

/** One state of the data of a directory: that at the call of `openReader`, however much is written meanwhile. */
export interface DataReader extends Disposable {
  /** The real path of the directory. */
  readonly directory: string
  readonly tables: ReadonlyMap<string, RawTable>
  readonly transaction: Transaction
  /** Bytes of the pages that are or were in use. */
  readonly usedBytes: number
}

/**
 * Opens a data directory for reading only, beside a server or without one. It holds all that was acknowledged before.
 * While it is open, the server's file grows instead of using free pages again. Rejects with BAD_REQUEST when there is no
 * data, and with UNAVAILABLE when it is damaged or cannot be read.
 */
export async function openReader(path: string, options: ReaderOptions = {}): Promise<DataReader> {
  const directory = existingDirectory(path)
  const lock = await translated(directory, () => lockAsReader(directory))
  try {
    await checkBesideOwner(directory, options)
    return await translated(directory, async () => {
      assertAccess(directory)
      return openAll(directory, options, lock)
    })
  } catch (error) {
    lock[Symbol.dispose]()
    throw error
  }
}

/** As `openReader`, of a directory that this process owns and nothing else reads; keys are bytes. */
export async function openOwned(directory: string, options: ReaderOptions): Promise<DataReader> {
  await checkIfCopy(directory, options)
  return openAll(directory, { rawKeys: true }, { [Symbol.dispose]: () => undefined })
}

/** The rows of the tenants. */
export function tenantRows({ tables, transaction }: DataReader): readonly TenantRow[] {
  const values = [...(tables.get('tenants')?.getRange({ transaction }) ?? [])]
  return values.map(({ value }) => JSON.parse(value.toString()) as TenantRow)
}

/** A server has checked its data when it opened it, and writes it now, so that only LMDB can read it beside that. */
async function checkBesideOwner(directory: string, options: ReaderOptions): Promise<void> {
  try {
    await checkIfCopy(directory, options)
  } catch (error) {
    if (error instanceof DatabaseError && isOwned(directory)) return
    throw error
  }
}

/** Throws the system's error: lmdb would read without a lock where it may not write the lock file. */
function assertAccess(directory: string): void {
  accessSync(join(directory, 'data.mdb'), constants.R_OK)
  ifExists(() => accessSync(join(directory, 'lock.mdb'), constants.R_OK | constants.W_OK))
}

function openAll(directory: string, { rawKeys = false }: ReaderOptions, lock: Disposable): DataReader {
  const root = open<unknown, Key>({
    path: directory,
    noSubdir: false,
    mapSize: MAP_SIZE_BYTES,
    maxDbs: MAX_TABLES,
    readOnly: true,
  })
  try {
    const tables = openRawTables(root, namesOf(root), rawKeys)
    const transaction = root.useReadTransaction()
    return {
      directory,
      tables,
      transaction,
      usedBytes: usedBytes({ root, pageSize: pageSizeOf(root) }),
      [Symbol.dispose]: () => {
        transaction.done()
        void root.close()
        lock[Symbol.dispose]()
      },
    }
  } catch (error) {
    void root.close()
    throw error
  }
}

/** Names of the tables of an environment, in order. */
export function namesOf(root: RootDatabase<unknown, Key>): readonly string[] {
  return [...root.getKeys()].filter((name) => typeof name === 'string')
}

/** Opens tables by name, with bytes as values and, with `rawKeys`, as keys. */
export function openRawTables(
  root: RootDatabase<unknown, Key>,
  names: readonly string[],
  rawKeys: boolean,
): ReadonlyMap<string, RawTable> {
  const keyEncoding = rawKeys ? 'binary' : 'ordered-binary'
  return new Map(names.map((name) => [name, root.openDB<Buffer, Key>({ name, encoding: 'binary', keyEncoding })]))
}

async function translated<T>(directory: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    if (error instanceof DatabaseError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    const message =
      `The data directory ${directory} cannot be read (${reason}): give this user the right to write in it, which a ` +
      'reader needs for its locks.'
    throw new DatabaseError('UNAVAILABLE', message, { cause: error })
  }
}
