import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Transaction } from 'lmdb'
import { DatabaseError, retryableError } from '../../../core/error.ts'
import { damagedFile } from '../files/data-file.ts'
import { existingDirectory } from '../files/directory.ts'
import { isOwned } from '../files/lock/directory-lock.ts'
import { lockAsReader, type ReaderLock } from '../files/lock/readers-lock.ts'
import { systemCode } from '../files/system-error.ts'
import { readJournal } from '../journal/journal.ts'
import type { JournaledCommit } from '../journal/record.ts'
import { openLmdbStore } from '../lmdb-store.ts'
import { usedBytes, type TenantRow } from '../tables.ts'
import { checkIfCopy } from './copied-file.ts'
import { PrivateEnvironment } from './private-environment.ts'
import { namesOf, openRawTables, type RawTable } from './raw-tables.ts'

interface ReaderOptions {
  /** Whether keys are read as bytes too; by default they are decoded. Values are always bytes. */
  readonly rawKeys?: boolean | undefined
  /** Called now and then while the pages of a copy are checked. */
  readonly onProgress?: ((done: number, of: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** One state of the data of a directory, however much is written meanwhile. */
export interface DataReader {
  /** The real path of the directory. */
  readonly directory: string
  readonly tables: ReadonlyMap<string, RawTable>
  readonly transaction: Transaction
  /** Bytes of the pages that are or were in use. */
  readonly usedBytes: number
  /** To be called every few milliseconds, and at the end. Throws the signal's reason, or when reading must end. */
  assertReadable(): void
}

/** Times that a reader begins anew because a server was started meanwhile. */
const ATTEMPTS = 5

/** Ends a reader when the owner opens the data anew. */
class Dismissed extends Error {}

/**
 * Reads a data directory beside a server or without one: `work` gets one state, which has all that was acknowledged
 * before the call. Meanwhile a server's file grows, as no free page is used again. `work` is called again when a server
 * opens the data meanwhile. Rejects as `work` does; with BAD_REQUEST when there is no data, with UNAVAILABLE when it is
 * damaged or cannot be read, and with the signal's reason.
 */
export async function readData<Result>(
  path: string,
  options: ReaderOptions,
  work: (reader: DataReader) => Promise<Result>,
): Promise<Result> {
  const directory = existingDirectory(path)
  await repeatLeftJournal(directory)
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    try {
      return await readLocked(directory, options, work)
    } catch (error) {
      if (!(error instanceof Dismissed)) throw error
    }
  }
  throw retryableError('UNAVAILABLE', `The data in ${directory} was opened anew again and again: try later.`)
}

async function readLocked<Result>(
  directory: string,
  options: ReaderOptions,
  work: (reader: DataReader) => Promise<Result>,
): Promise<Result> {
  using lock = await translated(directory, () => lockAsReader(directory))
  try {
    await checkBesideOwner(directory, options)
    using reader = await translated(directory, () => openState(directory, options, lock))
    const result = await work(reader)
    reader.assertReadable()
    return result
  } catch (error) {
    // Pages that were written anew look like damaged ones.
    throw lock.isDismissed() ? new Dismissed() : readError(directory, error)
  }
}

/** Opens and closes the data of a server that was killed, so that lmdb has what its journal holds. */
export async function repeatLeftJournal(directory: string): Promise<void> {
  if (isOwned(directory) || readJournal(directory).commits.length === 0) return
  try {
    const store = await openLmdbStore({ directory })
    await store.close()
  } catch (error) {
    // A server was started meanwhile.
    if (!isOwned(directory)) throw error
  }
}

/** As `readData`, of a directory that this process owns and nothing else reads; keys are bytes. */
export async function readOwned<Result>(
  directory: string,
  options: ReaderOptions,
  work: (reader: DataReader) => Promise<Result>,
): Promise<Result> {
  await checkIfCopy(directory, options)
  try {
    using reader = await openState(directory, { ...options, rawKeys: true }, { isDismissed: () => false })
    return await work(reader)
  } catch (error) {
    throw readError(directory, error)
  }
}

/**
 * Codes of lmdb (lmdb.h) for data that it cannot read: MDB_PAGE_NOTFOUND, MDB_CORRUPTED, MDB_VERSION_MISMATCH,
 * MDB_INVALID.
 */
const DAMAGE_CODES: ReadonlySet<unknown> = new Set([-30797, -30796, -30794, -30793])

function readError(directory: string, error: unknown): unknown {
  if (!(error instanceof Error) || !DAMAGE_CODES.has(systemCode(error))) return error
  return damagedFile(join(directory, 'data.mdb'), error.message)
}

/** The rows of the tenants. */
export function tenantRows({ tables, transaction }: DataReader): readonly TenantRow[] {
  const values = [...(tables.get('tenants')?.getRange({ transaction }) ?? [])]
  return values.map(({ value }) => JSON.parse(value.toString()) as TenantRow)
}

/** Documents that were purged, but whose content is not all erased. */
export function unfinishedPurgesIn({ tables, transaction }: DataReader): number {
  return tables.get('erasures')?.getKeysCount({ transaction }) ?? 0
}

/**
 * A server has checked its data when it opened it, and writes it now, so that its pages differ from one moment to
 * another.
 */
async function checkBesideOwner(directory: string, options: ReaderOptions): Promise<void> {
  try {
    await checkIfCopy(directory, options)
  } catch (error) {
    if (error instanceof DatabaseError && isOwned(directory)) return
    throw error
  }
}

/** Times that a state is opened until no commit comes in between. */
const OPENINGS = 100

/** How long a reader waits until the owner has committed what its journal held, ms; it does so every 50 ms. */
const JOURNAL_MS = 5_000

const JOURNAL_POLL_MS = 5

type OpenReader = DataReader & Disposable

async function openState(
  directory: string,
  options: ReaderOptions,
  lock: Pick<ReaderLock, 'isDismissed'>,
): Promise<OpenReader> {
  // Before the state, which then has all that was acknowledged before it and was not in the journal any more.
  const { commits } = readJournal(directory)
  const end = performance.now() + JOURNAL_MS
  for (let i = 0; i < OPENINGS && performance.now() < end;) {
    options.signal?.throwIfAborted()
    if (lock.isDismissed()) throw new Dismissed()
    const reader = tryOpen(directory, options, lock)
    if (reader === null) i++
    else if (hasAll(reader, commits)) return reader
    else {
      reader[Symbol.dispose]()
      await delay(JOURNAL_POLL_MS, undefined, { signal: options.signal })
    }
  }
  throw retryableError('UNAVAILABLE', `Commits come too fast to read a state of ${directory}: try again.`)
}

/** Whether a state has these commits of its tenants; those of a dropped one do not count. */
function hasAll(reader: DataReader, commits: readonly JournaledCommit[]): boolean {
  if (commits.length === 0) return true
  const last = new Map(tenantRows(reader).map(({ number, last }) => [number, last]))
  return commits.every(({ number, revision }) => revision <= (last.get(number) ?? revision))
}

/** Opens the state of the newest commit; null when the meta pages changed while the transaction began. */
function tryOpen(
  directory: string,
  { rawKeys = false, signal }: ReaderOptions,
  lock: Pick<ReaderLock, 'isDismissed'>,
): OpenReader | null {
  const environment = new PrivateEnvironment(directory)
  try {
    const { root } = environment
    const tables = openRawTables(root, namesOf(root), rawKeys)
    const transaction = environment.begin()
    if (transaction === null) {
      environment.close()
      return null
    }
    return {
      directory,
      tables,
      transaction,
      usedBytes: usedBytes({ root, pageSize: environment.pageSize }),
      assertReadable: () => {
        signal?.throwIfAborted()
        if (lock.isDismissed()) throw new Dismissed()
      },
      [Symbol.dispose]: () => {
        transaction.done()
        environment.close()
      },
    }
  } catch (error) {
    environment.close()
    throw error
  }
}

async function translated<T>(directory: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    if (error instanceof DatabaseError || !(error instanceof Error) || !('code' in error)) throw error
    const message =
      `The data directory ${directory} cannot be read (${error.message}): give this user the right to write there, ` +
      'which a reader needs for its lock.'
    throw new DatabaseError('UNAVAILABLE', message, { cause: error })
  }
}
