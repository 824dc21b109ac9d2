import type { Collection, MongoClient } from 'mongodb'
import { withField } from './failure.ts'
import type { HeadRow, LogRow, MetaRow } from './rows.ts'
import { mongoCollections, type MongoCollections, type MongoTables } from './tables.ts'

/** Calls that may be lost before the client, and with it their connections, is given up. */
const MAX_LOST = 8

export interface MongoConnectionOptions {
  readonly connect: () => MongoClient
  readonly database: string | undefined
  /** How long the server may work on one read, ms. */
  readonly readMs: number
  /** Longer than any command of the driver takes by its own limits, ms. */
  readonly lostMs: number
}

/**
 * The way to the server: a client of the driver, replaced when the driver has lost its way.
 *
 * A command that the driver 7.8 writes to a socket which was just destroyed never settles: no limit of the driver ends
 * it (`socket.write` answers false, and it waits for a `drain` that cannot come). It happens when a server dies. To an
 * operation it costs that operation; to the heartbeat, all that the client would do from then on.
 */
export class MongoConnection implements MongoTables {
  readonly readMs: number
  sharded = false
  readonly #options: MongoConnectionOptions
  #client: MongoClient
  #collections: MongoCollections
  #lostClients = 0

  constructor(options: MongoConnectionOptions) {
    this.#options = options
    this.readMs = options.readMs
    this.#client = this.#watched(options.connect())
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

  async connect(): Promise<void> {
    await this.#client.connect()
    const hello = await this.call(this.#client.db('admin').command({ hello: 1 }))
    this.sharded = hello['msg'] === 'isdbgrid'
  }

  /** A command of the driver, or UNAVAILABLE when the driver has lost it. */
  async call<T>(command: Promise<T>): Promise<T> {
    return withField(this.#options.lostMs, command, () => {
      this.#lostClients += 1
      if (this.#lostClients > MAX_LOST) this.#replace()
    })
  }

  async close(): Promise<void> {
    await withField(this.#options.lostMs, this.#client.close()).catch(() => {
      // A lost connection is not waited for.
    })
  }

  #replace(): void {
    const old = this.#client
    this.#lostClients = 0
    this.#client = this.#watched(this.#options.connect())
    this.#collections = mongoCollections(this.#client, this.#options.database, this.readMs)
    old.close().catch(() => {
      // It was given up.
    })
  }

  /** Gives the client up when one of its heartbeats never ends. */
  #watched(client: MongoClient): MongoClient {
    const beating = new Map<string, NodeJS.Timeout>()
    const ended = ({ connectionId }: { readonly connectionId: string }): void => clearTimeout(beating.get(connectionId))
    client.on('serverHeartbeatStarted', ({ connectionId }) => {
      clearTimeout(beating.get(connectionId))
      const timer = setTimeout(() => (client === this.#client ? this.#replace() : undefined), this.#options.lostMs)
      beating.set(connectionId, timer.unref())
    })
    client.on('serverHeartbeatSucceeded', ended)
    client.on('serverHeartbeatFailed', ended)
    client.on('topologyClosed', () => beating.forEach((timer) => clearTimeout(timer)))
    return client
  }
}
