import { setTimeout as after } from 'node:timers/promises'
import type { Database, Document } from '../../core/database.ts'
import type { Cursor, InterruptMatch, Timestamp } from '../../core/database/options.ts'
import { DatabaseError } from '../../core/error.ts'
import { isObject, type Json } from '../../core/json/json.ts'
import type { TenantId } from '../../store/store.ts'

/** The tenant by which the processes of a shared store communicate. Clients cannot open it. */
export const SYSTEM_TENANT: TenantId = 'tidemark-system'

/** An interrupt of this age was abandoned: its process was killed. */
const ABANDONED_MS = 30_000
/**
 * The longest wait for the answers of other processes, and the heartbeat that finds answers of lost notifications, ms.
 */
const ANSWER_TIMEOUT_MS = 2_000
const ANSWER_POLL_MS = 250
/** Delay before the feed is opened again after it has ended, ms. */
const RETRY_MS = 1_000
/** Processes that are asked at most, and abandoned interrupts that a process examines when it joins. */
const MAX_SERVERS = 1_000
const MAX_SWEPT = 100

interface ClusterOptions {
  /** The database of the system tenant. */
  readonly db: Database
  readonly freshId: () => string
  /** Interrupts the subscriptions of this process that match, and returns their number. */
  readonly interrupt: (tenant: TenantId, match: InterruptMatch) => Promise<number>
  /** Authorizes all subscriptions of this process anew. */
  readonly interruptAll: () => Promise<unknown>
}

/**
 * The processes on one store. Each registers a document in `servers`, and follows `interrupts`. A process interrupts
 * the others by a document there; each answers by a document below it, and the asking process deletes all of them. A
 * process that does not answer in time counts as gone: its registration is deleted, and it registers again if it was
 * only slow. Without interrupts, nothing is written.
 */
export class Cluster {
  readonly #options: ClusterOptions
  readonly #db: Database
  readonly #id: string
  readonly #stop = new AbortController()
  readonly #following: Promise<void>
  #hasJoined = false
  /** The interrupts of others are done up to here; undefined: this process has to join (again). */
  #cursor: Cursor | undefined

  /** Starts to follow at once; retries while the store is unavailable. */
  constructor(options: ClusterOptions) {
    this.#options = options
    this.#db = options.db
    this.#id = options.freshId()
    this.#following = this.#follow()
  }

  /** Interrupts matching subscriptions in the other processes; returns the sum of the numbers that they answer. */
  async interrupt(tenant: TenantId, match: InterruptMatch): Promise<number> {
    const definedMatch = Object.fromEntries(Object.entries(match).filter(([, value]) => value !== undefined)) as Record<
      string,
      Json
    >
    const id = this.#options.freshId()
    const { cursor } = await this.#db.post(
      'interrupts',
      { from: this.#id, tenant, match: definedMatch, answers: [] },
      { id },
    )
    try {
      return await this.#collectAnswers(id, await this.#others(), cursor)
    } finally {
      // If this fails, the next process to join deletes it.
      await this.#db.delete(`interrupts/${id}`).catch(() => {})
    }
  }

  /** Stops following, and deletes the registration. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#following
    if (this.#hasJoined) await this.#db.delete(`servers/${this.#id}`).catch(() => {})
  }

  async #others(): Promise<Set<string>> {
    const { edges } = await this.#db.documents('servers', { first: MAX_SERVERS })
    return new Set(edges.map(({ node }) => node.id).filter((id) => id !== this.#id))
  }

  async #collectAnswers(id: string, missing: Set<string>, cursor: Cursor): Promise<number> {
    if (missing.size === 0) return 0
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS)
    let sum = 0
    for await (const { changes } of this.#db.changes([`interrupts/${id}/answers`], {
      after: cursor,
      types: ['NEW'],
      heartbeatMs: ANSWER_POLL_MS,
      signal,
    })) {
      for (const { document } of changes) {
        missing.delete(document.id)
        sum += parseAnswer(document.value)
      }
      if (missing.size === 0) return sum
    }
    // Failures are ignored: another process may delete the same registration.
    await Promise.all([...missing].map((server) => this.#db.delete(`servers/${server}`).catch(() => {})))
    return sum
  }

  async #follow(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#read()
      } catch (error) {
        if (isCursorLost(error)) this.#cursor = undefined
      }
      await this.#pause(RETRY_MS)
    }
  }

  async #read(): Promise<void> {
    const own = `servers/${this.#id}`
    for await (const { changes, cursor } of this.#db.changes(['interrupts', own], {
      after: this.#cursor,
      types: ['NEW', 'DELETE'],
      signal: this.#stop.signal,
    })) {
      if (this.#cursor === undefined) await this.#join()
      for (const { type, path, document } of changes) {
        if (type === 'NEW') await this.#answer(document)
        else if (path === own) await this.#register()
      }
      this.#cursor = cursor
    }
  }

  /**
   * Authorizes all subscriptions anew, as earlier interrupts are not known; then registers, so that others wait for
   * answers.
   */
  async #join(): Promise<void> {
    await this.#options.interruptAll()
    const at = await this.#register()
    this.#hasJoined = true
    await this.#sweep(at)
  }

  async #register(): Promise<Timestamp> {
    const { at } = await this.#db.put(`servers/${this.#id}`, null)
    return at
  }

  /** Deletes abandoned interrupts. */
  async #sweep(at: Timestamp): Promise<void> {
    const { edges } = await this.#db.documents('interrupts', { first: MAX_SWEPT })
    for (const { node } of edges) if (isAbandoned(node, at)) await this.#db.delete(node.path).catch(() => {})
  }

  /** Does the interrupt of another process and posts the answer, which is refused once the document is deleted. */
  async #answer({ path, id, value }: Document): Promise<void> {
    const request = path === `interrupts/${id}` ? parseInterruptRequest(value) : null
    if (request === null || request.from === this.#id) return
    try {
      const count = await this.#options.interrupt(request.tenant, request.match)
      await this.#db.post(`${path}/answers`, { count }, { id: this.#id })
    } catch {
      // A failed interrupt or answer must not end the feed, by which the others are followed.
    }
  }

  async #pause(ms: number): Promise<void> {
    await after(ms, undefined, { signal: this.#stop.signal, ref: false }).catch(() => {})
  }
}

/** By times of the log, which never run backwards. */
function isAbandoned({ updatedAt }: Document, at: Timestamp): boolean {
  return Date.parse(at) - Date.parse(updatedAt) > ABANDONED_MS
}

function isCursorLost(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === 'CURSOR_EXPIRED' || error.code === 'CURSOR_UNKNOWN')
}

function parseAnswer(value: Json): number {
  const count = isObject(value) ? value['count'] : null
  return typeof count === 'number' ? count : 0
}

interface InterruptRequest {
  readonly from: Json
  readonly tenant: TenantId
  readonly match: InterruptMatch
}

/**
 * The interrupt in a document; null for another one, as of another release. `match` is checked later, like a client's.
 */
function parseInterruptRequest(value: Json): InterruptRequest | null {
  if (!isObject(value)) return null
  const { from = null, tenant, match } = value
  if (typeof tenant !== 'string' || !isObject(match) || !Array.isArray(match['paths'])) return null
  return { from, tenant, match: match as unknown as InterruptMatch }
}
