import type { ChangeBatch, ChangeReason, Database, Reset } from '../../../src/core/database.ts'
import type { Cursor } from '../../../src/core/database/options.ts'
import { formatCursor } from '../../../src/core/cursor.ts'
import type { ChangeType } from '../../../src/core/version.ts'
import { DatabaseError } from '../../../src/core/error.ts'
import { HEARTBEAT_MS } from '../writers/history-follower.ts'
import { epochIn, revisionIn, type ShownChange } from '../writers/history-run.ts'
import type { LiveBatch, LiveChange, LiveFeeder, OpenLive } from './follower.ts'
import { documentsAt } from './oracle.ts'
import { cut, shows, type Shape, type Stored } from './shape.ts'
import { COLLECTIONS } from './world.ts'

/** A mistake in a feed that somebody once made. */
export type Bug =
  /** The snapshot is read, then what comes from now on is followed; what came between is lost. */
  | 'snapshot before subscribe'
  /** A reader that is slow has a queue of some changes; what does not fit is dropped. */
  | 'dropped on a full queue'
  | 'resumes one too late'
  | 'resumes one too early'
  /** A batch that is full has a cursor that was made when it was sent. */
  | 'fresh cursor at the threshold'
  | 'leaving is not told'
  | 'leaving is told as UPDATE'
  | 'entering is not told'
  | 'a gap is not told'
  | 'half a snapshot is taken for a whole one'
  | 'up to date before the snapshot is whole'
  | 'a reset is up to date before its snapshot'
  | 'NEW and DELETE make NEW'
  | 'NEW and DELETE make DELETE'
  | 'DELETE and NEW make NEW'
  | 'UPDATE and DELETE make UPDATE'
  | 'always begins anew'

export const BUGS: readonly Bug[] = [
  'snapshot before subscribe',
  'dropped on a full queue',
  'resumes one too late',
  'resumes one too early',
  'fresh cursor at the threshold',
  'leaving is not told',
  'leaving is told as UPDATE',
  'entering is not told',
  'a gap is not told',
  'half a snapshot is taken for a whole one',
  'up to date before the snapshot is whole',
  'a reset is up to date before its snapshot',
  'NEW and DELETE make NEW',
  'NEW and DELETE make DELETE',
  'DELETE and NEW make NEW',
  'UPDATE and DELETE make UPDATE',
  'always begins anew',
]

const PAGE = 3
const QUEUE = 3
const HALF = 'half-'

/**
 * `live` as simple as it can be, and slow: the whole tenant is read as of a cursor, then the log is followed. It stands
 * on the plain reads of a database, so that bugs can be planted in it.
 */
export function naiveLive(database: () => Database, shape: Shape, bug: Bug | null = null): LiveFeeder {
  return (after) => new NaiveLive(database, shape, { after, bug })
}

/** Whether an error says that a cursor cannot be gone on from. */
function isLost(error: unknown): boolean {
  return error instanceof DatabaseError && error.code.startsWith('CURSOR')
}

interface Told {
  readonly type: ChangeType
  readonly reason: ChangeReason
  readonly document: Stored
  readonly deleted: boolean
  readonly cursor: Cursor | null
}

/** What a feed goes on from. */
interface Place {
  /** All living documents, as of the last change that was read. */
  readonly documents: Map<string, Stored>
  readonly feed: AsyncIterableIterator<ChangeBatch>
  /** What is left of the snapshot. */
  snapshot: readonly Told[]
  readonly cursor: Cursor
}

class NaiveLive implements OpenLive {
  readonly #database: () => Database
  readonly #shape: Shape
  readonly #bug: Bug | null
  readonly #after: Cursor | undefined
  #place: Place | null = null
  #reset: Reset | null = null
  /** Whether the client holds something: what it stored, or a first batch. */
  #holds: boolean

  constructor(
    database: () => Database,
    shape: Shape,
    { after, bug }: { readonly after: Cursor | undefined; readonly bug: Bug | null },
  ) {
    this.#database = database
    this.#shape = shape
    this.#bug = bug
    this.#after = after
    this.#holds = after !== undefined
  }

  async next(): Promise<LiveBatch> {
    try {
      const place = await this.#begun()
      return place.snapshot.length > 0 ? await this.#page(place) : await this.#read(place)
    } catch (error) {
      if (!isLost(error)) throw error
      await this.kill()
      this.#place = await this.#anew(this.#bug === 'a gap is not told' || !this.#holds ? null : 'CURSOR_EXPIRED')
      return this.#page(this.#place)
    }
  }

  /** A snapshot as of a moment that retention leaves it: the log may be cut again while it is read. */
  async #anew(reset: Reset | null): Promise<Place> {
    for (;;) {
      try {
        return await this.#snapshot(reset)
      } catch (error) {
        if (!isLost(error)) throw error
      }
    }
  }

  async kill(): Promise<void> {
    await this.#place?.feed.return?.()
  }

  async #begun(): Promise<Place> {
    if (this.#place !== null) return this.#place
    const after = this.#after
    const half = after?.startsWith(HALF) === true
    if (after === undefined || this.#bug === 'always begins anew') {
      this.#place = await this.#snapshot(after === undefined ? null : 'CURSOR_EXPIRED')
    } else if (half && this.#bug !== 'half a snapshot is taken for a whole one') {
      this.#place = await this.#snapshot('CURSOR_EXPIRED')
    } else this.#place = await this.#from(this.#beside(half ? after.slice(HALF.length) : after))
    return this.#place
  }

  #beside(cursor: Cursor): Cursor {
    const by = this.#bug === 'resumes one too late' ? 1 : this.#bug === 'resumes one too early' ? -1 : 0
    return by === 0 || epochIn(cursor) === 'elsewhere'
      ? cursor
      : formatCursor(epochIn(cursor), Math.max(revisionIn(cursor) + by, 1))
  }

  async #from(cursor: Cursor): Promise<Place> {
    const documents = await documentsAt(this.#database(), cursor, COLLECTIONS)
    const feed = this.#database().changes(['*'], { after: cursor, heartbeatMs: HEARTBEAT_MS })
    return { documents: new Map(documents.map((document) => [document.path, document])), feed, snapshot: [], cursor }
  }

  async #snapshot(reset: Reset | null): Promise<Place> {
    const place = await this.#from((await this.#database().log(['nowhere'], { after: undefined, first: 1_000 })).cursor)
    this.#reset = reset
    const gap = this.#bug === 'a gap is not told' && this.#holds
    const { cursor } = place
    const told = [...place.documents.values()]
      .filter(shows(this.#shape))
      .map((document): Told => ({ type: 'NEW', reason: 'WRITE', document, deleted: false, cursor }))
    return { ...place, snapshot: gap ? [] : told }
  }

  async #page(place: Place): Promise<LiveBatch> {
    const page = place.snapshot.slice(0, PAGE)
    place.snapshot = place.snapshot.slice(PAGE)
    const last = place.snapshot.length === 0
    if (last && this.#bug === 'snapshot before subscribe') {
      await this.kill()
      this.#place = { ...(await this.#from((await this.#database().log(['nowhere'], { first: 1_000 })).cursor)) }
      return this.#batch(page, this.#place.cursor, true)
    }
    if (this.#reset !== null && this.#bug === 'a reset is up to date before its snapshot') {
      place.snapshot = [...page, ...place.snapshot]
      return this.#batch([], place.cursor, true)
    }
    const whole = last || this.#bug === 'up to date before the snapshot is whole'
    return this.#batch(page, whole ? place.cursor : `${HALF}${place.cursor}`, whole)
  }

  async #read({ feed, documents, cursor: began }: Place): Promise<LiveBatch> {
    const { value, done } = await feed.next()
    if (done === true) throw new Error(`The changes after ${began} ended by themselves.`)
    const told = value.changes.flatMap((change) => this.#toldOf(documents, change) ?? [])
    const coalesced = new Map<string, Told>()
    for (const change of told.slice(0, this.#bug === 'dropped on a full queue' ? QUEUE : Infinity)) {
      this.#coalesce(coalesced, change)
    }
    const fresh = this.#bug === 'fresh cursor at the threshold' && value.changes.length >= QUEUE
    return this.#batch(
      [...coalesced.values()],
      fresh ? (await this.#database().log(['nowhere'], { first: 1_000 })).cursor : value.cursor,
      value.upToDate,
    )
  }

  #batch(told: readonly Told[], cursor: Cursor, upToDate: boolean): LiveBatch {
    const reset = this.#reset
    this.#holds = true
    this.#reset = null
    return { changes: told.map((change) => this.#shown(change)), cursor, upToDate, reset }
  }

  #shown({ type, reason, document: { path, version, value }, deleted, cursor }: Told): LiveChange {
    return {
      type,
      reason,
      path,
      cursor,
      document: { version, value: type === 'DELETE' ? null : cut(value, this.#shape.columns), deleted },
    }
  }

  #toldOf(documents: Map<string, Stored>, { type, path, document, cursor }: ShownChange): Told | null {
    const before = documents.get(path)
    const after = type === 'DELETE' ? undefined : { path, version: document.version, value: document.value }
    if (after === undefined) documents.delete(path)
    else documents.set(path, after)
    const [was, now] = [before, after].map((one) => one !== undefined && shows(this.#shape)(one))
    if (was !== true && now !== true) return null
    const common = {
      document: after ?? { path, version: document.version, value: null },
      deleted: after === undefined,
      cursor,
    }
    if (was === now) return { type: 'UPDATE', reason: 'WRITE', ...common }
    return now === true ? this.#entering(common, before) : this.#leaving(common, after)
  }

  #entering(common: Pick<Told, 'document' | 'deleted' | 'cursor'>, before: Stored | undefined): Told | null {
    if (before === undefined) return { type: 'NEW', reason: 'WRITE', ...common }
    return this.#bug === 'entering is not told' ? null : { type: 'NEW', reason: 'MOVED_IN', ...common }
  }

  #leaving(common: Pick<Told, 'document' | 'deleted' | 'cursor'>, after: Stored | undefined): Told | null {
    if (after === undefined) return { type: 'DELETE', reason: 'WRITE', ...common }
    if (this.#bug === 'leaving is told as UPDATE') return { type: 'UPDATE', reason: 'WRITE', ...common }
    return this.#bug === 'leaving is not told' ? null : { type: 'DELETE', reason: 'MOVED_OUT', ...common }
  }

  #coalesce(told: Map<string, Told>, change: Told): void {
    const { path } = change.document
    const type = this.#coalesced(told.get(path)?.type, change.type)
    told.delete(path)
    if (type !== null) told.set(path, { ...change, type })
  }

  #coalesced(first: ChangeType | undefined, then: ChangeType): ChangeType | null {
    const bug = this.#bug
    if (first === 'NEW' && then === 'DELETE') {
      return bug === 'NEW and DELETE make NEW' ? 'NEW' : bug === 'NEW and DELETE make DELETE' ? 'DELETE' : null
    }
    if (first === 'NEW') return 'NEW'
    if (first === 'DELETE') return bug === 'DELETE and NEW make NEW' ? 'NEW' : 'UPDATE'
    return first === 'UPDATE' && then === 'DELETE' && bug === 'UPDATE and DELETE make UPDATE' ? 'UPDATE' : then
  }
}
