import { setTimeout as after } from 'node:timers/promises'
import type { Cursor, Database, Document, InterruptMatch, Timestamp } from '../../core/database.ts'
import { DatabaseError } from '../../core/error.ts'
import { isObject, type Json } from '../../core/json/json.ts'
import type { TenantId } from '../../store/store.ts'

/** The tenant in which the processes of a shared store find one another. No client can name it. */
export const SYSTEM_TENANT: TenantId = 'tidemark-system'

/** An interrupt that is as old as this was left behind by a process that was killed. */
const ABANDONED_MS = 30_000
/** The longest that the answers of others are waited for, and how soon one is seen of which no bell told. */
const ANSWER_TIMEOUT_MS = 2_000
const ANSWER_POLL_MS = 250
/** Before the store is asked again that was away. */
const RETRY_MS = 1_000
/** Processes that are asked, and interrupts that one process clears away at its start. */
const MAX_SERVERS = 1_000
const MAX_SWEPT = 100

export interface ClusterOptions {
  /** The database of the system tenant. */
  readonly db: Database
  readonly freshId: () => string
  /** Interrupts the subscriptions of this process that are meant, and gives their number. */
  readonly interrupt: (tenant: TenantId, match: InterruptMatch) => Promise<number>
  /** Decides all subscriptions of this process anew. */
  readonly interruptAll: () => Promise<unknown>
}

/**
 * The other processes on one store: each has a document in `servers`, asks by one in `interrupts`, which all follow, and
 * answers by one below it. Who has asked deletes all of it. Who gives no answer in time counts as gone, and its document
 * is deleted; if it was only slow, it makes another. So nothing is written while nothing is asked.
 */
export class Cluster {
  readonly #options: ClusterOptions
  readonly #db: Database
  readonly #id: string
  readonly #stop = new AbortController()
  readonly #following: Promise<void>
  #hasJoined = false
  /** Up to here it has done what others asked. */
  #cursor: Cursor | undefined

  /** Begins at once; a store that is not there yet is tried again. */
  constructor(options: ClusterOptions) {
    this.#options = options
    this.#db = options.db
    this.#id = options.freshId()
    this.#following = this.#follow()
  }

  /** Has the other processes interrupt what is meant, and gives how many they say it was. */
  async interrupt(tenant: TenantId, match: InterruptMatch): Promise<number> {
    const given = Object.fromEntries(Object.entries(match).filter(([, value]) => value !== undefined)) as Record<string, Json>
    const id = this.#options.freshId()
    const { cursor } = await this.#db.post('interrupts', { from: this.#id, tenant, match: given, answers: [] }, { id })
    try {
      return await this.#collectAnswers(id, await this.#others(), cursor)
    } finally {
      // Where that fails, who starts next clears it away.
      await this.#db.delete(`interrupts/${id}`).catch(() => {})
    }
  }

  /** Leaves the others. */
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
    for await (const { changes } of this.#db.changes([`interrupts/${id}/answers`], { after: cursor, types: ['NEW'], heartbeatMs: ANSWER_POLL_MS, signal })) {
      for (const { document } of changes) {
        missing.delete(document.id)
        sum += parseCountAnswer(document.value)
      }
      if (missing.size === 0) return sum
    }
    // Another one may be doing the same.
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
    for await (const { changes, cursor } of this.#db.changes(['interrupts', own], { after: this.#cursor, types: ['NEW', 'DELETE'], signal: this.#stop.signal })) {
      if (this.#cursor === undefined) await this.#join()
      for (const { type, path, document } of changes) {
        if (type === 'NEW') await this.#answer(document)
        else if (path === own) await this.#register()
      }
      this.#cursor = cursor
    }
  }

  /** What others asked before it followed is not known, so everything is decided anew; only then is it waited for. */
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

  /** Clears away what was left by processes that were killed while they asked. */
  async #sweep(at: Timestamp): Promise<void> {
    const { edges } = await this.#db.documents('interrupts', { first: MAX_SWEPT })
    for (const { node } of edges) if (isAbandoned(node, at)) await this.#db.delete(node.path).catch(() => {})
  }

  /** Does what another process asks; who has stopped waiting needs no answer. */
  async #answer({ path, id, value }: Document): Promise<void> {
    const asked = path === `interrupts/${id}` ? parseAsked(value) : null
    if (asked === null || asked.from === this.#id) return
    try {
      const count = await this.#options.interrupt(asked.tenant, asked.match)
      await this.#db.post(`${path}/answers`, { count }, { id: this.#id })
    } catch {
      // What one process cannot do or tell must not end the following of all others.
    }
  }

  async #pause(ms: number): Promise<void> {
    await after(ms, undefined, { signal: this.#stop.signal, ref: false }).catch(() => {})
  }
}

/** Times are those of the log, in which no clock runs backwards. */
function isAbandoned({ updatedAt }: Document, at: Timestamp): boolean {
  return Date.parse(at) - Date.parse(updatedAt) > ABANDONED_MS
}

function isCursorLost(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === 'CURSOR_EXPIRED' || error.code === 'CURSOR_UNKNOWN')
}

function parseCountAnswer(value: Json): number {
  const count = isObject(value) ? value['count'] : null
  return typeof count === 'number' ? count : 0
}

interface InterruptAsked {
  readonly from: Json
  readonly tenant: TenantId
  readonly match: InterruptMatch
}

/** Processes of another release may write there too; what is wrong in `match` is refused like a client's. */
function parseAsked(value: Json): InterruptAsked | null {
  if (!isObject(value)) return null
  const { from = null, tenant, match } = value
  if (typeof tenant !== 'string' || !isObject(match) || !Array.isArray(match['paths'])) return null
  return { from, tenant, match: match as unknown as InterruptMatch }
}
