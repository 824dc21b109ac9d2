import type {
  ChangeBatch,
  Check,
  CollectionPage,
  Document,
  DocumentPage,
  ObservedValue,
  Op,
  Patch,
  Reverted,
  RevertSelection,
  WriteResult,
} from '../core/database.ts'
import type {
  AsOf,
  ChangesOptions,
  CollectionsOptions,
  Cursor,
  DiffOptions,
  DocumentOptions,
  Expect,
  FeedOptions,
  Filter,
  HistoryOptions,
  InterruptMatch,
  LogOptions,
  PageOptions,
  PostOptions,
  ReadOptions,
  RestoreScope,
  WatchOptions,
  WriteOptions,
} from '../core/database/options.ts'
import { badArgument, DatabaseError } from '../core/error.ts'
import type { Json } from '../core/json/json.ts'
import type { Difference } from '../core/patch/diff.ts'
import { parsePatterns } from '../core/pattern.ts'
import { parsePath } from '../core/path.ts'
import type { Cancellation, Client, RemoteWriteOptions, UpdateOptions } from './client.ts'
import type { ClientCache, OpenedCache } from './cache/client-cache.ts'
import type { ConnectOptions } from './connect-options.ts'
import { backOffMs } from './connection/connection-state.ts'
import type { ConnectionStatus } from './connection/connection.ts'
import { changesKind, liveKind, watchKind } from './feed/feed-kinds.ts'
import {
  batchOf,
  collectionPageOf,
  documentOf,
  documentPageOf,
  revertedOf,
  writeResultOf,
} from './operations/answers.ts'
import * as texts from './operations/operations.generated.ts'
import { checkedOptions, checkMoment, copiedChecks } from './operations/checked.ts'
import { copiedOp, jsonOf, operationOf, wireOp } from './operations/requests.ts'
import type { TypedText } from './operations/typed-text.ts'
import type { Platform } from './platform.ts'
import type { ReadableStore } from './readable.ts'
import { Session, type SessionWrite } from './session.ts'
import { LiveStores } from './live/live-stores.ts'
import type { LiveShape, LiveState } from './live/live-state.ts'
import { openValueStore, type ValueState } from './live/value-store.ts'
import type { PendingOperation } from './writes/outbox.ts'
import { elapsed } from './writes/retry.ts'
import { writeScope, scopeOfPath, type WriteScope } from './writes/write-scope.ts'

const UPDATE_ATTEMPTS = 10
/** The scope of a write that may touch anything. */
const EVERYTHING: WriteScope = [[]]

type Expecting = { readonly expect?: Expect | undefined }

/** The verbs of a database, over a session. */
export class RemoteDatabase implements Client {
  readonly #session: Session
  readonly #stores: LiveStores
  readonly #cache: ClientCache | undefined
  /** The server and the actor, of whom the cache holds documents. */
  readonly #cacheScope: string
  #openedCache: Promise<OpenedCache> | null = null

  constructor(url: string, options: ConnectOptions, platform: Platform) {
    this.#session = new Session(url, options, platform)
    this.#cache = options.cache
    this.#cacheScope = JSON.stringify([url.replace(/\/+$/, ''), options.actor ?? null])
    this.#stores = new LiveStores({
      live: (paths, feedOptions) => this.live(paths, feedOptions),
      observe: (observer) => this.#session.outbox.observe(observer),
      connection: this.#session.connection.status,
      actor: options.actor ?? null,
      openCache: () => (this.#openedCache ??= this.#cache?.open(this.#cacheScope) ?? null),
    })
  }

  get connection(): ReadableStore<ConnectionStatus> {
    return this.#session.connection.status
  }

  get writes(): ReadableStore<readonly PendingOperation[]> {
    return this.#session.outbox.list
  }

  async post(path: string, value: Json, options: PostOptions & RemoteWriteOptions = {}): Promise<WriteResult> {
    const { id, key, ephemeral = false, signal } = options
    if (ephemeral) {
      parsePath(path)
      const operation = operationOf(texts.mutationPost, { path, value: jsonOf(value), id, key, ephemeral })
      return writeResultOf((await this.#session.send(operation, 'post', signal)) as texts.WireCommit)
    }
    // With a key of the caller's, the same call again must be the same request: there the server makes the id.
    const freshId = id === undefined && key === undefined ? this.#session.freshId() : id
    const op = copiedOp({ kind: 'post', path, value, id: freshId })
    const variables = { path, value: op.value, id: op.id }
    return this.#commit(texts.mutationPost, variables, { name: 'post', ops: [op], options })
  }

  async put(
    path: string,
    value: Json,
    options: WriteOptions & Expecting & RemoteWriteOptions = {},
  ): Promise<WriteResult> {
    const op = copiedOp({ kind: 'put', path, value, expect: options.expect })
    const variables = { path, value: op.value, expect: op.expect }
    return this.#commit(texts.mutationPut, variables, { name: 'put', ops: [op], options })
  }

  async patch(
    path: string,
    patch: Patch,
    options: WriteOptions & Expecting & RemoteWriteOptions = {},
  ): Promise<WriteResult> {
    const op = copiedOp({ kind: 'patch', path, patch, expect: options.expect })
    const variables = { path, patch: op.patch, expect: op.expect }
    return this.#commit(texts.mutationPatch, variables, { name: 'patch', ops: [op], options })
  }

  async delete(path: string, options: WriteOptions & Expecting & RemoteWriteOptions = {}): Promise<WriteResult> {
    const op = copiedOp({ kind: 'delete', path, expect: options.expect })
    const variables = { path, expect: op.expect }
    return this.#commit(texts.mutationDelete, variables, { name: 'delete', ops: [op], options })
  }

  async transact(
    ops: readonly Op[],
    options: WriteOptions & { readonly checks?: readonly Check[] | undefined } & RemoteWriteOptions = {},
  ): Promise<WriteResult> {
    const checks = copiedChecks(options.checks)
    const sent = ops.map((op) => copiedOp(options.key === undefined ? this.#withId(op) : op))
    const write = { name: 'transact', ops: sent, scope: writeScope(sent, checks), options }
    return this.#commit(texts.mutationTransact, { ops: sent.map(wireOp), checks }, write)
  }

  async restore(
    path: string,
    to: AsOf,
    options: WriteOptions & Expecting & { readonly scope?: RestoreScope | undefined } & RemoteWriteOptions = {},
  ): Promise<WriteResult> {
    parsePath(path)
    checkMoment(to, 'to')
    const { scope, expect } = options
    const variables = { path, to: { ...to }, scope, expect: expect && { ...expect } }
    return this.#commit(texts.mutationRestore, variables, {
      name: 'restore',
      ops: [],
      scope: scopeOfPath(path),
      options,
    })
  }

  async purge(path: string, options: WriteOptions & RemoteWriteOptions = {}): Promise<WriteResult> {
    return this.#commit(texts.mutationPurge, { path }, { name: 'purge', ops: [], scope: scopeOfPath(path), options })
  }

  async revert(
    what: RevertSelection,
    options: WriteOptions & { readonly dryRun?: boolean | undefined } & RemoteWriteOptions = {},
  ): Promise<Reverted> {
    const { dryRun, signal, key = this.#session.freshKey() } = options
    const write: SessionWrite<Reverted> = {
      key,
      ops: [],
      scope: EVERYTHING,
      isShown: false,
      signal,
      operation: operationOf(texts.mutationRevert, { what: { ...what }, dryRun, key }),
      read: (data) => revertedOf(data as texts.WireReverted),
      cursorOf: ({ commit }) => commit?.cursor ?? null,
    }
    const reverted = await this.#session.write(write, 'revert')
    const isRepeated = options.key === undefined && reverted.commit !== null
    return isRepeated ? { ...reverted, commit: { ...reverted.commit, repeated: false } } : reverted
  }

  async interrupt(match: InterruptMatch, { signal }: Cancellation = {}): Promise<number> {
    parsePatterns(match.paths)
    const operation = operationOf(texts.mutationInterrupt, { match: checkedOptions(match) })
    return (await this.#session.send(operation, 'interrupt', signal)) as number
  }

  async get(
    path: string,
    options: ReadOptions & { readonly depth?: number | undefined } & Cancellation = {},
  ): Promise<Json> {
    return (await this.#read(texts.queryGet, 'get', { path, options })) as Json
  }

  async document(path: string, options: DocumentOptions & Cancellation = {}): Promise<Document | null> {
    const document = await this.#read(texts.queryDocument, 'document', { path, options })
    return document === null ? null : documentOf(document as texts.WireDocument)
  }

  async documents(
    path: string,
    options: PageOptions & ReadOptions & Filter & Cancellation = {},
  ): Promise<DocumentPage> {
    const page = await this.#read(texts.queryDocuments, 'documents', { path, options })
    return documentPageOf(page as texts.WireDocumentConnection)
  }

  async history(path: string, options: HistoryOptions & Cancellation = {}): Promise<DocumentPage> {
    const page = await this.#read(texts.queryHistory, 'history', { path, options })
    return documentPageOf(page as texts.WireDocumentConnection)
  }

  async collections(
    path: string | null,
    options: CollectionsOptions & Cancellation = {},
  ): Promise<CollectionPage | null> {
    const page = await this.#read(texts.queryCollections, 'collections', { path, options })
    return page === null ? null : collectionPageOf(page as texts.WireCollectionConnection)
  }

  async diff(path: string, options: DiffOptions & Cancellation): Promise<readonly Difference[]> {
    return (await this.#read(texts.queryDiff, 'diff', { path, options })) as readonly Difference[]
  }

  async log(paths: readonly string[], { signal, ...options }: LogOptions & Cancellation = {}): Promise<ChangeBatch> {
    parsePatterns(paths)
    const operation = operationOf(texts.queryLog, { paths: [...paths], ...checkedOptions(options) })
    return batchOf((await this.#session.read(operation, 'log', signal)) as texts.WireChangeBatch)
  }

  changes(paths: readonly string[], { signal, ...options }: ChangesOptions = {}): AsyncIterableIterator<ChangeBatch> {
    parsePatterns(paths)
    return this.#session.feed(changesKind([...paths], checkedOptions(options)), signal)
  }

  live(paths: readonly string[], { signal, ...options }: FeedOptions = {}): AsyncIterableIterator<ChangeBatch> {
    parsePatterns(paths)
    return this.#session.feed(liveKind([...paths], checkedOptions(options)), signal)
  }

  watch(path: string, { signal, ...options }: WatchOptions = {}): AsyncIterableIterator<ObservedValue> {
    parsePath(path)
    return this.#session.feed(watchKind(path, checkedOptions(options)), signal)
  }

  async update(
    path: string,
    change: (value: Json) => Json,
    { attempts = UPDATE_ATTEMPTS, signal }: UpdateOptions = {},
  ): Promise<WriteResult> {
    if (attempts < 1) throw badArgument('attempts', 'There must be at least one attempt.')
    for (let attempt = 1; ; attempt++) {
      const document = await this.document(path, { signal })
      const expect: Expect = document === null ? { absent: true } : { version: document.version }
      try {
        return await this.put(path, change(document?.value ?? null), { expect, signal, optimistic: false })
      } catch (error) {
        const isConflict = error instanceof DatabaseError && error.code === 'CONFLICT'
        if (!isConflict || attempt >= attempts) throw error
        await elapsed(Math.random() * backOffMs(attempt - 4), signal ?? new AbortController().signal)
      }
    }
  }

  liveStore(shape: LiveShape): ReadableStore<LiveState> {
    return this.#stores.open(shape)
  }

  valueStore(path: string, options: { readonly depth?: number | undefined } = {}): ReadableStore<ValueState> {
    return openValueStore((signal) => this.watch(path, { ...options, signal }), this.connection)
  }

  synced(cursor: Cursor, { signal }: Cancellation = {}): Promise<void> {
    return this.#stores.synced(cursor, signal)
  }

  async forget(): Promise<void> {
    const opened = await this.#openedCache
    opened?.close()
    await this.#cache?.forget()
  }

  async close(): Promise<void> {
    this.#stores.close()
    this.#session.close()
    const opened = await this.#openedCache
    opened?.close()
  }

  #withId(op: Op): Op {
    return op.kind === 'post' && op.id === undefined ? { ...op, id: this.#session.freshId() } : op
  }

  #read<Variables extends { readonly path?: string | null | undefined }>(
    text: TypedText<unknown, Variables>,
    name: string,
    { path, options: { signal, ...options } }: ReadParts,
  ): Promise<unknown> {
    if (path !== null) parsePath(path)
    const variables = { path, ...checkedOptions(options) } as unknown as Variables
    return this.#session.read(operationOf(text, variables), name, signal)
  }

  async #commit<Variables extends object>(
    text: TypedText<unknown, Variables & { readonly key?: string | null | undefined }>,
    variables: Variables,
    { name, ops, scope = writeScope(ops), options }: CommitParts,
  ): Promise<WriteResult> {
    const { optimistic = true, signal } = options
    const key = options.key ?? this.#session.freshKey()
    const write: SessionWrite<WriteResult> = {
      key,
      ops,
      scope,
      isShown: optimistic && ops.length > 0,
      signal,
      operation: operationOf(text, { ...variables, key }),
      read: (data) => writeResultOf(data as texts.WireCommit),
      cursorOf: ({ cursor }) => cursor,
    }
    const result = await this.#session.write(write, name)
    // A repetition by the client itself is none to its caller.
    return options.key === undefined ? { ...result, repeated: false } : result
  }
}

interface ReadParts {
  readonly path: string | null
  readonly options: Cancellation & object
}

interface CommitParts {
  readonly name: string
  readonly ops: readonly Op[]
  readonly scope?: WriteScope
  readonly options: WriteOptions & RemoteWriteOptions
}
