import {
  MongoTopologyClosedError,
  type Collection,
  type FindOneOptions,
  type MongoClient,
  type UpdateFilter,
} from 'mongodb'
import { callWithTimeout } from './failure.ts'
import { PrimaryWatch } from './deployment/primary-watch.ts'
import type { HeadRow, LogRow, MetaRow } from './rows.ts'
import type { Greeting } from './deployment/greeting.ts'
import { createIndexes } from './deployment/indexes.ts'
import { INDEX_SOCKET_MS } from './mongo-client.ts'
import { quirksOf, type Quirks } from './deployment/quirks.ts'
import { mongoCollections, type MongoCollections, type MongoTables, type TenantSelector } from './tables.ts'
import { KeyedQueue } from './keyed-queue.ts'

/** Lost commands after which the client is replaced, and with it its connections. */
const MAX_LOST_COMMANDS = 8

/** Timeout of closing a client, ms. Telling the server is a courtesy: it also notices by itself. */
const CLOSE_MS = 1_000

interface MongoConnectionOptions {
  /** Makes a client; `socketMs`: how long it waits for a reply, if not as long as all others. */
  readonly connect: (socketMs?: number) => MongoClient
  readonly database: string | undefined
  /** Timeout of one read on the server, ms. */
  readonly readMs: number
  /** A command that has not settled after this time is lost, ms; longer than the driver's own timeouts. */
  readonly lostMs: number
}

/**
 * A client of the driver, replaced when it hangs.
 *
 * A command that driver 7.8 writes to a socket which was just destroyed never settles, and no timeout of the driver
 * ends it (`socket.write` returns false, and the driver waits for a `drain` that cannot come). It happens when a server
 * dies. If the command is an operation, only that operation is lost; if it is the heartbeat, the client is unusable
 * from then on.
 */
export class MongoConnection implements MongoTables {
  readonly readMs: number
  sharded = false
  quirks: Quirks = quirksOf({})
  readonly #primary = new PrimaryWatch(() => this.call(this.meta.findOne({ _id: '' }, this.#linearizable)))
  readonly #options: MongoConnectionOptions
  #client: MongoClient
  #collections: MongoCollections
  #lostCommands = 0
  /** The indexes are being made; null: they are not. */
  #making: Promise<void> | null = null
  /** The client that makes them. */
  #builder: MongoClient | null = null
  #closed = false
  readonly #metaUpdates = new KeyedQueue()

  constructor(options: MongoConnectionOptions) {
    this.#options = options
    this.readMs = options.readMs
    this.#client = this.#replacedOnHang(options.connect())
    this.#collections = mongoCollections(this.#client, options.database, options.readMs)
  }

  get log(): Collection<LogRow> {
    return this.#collections.log
  }

  get heads(): Collection<HeadRow> {
    return this.#collections.heads
  }

  get meta(): Collection<MetaRow> {
    return this.#collections.meta
  }

  async connect(): Promise<Greeting> {
    await this.#client.connect()
    const admin = this.#client.db('admin')
    this.quirks = quirksOf(await this.call(admin.command({ buildInfo: 1 })))
    const askedAt = Date.now()
    const reply = await this.call(admin.command({ hello: 1 }))
    this.sharded = reply['msg'] === 'isdbgrid'
    return { reply, askedAt, receivedAt: Date.now() }
  }

  /** Whether the URL keeps to the server that it names. */
  get isDirect(): boolean {
    return this.#client.options.directConnection
  }

  get primary(): string {
    return this.#primary.current
  }

  confirmPrimary(): Promise<void> {
    return this.#primary.confirm()
  }

  get #linearizable(): FindOneOptions {
    return { readConcern: { level: 'linearizable' }, maxTimeMS: this.readMs }
  }

  /** Awaits a command of the driver; rejects with UNAVAILABLE when it is lost (`lostMs`). */
  async call<T>(command: Promise<T>): Promise<T> {
    const client = this.#client
    try {
      return await callWithTimeout(this.#options.lostMs, command, () => {
        this.#lostCommands += 1
        if (this.#lostCommands > MAX_LOST_COMMANDS) this.#replace()
      })
    } catch (error) {
      // A client whose first command finds no server stays closed for ever.
      if (error instanceof MongoTopologyClosedError && client === this.#client && !this.#closed) this.#replace()
      throw error
    }
  }

  /** Makes the indexes that are missing; concurrent calls share one making. */
  makeIndexes(): Promise<void> {
    this.#making ??= this.#makeIndexes().finally(() => {
      this.#making = null
    })
    return this.#making
  }

  /** With a client of its own, as a build takes longer than any other command. */
  async #makeIndexes(): Promise<void> {
    const { connect, database, lostMs } = this.#options
    const client = connect(INDEX_SOCKET_MS)
    this.#builder = client
    try {
      await createIndexes(mongoCollections(client, database, this.readMs))
    } finally {
      this.#builder = null
      await callWithTimeout(lostMs, client.close()).catch(() => undefined)
    }
  }

  updateMeta(tenant: TenantSelector, update: UpdateFilter<MetaRow>): Promise<void> {
    return this.#metaUpdates.run(tenant._id, async () => {
      await this.call(this.meta.updateOne(tenant, update))
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    const clients = [this.#client, ...(this.#builder === null ? [] : [this.#builder])]
    const closed = Promise.all(clients.map((client) => client.close())).then(() => undefined)
    await callWithTimeout(CLOSE_MS, closed).catch(() => {
      // Closing a lost connection may fail or time out.
    })
  }

  #replace(): void {
    const old = this.#client
    this.#lostCommands = 0
    this.#client = this.#replacedOnHang(this.#options.connect())
    this.#collections = mongoCollections(this.#client, this.#options.database, this.readMs)
    old.close().catch(() => {
      // The old client is unusable.
    })
  }

  /** Replaces the client when one of its heartbeats does not end within `lostMs`. */
  #replacedOnHang(client: MongoClient): MongoClient {
    this.#primary.watch(client)
    const heartbeats = new Map<string, NodeJS.Timeout>()
    const ended = ({ connectionId }: { readonly connectionId: string }): void =>
      clearTimeout(heartbeats.get(connectionId))
    client.on('serverHeartbeatStarted', ({ connectionId }) => {
      clearTimeout(heartbeats.get(connectionId))
      const timer = setTimeout(() => (client === this.#client ? this.#replace() : undefined), this.#options.lostMs)
      heartbeats.set(connectionId, timer.unref())
    })
    client.on('serverHeartbeatSucceeded', ended)
    client.on('serverHeartbeatFailed', ended)
    client.on('topologyClosed', () => heartbeats.forEach((timer) => clearTimeout(timer)))
    return client
  }
}
