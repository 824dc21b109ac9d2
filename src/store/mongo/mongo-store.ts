import type { MongoClient } from 'mongodb'
import type { Commit } from '../../core/commit.ts'
import type { Path } from '../../core/path.ts'
import type { Millis, Revision, Version } from '../../core/version.ts'
import { erasedCommit } from '../erasure.ts'
import type {
  Appended,
  CommitListener,
  Draft,
  HistoryPage,
  HistoryRange,
  ListPage,
  LogPage,
  LogRange,
  Page,
  PathPage,
  Range,
  Snapshot,
  Store,
  TenantId,
  Thinned,
  Thinning,
  VersionNumber,
} from '../store.ts'
import { Appender } from './append/append.ts'
import { AppendProgress } from './append/append-progress.ts'
import { readCommits } from './read/below.ts'
import { CommitNotifier, type NotifierMode } from './read/commit-notifier.ts'
import { isTransient, callWithTimeout } from './failure.ts'
import { LogEraser } from './write/erase.ts'
import { KeyedQueue } from './keyed-queue.ts'
import { thinDocuments } from './write/thin.ts'
import { repair } from './write/heads.ts'
import { Janitor } from './write/janitor.ts'
import { purgesOf } from './read/latest.ts'
import type { MongoConnection } from './mongo-connection.ts'
import { headsAt, listAt, mapConcurrent, findHistory, findRevisionAt, findVersions, readMarked } from './read/past.ts'
import { collectionNames } from './read/written.ts'
import { findByIds } from './tables.ts'
import { StoreCalls } from './store-calls.ts'
import { freshEpoch, sweep, Tenants } from './read/tenants.ts'

export interface MongoStoreOptions {
  /**
   * Connection string of a replica set or sharded cluster
   * (https://www.mongodb.com/docs/manual/reference/connection-string/).
   */
  readonly url: string
  /** Name of the database. Default: that of the URL, else `test`. */
  readonly database?: string | undefined
  /** Timeout of one call of the port, ms; less than that of a write of the engine. Default 4,000. */
  readonly callMs?: number | undefined
  /** Most connections, besides the one of the change stream. Default 50. */
  readonly poolSize?: number | undefined
  /** Interval of polling for commits of other processes when the server has no change streams, ms. Default 100. */
  readonly pollMs?: number | undefined
  /** Interval of polling beside a change stream, in case the stream goes silent, ms. Default 5,000. */
  readonly safetyPollMs?: number | undefined
  /**
   * Called with one line when the change stream ends, reopens or is missing, and when a repair fails. Default: none.
   */
  readonly onStatus?: ((line: string) => void) | undefined
}

interface MongoStoreParts {
  readonly connection: MongoConnection
  readonly mode: NotifierMode
  readonly connect: () => MongoClient
  readonly callMs: number
  readonly lostMs: number
  readonly awaitMs: number
  readonly options: MongoStoreOptions
}

/** The port on MongoDB. docs/mongodb.md describes its collections and protocol. */
export class MongoStore implements Store {
  readonly shared = true
  readonly #connection: MongoConnection
  readonly #tenants: Tenants
  readonly #appender: Appender
  readonly #notifier: CommitNotifier
  readonly #janitor: Janitor
  readonly #eraser = new LogEraser()
  readonly #callMs: number
  readonly #calls: StoreCalls
  /** The appends and drops of each tenant. */
  readonly #queue = new KeyedQueue()
  #closing: Promise<void> | null = null

  constructor({ connection, mode, connect, callMs, lostMs, awaitMs, options }: MongoStoreParts) {
    const tenants = new Tenants(connection, {
      repair: (overlay) => repair(connection, overlay, overlay.last),
      onRead: (overlay) => this.#notifier.notifySeen(overlay),
    })
    const pollMs = options.pollMs ?? 100
    const onStatus = options.onStatus ?? ((): void => undefined)
    this.#connection = connection
    this.#callMs = callMs
    this.#tenants = tenants
    this.#calls = new StoreCalls({ tables: connection, tenants, callMs })
    this.#notifier = new CommitNotifier({
      tables: connection,
      tenants,
      mode,
      connect,
      awaitMs,
      lostMs,
      onStatus,
      database: options.database,
      pollMs,
      safetyPollMs: options.safetyPollMs ?? 5_000,
    })
    this.#appender = new Appender({
      tables: connection,
      tenants,
      onCommitted: (overlay) => this.#notifier.notifySeen(overlay),
    })
    this.#janitor = new Janitor(connection, tenants, onStatus)
    if (mode === 'poll') {
      onStatus(`This MongoDB has no change streams: commits of other processes are looked for every ${pollMs} ms.`)
    }
  }

  append(tenant: TenantId, drafts: readonly Draft[]): Promise<readonly Appended[]> {
    const progress = new AppendProgress(drafts, performance.now() + this.#callMs)
    const append = (): Promise<readonly Appended[]> =>
      this.#queue.run(tenant, () => this.#appender.append(tenant, progress))
    return this.#calls.run(append, (error) => progress.fail(error))
  }

  erase(tenant: TenantId): Promise<boolean> {
    return this.#calls.change(tenant, (reader) => this.#eraser.step(reader, performance.now() + this.#callMs / 4))
  }

  raiseFloor(tenant: TenantId, floor: Revision): Promise<void> {
    return this.#calls.change(tenant, async ({ tables, tenants, overlay }) => {
      await tenants.refresh(overlay)
      const raised = Math.min(floor, overlay.last)
      const { epoch } = overlay
      await tables.updateMeta({ _id: tenant, epoch }, { $max: { floor: raised } })
      overlay.floor = Math.max(overlay.floor, raised)
    })
  }

  thin(tenant: TenantId, documents: readonly Thinning[]): Promise<Thinned> {
    return this.#calls.change(tenant, async (reader) => {
      const until = performance.now() + this.#callMs / 4
      if (await this.#eraser.step(reader, until)) return { removed: 0, more: true }
      return thinDocuments(reader, documents, until)
    })
  }

  find(tenant: TenantId, ids: readonly string[]): Promise<readonly (Commit | null)[]> {
    return this.#calls.read(tenant, async (reader) => {
      const { tables, tenants, overlay } = reader
      const [found] = await Promise.all([findByIds(tables, overlay.scope, ids), tenants.refresh(overlay)])
      const purges = purgesOf(reader)
      return ids.map((id) => {
        const commit = found.get(id)?.commit
        return commit === undefined ? null : erasedCommit(commit, purges)
      })
    })
  }

  heads(
    tenant: TenantId,
    paths: readonly Path[],
    at: Revision = Infinity,
  ): Promise<Snapshot<readonly (Version | null)[]>> {
    return this.#calls.read(tenant, (reader) => headsAt(reader, paths, at))
  }

  list(tenant: TenantId, range: Range, at: Revision = Infinity): Promise<ListPage> {
    return this.#calls.read(tenant, (reader) => listAt(reader, range, at))
  }

  paths(tenant: TenantId, range: Range, at: Revision = Infinity): Promise<PathPage> {
    return this.#calls.read(tenant, async (reader) => {
      const page = await listAt(reader, { ...range, pathsOnly: true }, at)
      return { ...page, rows: page.rows.map(({ path }) => path) }
    })
  }

  collections(
    tenant: TenantId,
    documents: readonly Path[],
    at: Revision = Infinity,
  ): Promise<readonly (readonly string[])[]> {
    return this.#calls.read(tenant, async (reader) => {
      await reader.tenants.refresh(reader.overlay)
      return mapConcurrent(documents, (document) => collectionNames(reader, document, at))
    })
  }

  history(tenant: TenantId, path: Path, range: HistoryRange): Promise<HistoryPage> {
    return this.#calls.read(tenant, (reader) => readMarked(reader, () => findHistory(reader, path, range)))
  }

  versions(tenant: TenantId, numbers: readonly VersionNumber[], bytes: number): Promise<Page> {
    return this.#calls.read(tenant, async (reader) => {
      const read = (): Promise<Page> => readMarked(reader, () => findVersions(reader, numbers, bytes))
      const page = await read()
      if (page.more || page.rows.length === numbers.length) return page
      // After a fail-over reads may be behind; a refresh waits for the end of that.
      await reader.tenants.refresh(reader.overlay)
      return read()
    })
  }

  log(tenant: TenantId, range: LogRange): Promise<LogPage> {
    return this.#calls.read(tenant, async (reader) => {
      const { tenants, overlay } = reader
      await tenants.refresh(overlay)
      const { last, floor, epoch } = overlay
      const { after } = range
      const before = Math.min(range.before ?? Infinity, last + 1)
      if (after + 1 >= before) return { commits: [], floor, last, epoch }
      const { rows, next } = await readCommits(reader, { ...range, before })
      const commits = rows.map(({ commit }) => commit)
      return { commits: range.reverse === true ? commits.reverse() : commits, next, floor, last, epoch }
    })
  }

  confirm(tenant: TenantId): Promise<Revision> {
    return this.#calls.read(tenant, ({ tenants, overlay, deadline }) => tenants.confirmLast(overlay, deadline))
  }

  revisionAt(tenant: TenantId, time: Millis): Promise<Revision> {
    return this.#calls.read(tenant, async (reader) => {
      const [revision] = await Promise.all([findRevisionAt(reader, time), reader.tenants.refresh(reader.overlay)])
      return revision
    })
  }

  async listen(listener: CommitListener): Promise<AsyncDisposable> {
    this.#calls.assertOpen()
    return this.#notifier.listen(listener)
  }

  drop(tenant: TenantId): Promise<void> {
    return this.#calls.run(() =>
      this.#queue.run(tenant, () =>
        this.#tenants.with(tenant, async (overlay) => {
          const [tables, tenants] = [this.#connection, this.#tenants]
          // With the new epoch the drop is done; the rows of the old one are garbage.
          const next = {
            $set: { epoch: freshEpoch(), applied: 0, floor: 0, purging: [] },
            $addToSet: { dead: overlay.epoch },
          }
          await tables.updateMeta({ _id: tenant, epoch: overlay.epoch }, next)
          tenants.evict(overlay)
          this.#notifier.notify(tenant)
          // The janitor removes the rows that are left after a timeout.
          await callWithTimeout(this.#callMs / 2, sweep(tables, overlay)).catch((error: unknown) => {
            if (!isTransient(error)) throw error
          })
        }),
      ),
    )
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#calls.close([this.#janitor, this.#notifier].map((part) => part[Symbol.asyncDispose]()))
    await this.#connection.close()
  }
}
