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
import { elapsed } from './abort.ts'
import type { Cancellation, Client, RemoteWriteOptions, UpdateOptions } from './client.ts'
import type { ClientCache, OpenedCache } from './cache/client-cache.ts'
import type { ConnectOptions } from './connect-options.ts'
import { backOffMs } from './connection/connection-state.ts'
import type { ConnectionStatus } from './connection/connection-status.ts'
import { changesKind, liveKind, watchKind } from './feed/feed-kinds.ts'
import { LiveStores } from './live/live-stores.ts'
import type { LiveShape, LiveState } from './live/live-state.ts'
import { openValueStore, type ValueState } from './live/value-store.ts'
import { batchOf, pageOf } from './operations/answers.ts'
import * as texts from './operations/operations.generated.ts'
import {
  checkTexts,
  copiedOp,
  copiedOptions,
  copiedPaths,
  jsonOf,
  momentOf,
  operationOf,
  wireOp,
} from './operations/requests.ts'
import type { TypedText } from './operations/typed-text.ts'
import type { Platform } from './platform.ts'
import type { ReadableStore } from './readable.ts'
import { Session } from './session.ts'
import type { PendingOperation, WriteCall } from './writes/outbox.ts'
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
      patches: platform.patches,
      openCache: () => (this.#openedCache ??= this.#cache?.open(this.#cacheScope) ?? null),
    })
  }

  get connection(): ReadableStore<ConnectionStatus> {
    return this.#session.connection.status
  }

  /** The time by the clock of the server, ms since 1970; until that is known, by the clock of this machine. */
  serverNow(): number {
    return this.#session.serverNow()
  }

  retryNow(): void {
    this.#session.connection.retryNow()
  }

  get writes(): ReadableStore<readonly PendingOperation[]> {
    return this.#session.outbox.list
  }

  async post(path: string, value: Json, options: PostOptions & RemoteWriteOptions = {}): Promise<WriteResult> {
    const { id, key, ephemeral = false, signal } = options
    if (ephemeral) {
      const variables = { path, value: jsonOf(value), id, key, ephemeral }
      return this.#session.request(operationOf(texts.mutationPost, variables), signal)
    }
    // With a key of the caller's, the same call again must be the same request: there the server makes the id.
    const freshId = id === undefined && key === undefined ? this.#session.freshId() : id
    return this.#writeOp(texts.mutationPost, { kind: 'post', path, value, id: freshId }, options)
  }

  async put(
    path: string,
    value: Json,
    options: WriteOptions & Expecting & RemoteWriteOptions = {},
  ): Promise<WriteResult> {
    return this.#writeOp(texts.mutationPut, { kind: 'put', path, value, expect: options.expect }, options)
  }

  async patch(
    path: string,
    patch: Patch,
    options: WriteOptions & Expecting & RemoteWriteOptions = {},
  ): Promise<WriteResult> {
    return this.#writeOp(texts.mutationPatch, { kind: 'patch', path, patch, expect: options.expect }, options)
  }

  async delete(path: string, options: WriteOptions & Expecting & RemoteWriteOptions = {}): Promise<WriteResult> {
    return this.#writeOp(texts.mutationDelete, { kind: 'delete', path, expect: options.expect }, options)
  }

  async transact(
    ops: readonly Op[],
    options: WriteOptions & { readonly checks?: readonly Check[] | undefined } & RemoteWriteOptions = {},
  ): Promise<WriteResult> {
    const checks = options.checks?.map(({ path, expect }) => ({ path, expect: { ...expect } }))
    const sent = ops.map((op) => copiedOp(options.key === undefined ? this.#withId(op) : op))
    const scope = writeScope(sent, checks)
    const call = { method: 'transact', path: null } as const
    return this.#commit(texts.mutationTransact, { ops: sent.map(wireOp), checks }, { call, ops: sent, scope, options })
  }

  async restore(
    path: string,
    to: AsOf,
    options: WriteOptions & Expecting & { readonly scope?: RestoreScope | undefined } & RemoteWriteOptions = {},
  ): Promise<WriteResult> {
    const { scope, expect } = options
    const variables = { path, to: momentOf('to', to), scope, expect: expect && { ...expect } }
    const call = { method: 'restore', path } as const
    return this.#commit(texts.mutationRestore, variables, { call, scope: scopeOfPath(path), options })
  }

  async purge(path: string, options: WriteOptions & RemoteWriteOptions = {}): Promise<WriteResult> {
    const call = { method: 'purge', path } as const
    return this.#commit(texts.mutationPurge, { path }, { call, scope: scopeOfPath(path), options })
  }

  async revert(
    what: RevertSelection,
    options: WriteOptions & { readonly dryRun?: boolean | undefined } & RemoteWriteOptions = {},
  ): Promise<Reverted> {
    const { dryRun = false, signal, key = this.#session.freshKey() } = options
    const operation = operationOf(texts.mutationRevert, { what: { ...what }, dryRun, key })
    if (dryRun) return this.#session.request(operation, signal, false)
    const reverted = await this.#session.write<Reverted>({
      key,
      call: { method: 'revert', path: null },
      ops: [],
      scope: EVERYTHING,
      isShown: false,
      signal,
      operation,
      cursorOf: ({ commit }) => commit?.cursor ?? null,
    })
    const isRepeated = options.key === undefined && reverted.commit !== null
    return isRepeated ? { ...reverted, commit: { ...reverted.commit, repeated: false } } : reverted
  }

  async interrupt(match: InterruptMatch, { signal }: Cancellation = {}): Promise<number> {
    return this.#session.request(operationOf(texts.mutationInterrupt, { match: copiedOptions(match) }), signal)
  }

  async get(
    path: string,
    options?: ReadOptions & { readonly depth?: number | undefined } & Cancellation,
  ): Promise<Json> {
    return this.#read(texts.queryGet, { path }, options)
  }

  async document(path: string, options?: DocumentOptions & Cancellation): Promise<Document | null> {
    return this.#read(texts.queryDocument, { path }, options)
  }

  async documents(path: string, options?: PageOptions & ReadOptions & Filter & Cancellation): Promise<DocumentPage> {
    return pageOf(await this.#read(texts.queryDocuments, { path }, options))
  }

  async history(path: string, options?: HistoryOptions & Cancellation): Promise<DocumentPage> {
    return pageOf(await this.#read(texts.queryHistory, { path }, options))
  }

  async collections(path: string | null, options?: CollectionsOptions & Cancellation): Promise<CollectionPage | null> {
    const page = await this.#read(texts.queryCollections, { path }, options)
    return page && pageOf(page)
  }

  async diff(path: string, options: DiffOptions & Cancellation): Promise<readonly Difference[]> {
    return (await this.#read(texts.queryDiff, { path }, options)) as readonly Difference[]
  }

  async log(paths: readonly string[], options?: LogOptions & Cancellation): Promise<ChangeBatch> {
    return batchOf(await this.#read(texts.queryLog, { paths: copiedPaths(paths) }, options))
  }

  changes(paths: readonly string[], { signal, ...options }: ChangesOptions = {}): AsyncIterableIterator<ChangeBatch> {
    return this.#session.feed(changesKind(copiedPaths(paths), copiedOptions(options)), signal)
  }

  live(paths: readonly string[], { signal, ...options }: FeedOptions = {}): AsyncIterableIterator<ChangeBatch> {
    return this.#session.feed(liveKind(copiedPaths(paths), copiedOptions(options)), signal)
  }

  watch(path: string, { signal, ...options }: WatchOptions = {}): AsyncIterableIterator<ObservedValue> {
    checkTexts(path)
    return this.#session.feed(watchKind(path, copiedOptions(options)), signal)
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
        await elapsed(Math.random() * backOffMs(attempt - 4), signal)
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

  /** The one field of a query's result. `variables`: the arguments that are no options. */
  #read<Result extends object, Variables extends object>(
    text: TypedText<Result, Variables>,
    variables: Partial<Variables>,
    { signal, ...options }: Cancellation = {},
  ): Promise<Result[keyof Result]> {
    const all = { ...copiedOptions(options), ...variables } as Variables
    return this.#session.request(operationOf(text, all), signal)
  }

  #writeOp(text: TypedText<unknown, never>, op: Op, options: WriteOptions & RemoteWriteOptions): Promise<WriteResult> {
    const copy = copiedOp(op)
    const { kind, ...variables } = copy
    const call = { method: kind, path: op.path }
    return this.#commit(text as TypedText<unknown, object>, variables, { call, ops: [copy], options })
  }

  async #commit<Variables extends object>(
    text: TypedText<unknown, Variables & { readonly key?: string | null | undefined }>,
    variables: Variables,
    { call, ops = [], scope = writeScope(ops), options }: CommitParts,
  ): Promise<WriteResult> {
    const { optimistic = true, signal } = options
    const key = options.key ?? this.#session.freshKey()
    const result = await this.#session.write<WriteResult>({
      key,
      call,
      ops,
      scope,
      isShown: optimistic && ops.length > 0,
      signal,
      operation: operationOf(text, { ...variables, key }),
      cursorOf: ({ cursor }) => cursor,
    })
    // A repetition by the client itself is none to its caller.
    return options.key === undefined ? { ...result, repeated: false } : result
  }
}

interface CommitParts {
  readonly call: WriteCall
  readonly ops?: readonly Op[]
  readonly scope?: WriteScope
  readonly options: WriteOptions & RemoteWriteOptions
}
