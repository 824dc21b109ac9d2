import { setTimeout as pause } from 'node:timers/promises'
import type { ChangeStream, MongoClient } from 'mongodb'
import type { Revision } from '../../../core/version.ts'
import type { CommitListener, TenantId } from '../../store.ts'
import { codeOf, callWithTimeout } from '../failure.ts'
import { logKey, tenantOf, type LogRow, type MetaRow } from '../rows.ts'
import { byKey, mongoCollections, type MongoCollections, type MongoTables } from '../tables.ts'
import type { HeadOverlay } from './head-overlay.ts'
import type { Tenants } from './tenants.ts'

/** The used fields of a change event. */
interface InsertEvent {
  readonly operationType?: string
  readonly fullDocument?: Pick<LogRow, 't' | 'n'>
}

/** Back-off before a change stream that failed is opened again, ms. */
const REOPEN_MS = { min: 100, max: 5_000 } as const
/** Polls without a commit after which the interval is multiplied by SLOW_FACTOR. */
const EMPTY_POLLS = 50
const SLOW_FACTOR = 5
/** Most tenants in one query. */
const MAX_POLLED_TENANTS = 1_000
/** Codes of servers without change streams: not implemented, unknown stage. */
const NO_STREAMS: ReadonlySet<number> = new Set([238, 40324])
/** Code of a server that supports change streams only in a replica set. */
const STANDALONE = 40573

/** How commits of other processes are noticed. */
export type NotifierMode = 'stream' | 'poll'

const PIPELINE = [{ $match: { operationType: 'insert' } }, { $project: { 'fullDocument.t': 1, 'fullDocument.n': 1 } }]

function openStream(tables: MongoCollections, maxAwaitTimeMS: number): ChangeStream<LogRow> {
  return tables.log.watch(PIPELINE, { maxAwaitTimeMS, batchSize: 200 })
}

/**
 * `stream` if the server supports change streams, else `poll`; null for a standalone server that would need a replica
 * set.
 */
export async function probeStreams(tables: MongoCollections): Promise<NotifierMode | null> {
  const stream = openStream(tables, 1)
  try {
    await stream.tryNext()
    return 'stream'
  } catch (error) {
    const code = codeOf(error) ?? 0
    if (NO_STREAMS.has(code)) return 'poll'
    if (code === STANDALONE) return null
    throw error
  } finally {
    await stream.close()
  }
}

/** A tenant that a poll has found changed. */
interface ChangedTenant {
  readonly overlay: HeadOverlay
  /** Whether nothing has notified of the change before. */
  readonly isNew: boolean
}

interface CommitNotifierOptions {
  readonly tables: MongoTables
  readonly tenants: Tenants
  readonly mode: NotifierMode
  /** Makes a client for the stream alone, as an open stream occupies a connection. */
  readonly connect: () => MongoClient
  /** How long the server waits for an event before it replies without one, ms; less than the socket timeout. */
  readonly awaitMs: number
  /** A command of the driver that has not settled after this time is lost, ms. */
  readonly lostMs: number
  readonly database: string | undefined
  /** Interval of polling in poll mode, ms. */
  readonly pollMs: number
  /** Interval of polling beside a change stream, in case it goes silent, ms. */
  readonly safetyPollMs: number
  /** Called with one line when the change stream ends or is open again. */
  readonly onStatus: (line: string) => void
}

/**
 * Notifies listeners of commits of all processes, by one change stream (or polling loop) per process, while there is a
 * listener. A notification is only a hint to read the log (docs/adr/0004-a-notification-is-only-a-hint.md): lost,
 * repeated and reordered events cost time only, so no resume token is kept.
 */
export class CommitNotifier implements AsyncDisposable {
  readonly #options: CommitNotifierOptions
  readonly #listeners = new Set<{ readonly listener: CommitListener }>()
  #stop: AbortController | null = null
  #running: Promise<unknown> = Promise.resolve()

  constructor(options: CommitNotifierOptions) {
    this.#options = options
  }

  /** Calls `listener` from now on until the result is disposed of. */
  listen(listener: CommitListener): AsyncDisposable {
    const registration = { listener }
    this.#listeners.add(registration)
    if (this.#stop === null) this.#start()
    return {
      [Symbol.asyncDispose]: async () => {
        this.#listeners.delete(registration)
        if (this.#listeners.size === 0) await this.#end()
      },
    }
  }

  /**
   * Notifies of the commits in an overlay, which this process made or read: neither a poll nor an event need tell of
   * them any more.
   */
  notifySeen(overlay: HeadOverlay): void {
    overlay.lastNotified = Math.max(overlay.lastNotified, overlay.last)
    this.notify(overlay.tenant, overlay.last)
  }

  /** Notifies of commits of a tenant up to `last`; undefined: up to an unknown revision. */
  notify(tenant: TenantId, last?: Revision): void {
    for (const { listener } of this.#listeners) listener(tenant, last)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear()
    await this.#end()
  }

  #start(): void {
    const stop = new AbortController()
    const { mode, pollMs, safetyPollMs } = this.#options
    this.#stop = stop
    const work =
      mode === 'stream'
        ? [this.#follow(stop.signal), this.#poll(safetyPollMs, stop.signal)]
        : [this.#poll(pollMs, stop.signal)]
    this.#running = Promise.all([this.#running, ...work])
  }

  async #end(): Promise<void> {
    this.#stop?.abort()
    this.#stop = null
    await this.#running
  }

  /** Follows the change stream, and reopens it, without a resume token, when it fails. */
  async #follow(stop: AbortSignal): Promise<void> {
    let backoffMs: number = REOPEN_MS.min
    for (let isReopened = false; !stop.aborted; isReopened = true) {
      const answered = await this.#followOnce(isReopened, stop)
      if (stop.aborted) return
      if (!isReopened || answered) this.#options.onStatus('The change stream of MongoDB ended; it is opened again.')
      backoffMs = answered ? REOPEN_MS.min : Math.min(backoffMs * 2, REOPEN_MS.max)
      await pause(backoffMs, undefined, { signal: stop }).catch(() => undefined)
    }
  }

  /** Follows one stream to its end; resolves to whether the server ever answered. */
  async #followOnce(isReopened: boolean, stop: AbortSignal): Promise<boolean> {
    const { connect, database, tables, awaitMs, lostMs } = this.#options
    // A new client each time, as the driver may hang (mongo-connection.ts).
    const client = connect()
    const stream = openStream(mongoCollections(client, database, tables.readMs), awaitMs)
    const close = (): void => void stream.close().catch(() => undefined)
    stop.addEventListener('abort', close)
    let answered = false
    try {
      while (!stop.aborted && !stream.closed) {
        const event = (await callWithTimeout(lostMs, stream.tryNext())) as InsertEvent | null
        // The stream has no events of commits before its first reply.
        if (!answered) this.#notifyAll(isReopened)
        answered = true
        if (event !== null) this.#receive(event)
      }
    } catch {
      // After any error the caller opens another stream.
    } finally {
      stop.removeEventListener('abort', close)
      await callWithTimeout(
        lostMs,
        stream.close().then(() => client.close()),
      ).catch(() => undefined)
    }
    return answered
  }

  #notifyAll(isReopened: boolean): void {
    if (isReopened) this.#options.onStatus('The change stream of MongoDB is open again.')
    for (const overlay of this.#options.tenants.overlays()) this.notify(overlay.tenant)
  }

  #receive({ fullDocument }: InsertEvent): void {
    if (fullDocument === undefined) return
    const tenant = tenantOf(fullDocument.t)
    const cached = this.#options.tenants.peek(tenant)
    const overlay = cached?.scope === fullDocument.t ? cached : undefined
    const n = Number(fullDocument.n)
    if (overlay !== undefined && n <= overlay.lastNotified) return
    if (overlay !== undefined) overlay.lastNotified = n
    this.notify(tenant)
  }

  /** Polls for commits of other processes, less often while there are none. */
  async #poll(everyMs: number, stop: AbortSignal): Promise<void> {
    for (let emptyPolls = 0; !stop.aborted; emptyPolls++) {
      const factor = everyMs < 1_000 && emptyPolls > EMPTY_POLLS ? SLOW_FACTOR : 1
      await pause(everyMs * factor, undefined, { signal: stop }).catch(() => undefined)
      if (stop.aborted) return
      // Reads report an unreachable server; polling goes on.
      if (await this.#pollOnce().catch(() => false)) emptyPolls = 0
    }
  }

  async #pollOnce(): Promise<boolean> {
    let hasNew = false
    const overlays = this.#options.tenants.overlays()
    for (let i = 0; i < overlays.length; i += MAX_POLLED_TENANTS) {
      for (const { overlay, isNew } of await this.#findChanged(overlays.slice(i, i + MAX_POLLED_TENANTS))) {
        hasNew ||= isNew
        this.notify(overlay.tenant)
      }
    }
    return hasNew
  }

  /**
   * The overlays of tenants with commits after their last one, or with another epoch. A read of the log moves `last`,
   * and notifies itself: a commit that was notified of, and that no read has found since, is notified of again.
   */
  async #findChanged(overlays: readonly HeadOverlay[]): Promise<readonly ChangedTenant[]> {
    const { tables } = this.#options
    const nextRevisions = overlays.map(({ last }) => last + 1)
    const nextKeys = overlays.map(({ scope }, i) => logKey(scope, nextRevisions[i] ?? 0))
    const limit = { maxTimeMS: tables.readMs }
    const filter = byKey(
      tables,
      overlays.map(({ scope }) => scope),
      nextKeys,
    )
    const [next, rows] = await Promise.all([
      tables.call(tables.log.find(filter, { projection: { _id: 1 }, ...limit }).toArray()),
      tables.call(
        tables.meta
          .find({ _id: { $in: overlays.map(({ tenant }) => tenant) } }, { projection: { epoch: 1 }, ...limit })
          .toArray(),
      ),
    ])
    const found = new Set(next.map(({ _id }) => _id))
    const epochs = new Map(rows.map((row: Pick<MetaRow, '_id' | 'epoch'>) => [row._id, row.epoch]))
    return overlays.flatMap((overlay, i) => {
      const ended = epochs.get(overlay.tenant) !== overlay.epoch
      if (ended) this.#options.tenants.evict(overlay)
      const more = found.has(nextKeys[i] ?? '')
      const isNew = ended || (nextRevisions[i] ?? 0) > overlay.lastNotified
      if (more) overlay.lastNotified = Math.max(overlay.lastNotified, nextRevisions[i] ?? 0)
      return ended || more ? [{ overlay, isNew }] : []
    })
  }
}
