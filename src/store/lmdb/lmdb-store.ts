import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Commit } from '../../core/commit.ts'
import type { Path } from '../../core/path.ts'
import type { Millis, Revision, Version } from '../../core/version.ts'
import type {
  Appended,
  Draft,
  HistoryPage,
  HistoryRange,
  ListPage,
  LogPage,
  LogRange,
  Page,
  PathPage,
  Range,
  CommitListener,
  Snapshot,
  Store,
  TenantId,
  Thinned,
  Thinning,
  VersionNumber,
} from '../store.ts'
import { AppendQueue, BatchFault, type AppendBatch } from './append-queue.ts'
import { appendDrafts } from './append.ts'
import { indexSome, tenantsBehind } from './commit-index.ts'
import { renewEpochs } from './copy/renewed-epochs.ts'
import { checkIfCopy, noteDataFile } from './copy/copied-file.ts'
import { listViews, readLatestHead } from './heads/latest.ts'
import { dismissReaders } from './files/lock/readers-lock.ts'
import { claimDirectory, type DirectoryClaim } from './files/directory.ts'
import type { Purges } from '../erasure.ts'
import { eraseSome, readPurges } from './rewrite/erase.ts'
import { readCollections, readLmdbHeads } from './read/documents.ts'
import { LmdbEnvironment } from './environment.ts'
import type { JournaledCommit } from './journal/record.ts'
import type { SteppedAppend } from './journal/stepped-append.ts'
import { isStorageError } from './files/storage-error.ts'
import { readHistoryRows, readNumberedRows } from './read/history.ts'
import { listDocuments } from './read/list.ts'
import { decodedPage, decodedRows, type DecodedPage, type StoredRow } from './read/stored-row.ts'
import { findPaths, listPaths } from './read/paths.ts'
import { readStoredCommit, readLogRows, revisionAtTime } from './read/log.ts'
import { MAP_SIZE_BYTES, type LmdbTables, type TenantRow, type TenantView } from './tables.ts'
import { thinSome } from './rewrite/thin.ts'
import { dropTenant, openTenant, raiseFloorOf, sweepSome } from './tenant.ts'

interface LmdbOptions {
  /** The data directory; created if it does not exist. */
  readonly directory: string
  /** Address space for the data, which bounds its size; it reserves neither memory nor disk. Default 1 TiB. */
  readonly mapSizeBytes?: number | undefined
  /** Called now and then while a data file that may be a copy is checked, with a sentence about how far that is. */
  readonly onStatus?: ((sentence: string) => void) | undefined
}

/** Collections that one turn of the event loop searches in a past state. */
const COLLECTIONS_PER_TURN = 64

/**
 * Opens the store in a directory of the local disk; the process owns the directory until `close`.
 * Rejects with UNAVAILABLE or STORAGE_FULL, whose message says what to do.
 */
export async function openLmdbStore(options: LmdbOptions): Promise<Store> {
  const claim = claimDirectory(options.directory)
  const { directory } = claim
  let environment: LmdbEnvironment | null = null
  try {
    await checkIfCopy(directory, { onProgress: statusOf(options) })
    await dismissReaders(directory)
    const { mapSizeBytes = MAP_SIZE_BYTES } = options
    environment = new LmdbEnvironment({ directory, mapSizeBytes, isInPlace: () => claim.isInPlace() })
    claim.flush()
    noteDataFile(directory)
    await renewEpochs(environment)
    const store = new LmdbStore(environment, claim)
    await store.sweep()
    await store.completeIndexes()
    return store
  } catch (error) {
    environment?.close()
    claim.release()
    throw error
  }
}

/** Milliseconds between two sentences about the progress of a check. */
const STATUS_MS = 2_000

function statusOf({ directory, onStatus }: LmdbOptions): (done: number, of: number) => void {
  let next = performance.now() + STATUS_MS
  return (done, of) => {
    if (performance.now() < next) return
    next += STATUS_MS
    onStatus?.(`The data in ${directory} may be a copy, and is checked: ${Math.floor((100 * done) / of)} %.`)
  }
}

class LmdbStore implements Store {
  readonly shared = false
  readonly #environment: LmdbEnvironment
  readonly #claim: DirectoryClaim
  readonly #queue = new AppendQueue((batches) => this.#write(batches))
  readonly #listeners = new Set<{ readonly listener: CommitListener }>()
  /** Cache of tenant rows: no other process writes here, and every write evicts the rows that it may change. */
  readonly #tenants = new Map<TenantId, TenantRow>()
  /** Cache of the unfinished erasures of tenants, evicted like their rows. */
  readonly #purges = new Map<TenantId, Purges>()
  #sweeping: Promise<void> = Promise.resolve()

  constructor(environment: LmdbEnvironment, claim: DirectoryClaim) {
    this.#environment = environment
    this.#claim = claim
  }

  async append(tenant: TenantId, drafts: readonly Draft[]): Promise<readonly Appended[]> {
    this.#environment.assertOpen()
    const results = await this.#queue.append(tenant, drafts)
    const newest = results.findLast((result) => result.kind === 'committed')
    if (newest !== undefined) for (const { listener } of this.#listeners) listener(tenant, newest.commit.revision)
    return results
  }

  async erase(tenant: TenantId): Promise<boolean> {
    await this.#queue.settled()
    const { number, isPending } = this.#readAtOnce(tenant, ({ tenant: row, purges }) => ({
      number: row.number,
      isPending: purges.size > 0,
    }))
    if (!isPending) return false
    this.#purges.delete(tenant)
    return this.#environment.write((tables) => eraseSome(tables, number))
  }

  async raiseFloor(tenant: TenantId, floor: Revision): Promise<void> {
    await this.#queue.settled()
    const known = this.#readAtOnce(tenant, ({ tenant: row }) => row)
    if (Math.min(floor, known.last) <= known.floor) return
    this.#claim.raiseFormat()
    this.#tenants.delete(tenant)
    this.#environment.write((tables) => raiseFloorOf(tables, tenant, floor))
  }

  async thin(tenant: TenantId, documents: readonly Thinning[]): Promise<Thinned> {
    const pending = await this.erase(tenant)
    if (pending) return { removed: 0, more: true }
    await this.#queue.settled()
    const row = this.#readAtOnce(tenant, (view) => view.tenant)
    return this.#environment.write((tables) => thinSome(tables, row, documents))
  }

  async find(tenant: TenantId, ids: readonly string[]): Promise<readonly (Commit | null)[]> {
    const rows = await this.#read(tenant, (view) =>
      ids.map((id) => {
        const revision = view.tables.commits.get([view.tenant.number, id])
        return revision === undefined ? null : readStoredCommit(view, revision)
      }),
    )
    const found = (await decodedRows(rows.filter((row) => row !== null))).values()
    return rows.map((row) => (row === null ? null : (found.next().value ?? null)))
  }

  async heads(
    tenant: TenantId,
    paths: readonly Path[],
    at: Revision = Infinity,
  ): Promise<Snapshot<readonly (Version | null)[]>> {
    const [path] = paths
    const single =
      path !== undefined && paths.length === 1
        ? await this.#read(tenant, (view) => readLatestHead(view, path, at))
        : null
    return single ?? this.#decoded(tenant, (view) => readLmdbHeads(view, paths, at))
  }

  async list(tenant: TenantId, range: Range, at: Revision = Infinity): Promise<ListPage> {
    const views = range.views === true ? await this.#read(tenant, (view) => listViews(view, range, at)) : null
    return views ?? this.#decoded(tenant, (view) => listDocuments(view, range, at))
  }

  async paths(tenant: TenantId, range: Range, at: Revision = Infinity): Promise<PathPage> {
    return this.#read(tenant, (view) => listPaths(view, range, at))
  }

  async collections(
    tenant: TenantId,
    documents: readonly Path[],
    at: Revision = Infinity,
  ): Promise<readonly (readonly string[])[]> {
    const { all, isLatest } = await this.#read(tenant, (view) => ({
      all: documents.map((document) => readCollections(view, document)),
      isLatest: at >= view.tenant.last,
    }))
    if (isLatest) return all
    const past: (readonly string[])[] = []
    let searched = 0
    for (const [i, names] of all.entries()) {
      const found: string[] = []
      for (const name of names) {
        if (++searched % COLLECTIONS_PER_TURN === 0) await nextTurn()
        if (await this.#hadDocument(tenant, [...(documents[i] ?? []), name], at)) found.push(name)
      }
      past.push(found)
    }
    return past
  }

  async history(tenant: TenantId, path: Path, range: HistoryRange): Promise<HistoryPage> {
    return this.#decoded(tenant, (view) => readHistoryRows(view, path, range))
  }

  async versions(tenant: TenantId, numbers: readonly VersionNumber[], bytes: number): Promise<Page> {
    return this.#decoded(tenant, (view) => readNumberedRows(view, numbers, bytes))
  }

  async log(tenant: TenantId, range: LogRange): Promise<LogPage> {
    const { rows: commits, ...page } = await this.#decoded(tenant, (view) => readLogRows(view, range))
    return { ...page, commits }
  }

  async confirm(tenant: TenantId): Promise<Revision> {
    return this.#read(tenant, (view) => view.tenant.last)
  }

  async revisionAt(tenant: TenantId, time: Millis): Promise<Revision> {
    return this.#read(tenant, (view) => revisionAtTime(view, time))
  }

  async listen(listener: CommitListener): Promise<AsyncDisposable> {
    const registration = { listener }
    this.#listeners.add(registration)
    return { [Symbol.asyncDispose]: async () => void this.#listeners.delete(registration) }
  }

  async drop(tenant: TenantId): Promise<void> {
    await this.#queue.settled()
    this.#tenants.delete(tenant)
    this.#purges.delete(tenant)
    this.#environment.write((tables) => dropTenant(tables, tenant))
    await this.sweep()
  }

  /** Removes the rows of dropped tenants in small transactions, so that other calls run in between. */
  async sweep(): Promise<void> {
    this.#sweeping = this.#sweeping.catch(() => undefined).then(() => this.#sweepAll())
    await this.#sweeping
  }

  /**
   * Adds the commits to the indexes that releases without them wrote, in small transactions. To be called before the
   * first append.
   */
  async completeIndexes(): Promise<void> {
    for (let after: TenantId | undefined; ; await nextTurn()) {
      const { tenants, next } = this.#environment.read((tables) => tenantsBehind(tables, after))
      for (const tenant of tenants) {
        while (this.#environment.write((tables) => indexSome(tables, tenant))) await nextTurn()
      }
      if (next === undefined) return
      after = next
    }
  }

  async close(): Promise<void> {
    this.#queue.flush()
    // Reads that waited for the queue.
    await nextTurn()
    await this.#sweeping.catch(() => undefined)
    this.#environment.close()
    this.#listeners.clear()
    this.#claim.release()
  }

  /**
   * Whether a document of a collection had a version at `at`, or may have had one that was removed. The past never
   * changes but by purges, so other calls may run in between.
   */
  async #hadDocument(tenant: TenantId, collection: Path, at: Revision): Promise<boolean> {
    const range: Range = { kind: 'collection', path: collection, deleted: true, limit: { rows: 1, bytes: 1 } }
    for (let after: Path | undefined; ; await nextTurn()) {
      const { rows, next } = await this.#read(tenant, (view) => findPaths(view, { ...range, after }, at))
      if (rows.length > 0 || next === undefined) return rows.length > 0
      after = next
    }
  }

  async #sweepAll(): Promise<void> {
    await this.#queue.settled()
    while (this.#environment.write(sweepSome)) {
      await nextTurn()
      await this.#queue.settled()
    }
  }

  #write(batches: readonly AppendBatch[]): SteppedAppend<readonly (readonly Appended[])[]> {
    for (const { tenant, drafts } of batches) {
      // A new tenant's row is no part of a commit.
      if (!this.#tenants.has(tenant)) this.#open(tenant)
      this.#tenants.delete(tenant)
      if (!drafts.some(({ writes }) => writes.some(({ purged }) => purged === true))) continue
      this.#claim.raiseFormat()
      this.#purges.delete(tenant)
    }
    return this.#environment.append((tables, journaled) => appendBatches(tables, batches, journaled))
  }

  /** Reads one state. An append that is being written ends first, in turns of its own. */
  async #read<T>(tenant: TenantId, action: (view: TenantView) => T): Promise<T> {
    if (this.#queue.isWriting) await this.#queue.settled()
    return this.#readAtOnce(tenant, action)
  }

  /** A page with its rows decoded, in further turns where the scan and they take long. */
  async #decoded<T, P>(
    tenant: TenantId,
    scan: (view: TenantView) => P & { readonly rows: readonly StoredRow<T>[] },
  ): Promise<DecodedPage<T, P>> {
    const { page, scanMs } = await this.#read(tenant, (view) => {
      const began = performance.now()
      return { page: scan(view), scanMs: performance.now() - began }
    })
    return decodedPage(page, scanMs)
  }

  #readAtOnce<T>(tenant: TenantId, action: (view: TenantView) => T): T {
    const row = this.#tenants.get(tenant) ?? this.#open(tenant)
    return this.#environment.read((tables) => {
      const purges = this.#purges.get(tenant) ?? readPurges(tables, row.number)
      this.#purges.set(tenant, purges)
      return action({ tables, tenant: row, purges, largeRows: new Map() })
    })
  }

  /** The tenant's row, created at its first use. */
  #open(tenant: TenantId): TenantRow {
    const stored = this.#environment.read((tables) => tables.tenants.get(tenant))
    const row = stored ?? this.#environment.write((tables) => openTenant(tables, tenant))
    this.#tenants.set(tenant, row)
    return row
  }
}

/** Appends batches within the running transaction, in steps. */
function* appendBatches(
  tables: LmdbTables,
  batches: readonly AppendBatch[],
  journaled: JournaledCommit[],
): Generator<undefined, readonly (readonly Appended[])[]> {
  const results: (readonly Appended[])[] = []
  for (const [index, batch] of batches.entries()) {
    try {
      results.push(yield* appendDrafts(tables, batch, journaled))
    } catch (error) {
      throw isStorageError(error) ? error : new BatchFault(index, error)
    }
  }
  return results
}
