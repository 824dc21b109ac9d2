import { signal, type ReadonlySignal } from '@preact/signals'
import type { Client } from '../../../src/client/connect.ts'
import type { Change, ChangeBatch } from '../../../src/core/database.ts'
import type { LogOptions } from '../../../src/core/database/options.ts'
import type { ChangeType } from '../../../src/core/version.ts'
import type { DatabaseError } from '../../../src/core/error.ts'
import { Guard, type Turn } from './guard.ts'
import type { Moment } from './route.ts'

/** Which changes are shown. */
export interface ChangeFilter {
  readonly client: Client
  /** A pattern; empty: everything. */
  readonly path: string
  /** Empty: of everybody. */
  readonly actor: string
  /** Empty: of all types. */
  readonly type: ChangeType | ''
  /** RFC 3339, inclusive; empty: without this end. */
  readonly from: string
  readonly to: string
  readonly asOf: Moment | null
}

/** The changes that are shown. */
export interface ChangeLogState {
  /** `live`: new ones come. `past`: the period has ended. */
  readonly status: 'loading' | 'live' | 'past' | 'error'
  /** The newest first. */
  readonly list: readonly Change[]
  /** Changes that came while it is paused. */
  readonly waiting: readonly Change[]
  readonly isPaused: boolean
  readonly hasOlder: boolean
  readonly error: DatabaseError | null
}

const PAGE_CHANGES = 100
/** Changes that are kept: beyond them the oldest go, and are read again when they are asked for. */
const MOST_CHANGES = 1_000
const NOTHING: ChangeLogState = {
  status: 'loading',
  list: [],
  waiting: [],
  isPaused: false,
  hasOlder: false,
  error: null,
}

/** The newest changes, then each new one; older ones page by page. */
export class ChangeLog {
  readonly #state = signal(NOTHING)
  readonly #guard = new Guard()
  #turn: Turn | null = null
  #filter: ChangeFilter | null = null
  #before: string | null = null

  get state(): ReadonlySignal<ChangeLogState> {
    return this.#state
  }

  /** Since when changes are shown, RFC 3339; empty: since the first one. */
  get from(): string {
    return this.#filter?.from ?? ''
  }

  show(filter: ChangeFilter): void {
    const turn = this.#guard.begin()
    this.#turn = turn
    this.#filter = filter
    this.#state.value = { ...this.#state.peek(), status: 'loading', waiting: [], error: null }
    this.#read(turn, filter).catch((error: unknown) => {
      if (turn.isCurrent()) this.#state.value = { ...NOTHING, status: 'error', error: error as DatabaseError }
    })
  }

  /** Reads what is shown again, as after an error. */
  again(): void {
    if (this.#filter !== null) this.show(this.#filter)
  }

  /** Holds new changes back, or shows those that were. */
  pause(isPaused: boolean): void {
    const state = this.#state.peek()
    this.#state.value = isPaused
      ? { ...state, isPaused }
      : this.#withNew({ ...state, isPaused, waiting: [] }, state.waiting)
  }

  /** Reads the page before what is shown. Rejects as `log` does. */
  async older(): Promise<void> {
    const [turn, filter, before] = [this.#turn, this.#filter, this.#before]
    if (turn === null || filter === null || before === null) return
    const page = await this.#page(turn, filter, before)
    if (!turn.isCurrent() || before !== this.#before) return
    this.#before = page.pageInfo?.startCursor ?? null
    const state = this.#state.peek()
    const list = [...state.list, ...page.changes.toReversed()]
    this.#state.value = { ...state, list, hasOlder: page.pageInfo?.hasPreviousPage ?? false }
  }

  close(): void {
    this.#guard.end()
  }

  async #read(turn: Turn, filter: ChangeFilter): Promise<void> {
    const page = await this.#page(turn, filter, null)
    if (!turn.isCurrent()) return
    this.#before = page.pageInfo?.startCursor ?? null
    const isOver = endOf(filter) !== ''
    this.#state.value = {
      ...NOTHING,
      status: isOver ? 'past' : 'live',
      list: page.changes.toReversed(),
      isPaused: this.#state.peek().isPaused,
      hasOlder: page.pageInfo?.hasPreviousPage ?? false,
    }
    if (!isOver) await this.#follow(turn, filter, page.cursor)
  }

  async #follow(turn: Turn, filter: ChangeFilter, after: string): Promise<void> {
    const options = {
      after,
      replica: 'FULL' as const,
      signal: turn.signal,
      ...(filter.type !== '' && { types: [filter.type] }),
    }
    for await (const { changes } of filter.client.changes(patternsOf(filter), options)) {
      if (!turn.isCurrent()) return
      // A feed of changes takes no actor, so those of others are left out here.
      const mine = changes.filter(({ document: { actor } }) => filter.actor === '' || actor === filter.actor)
      if (mine.length === 0) continue
      const state = this.#state.peek()
      const waiting = [...mine.toReversed(), ...state.waiting].slice(0, MOST_CHANGES)
      this.#state.value = state.isPaused ? { ...state, waiting } : this.#withNew(state, mine.toReversed())
    }
  }

  #withNew(state: ChangeLogState, fresh: readonly Change[]): ChangeLogState {
    const list = [...fresh, ...state.list]
    if (list.length <= MOST_CHANGES) return { ...state, list }
    const kept = list.slice(0, MOST_CHANGES)
    this.#before = kept.at(-1)?.cursor ?? this.#before
    return { ...state, list: kept, hasOlder: true }
  }

  async #page({ signal }: Turn, filter: ChangeFilter, before: string | null): Promise<ChangeBatch> {
    const { client, asOf } = filter
    const paths = patternsOf(filter)
    const options = { last: PAGE_CHANGES, signal, ...logOptions(filter) }
    const end = asOf?.cursor
    if (before !== null || end === undefined) {
      return client.log(paths, { ...options, ...(before !== null && { before }) })
    }
    // The commit of the moment itself is not before it; others may have its time.
    const [page, own] = await Promise.all([
      client.log(paths, { ...options, before: end }),
      client.log(paths, { ...options, last: MOST_CHANGES, from: asOf?.time }),
    ])
    return { ...page, changes: [...page.changes, ...own.changes.filter(({ cursor }) => cursor === end)] }
  }
}

function logOptions(filter: ChangeFilter): Pick<LogOptions, 'actor' | 'types' | 'from' | 'to'> {
  const { actor, type, from } = filter
  const to = endOf(filter)
  return {
    ...(actor !== '' && { actor }),
    ...(type !== '' && { types: [type] }),
    ...(from !== '' && { from }),
    ...(to !== '' && { to }),
  }
}

/** The end of the period, which the moment of the console may bring forward; empty: it goes on. */
function endOf({ to, asOf }: ChangeFilter): string {
  if (asOf === null) return to
  return to === '' || to > asOf.time ? asOf.time : to
}

function patternsOf({ path }: ChangeFilter): readonly string[] {
  return [path === '' ? '*' : path]
}
