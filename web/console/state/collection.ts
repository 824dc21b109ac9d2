import { batch, signal, type ReadonlySignal } from '@preact/signals'
import type { Client } from '../../../src/client/connect.ts'
import type { DatabaseError } from '../../../src/core/error.ts'
import type { ChangeBatch, Document, DocumentPage } from '../../../src/core/database.ts'
import type { Cursor } from '../../../src/core/database/options.ts'
import { columnsOf, type Column } from './columns.ts'
import { Guard, type Turn } from './guard.ts'
import { Lights } from './lights.ts'
import { asOfOption, isSameMoment, type Moment } from './route.ts'
import { addPage, applyChanges, keepAround, missingFrom, noRows, pageAt, type RowOrder, type Rows } from './rows.ts'

/** What a table shows. */
export interface CollectionShape {
  readonly client: Client
  readonly path: string
  /** CEL; empty: all documents. */
  readonly where: string
  readonly order: RowOrder
  readonly asOf: Moment | null
}

/** The state of a table. */
export interface CollectionState {
  /** `loading`: what is shown, if anything, is of the shape before. `past`: it does not change any more. */
  readonly status: 'loading' | 'live' | 'past' | 'error'
  readonly rows: Rows
  readonly columns: readonly Column[]
  readonly error: DatabaseError | null
  /** Ids that came above what is seen, since it was seen. */
  readonly newAbove: number
}

/** The part of a table that is seen, as places of rows. */
export interface SeenRows {
  readonly start: number
  readonly end: number
}

/** Documents by whose fields a text is searched. */
const SAMPLE = 100

const NOTHING: CollectionState = { status: 'loading', rows: noRows('asc'), columns: [], error: null, newAbove: 0 }

/** Errors of a feed after which the table is read again from the start. */
const BEGIN_ANEW: ReadonlySet<string> = new Set(['CURSOR_EXPIRED', 'CURSOR_UNKNOWN'])

/**
 * The documents of a collection, a page at a time, with every change while they are shown. Of several shapes that are
 * asked for, only the last one is ever shown; one of the past never changes.
 */
export class Collection {
  readonly lights: Lights = new Lights()
  readonly #state = signal(NOTHING)
  readonly #guard = new Guard()
  #seen: SeenRows = { start: 0, end: 0 }
  #reading = new Set<string | null>()
  #shape: CollectionShape | null = null
  /** Of the shape whose first page is there. */
  #turn: Turn | null = null

  get state(): ReadonlySignal<CollectionState> {
    return this.#state
  }

  /** Shows a shape, unless it is the one that is shown. What was shown stays until the first answer. */
  show(shape: CollectionShape): void {
    const last = this.#shape
    if (last !== null && isSame(last, shape)) return
    this.#begin(shape, last)
  }

  /** Some documents of the collection, whatever the filter: those that are shown, unless there is one. */
  async sample(): Promise<readonly Document[]> {
    const shape = this.#shape
    if (shape === null || shape.where === '') return [...this.#state.value.rows.byId.values()]
    const { edges } = await shape.client.documents(shape.path, { first: SAMPLE, ...asOfOption(shape.asOf) })
    return edges.map(({ node }) => node)
  }

  /** Reads the shape again from the start, as after an error. */
  again(): void {
    if (this.#shape !== null) this.#begin(this.#shape, this.#shape)
  }

  #begin(shape: CollectionShape, last: CollectionShape | null): void {
    const turn = this.#guard.begin()
    this.#shape = shape
    this.#reading = new Set()
    const isOther = last === null || last.path !== shape.path || last.client !== shape.client
    if (isOther) this.#seen = { start: 0, end: 0 }
    const before = isOther ? { ...NOTHING, rows: noRows(shape.order) } : this.#state.peek()
    this.#state.value = { ...before, status: 'loading', error: null, newAbove: 0 }
    void this.#read(turn, shape)
  }

  /** Says which rows are seen: those that are missing are read. */
  see(seen: SeenRows): void {
    this.#seen = seen
    const state = this.#state.peek()
    if (state.newAbove > 0 && seen.start === 0) this.#state.value = { ...state, newAbove: 0 }
    this.#fill()
  }

  /** Ends all reading. */
  close(): void {
    this.#guard.end()
    this.#shape = null
  }

  async #read(turn: Turn, shape: CollectionShape): Promise<void> {
    await this.#attempt(turn, async () => {
      const page = await this.#page(turn, shape, null)
      if (!turn.isCurrent()) return
      const rows = addPage(noRows(shape.order), page, null)
      const before = this.#state.peek()
      const columns = columnsOf(rows.byId.values(), before.columns)
      this.#turn = turn
      this.#state.value = { ...before, status: shape.asOf === null ? 'live' : 'past', rows, columns, error: null }
      this.#fill()
      if (shape.asOf === null) await this.#follow(turn, shape, page.cursor)
    })
  }

  async #page(
    turn: Turn,
    { client, path, where, order, asOf }: CollectionShape,
    from: string | null,
  ): Promise<DocumentPage> {
    const options = { ...pageAt(order, from), ...(where !== '' && { where }), ...asOfOption(asOf) }
    return client.documents(path, { ...options, signal: turn.signal })
  }

  async #follow(turn: Turn, { client, path, where }: CollectionShape, after: Cursor): Promise<void> {
    const options = { after, depth: 0, signal: turn.signal, ...(where !== '' && { where }) }
    for await (const { changes } of client.changes([path], options)) {
      if (!turn.isCurrent()) return
      if (changes.length > 0) this.#apply(changes)
    }
  }

  #apply(changes: ChangeBatch['changes']): void {
    const state = this.#state.peek()
    const { rows, come, changed } = applyChanges(state.rows, changes)
    const above = come.filter((id) => rows.ids.indexOf(id) < this.#seen.start).length
    batch(() => {
      const now = performance.now()
      for (const id of come) this.lights.light(id, null, now)
      for (const { id, keys } of changed) this.lights.light(id, keys, now)
      const fresh = [...come, ...changed.map(({ id }) => id)].flatMap((id) => rows.byId.get(id) ?? [])
      const columns = columnsOf(fresh, state.columns)
      this.#state.value = { ...state, rows, columns, newAbove: state.newAbove + above }
    })
    this.#fill()
  }

  /** Reads the next page that is missing where the reader looks; one at a time for each place. */
  #fill(): void {
    const [turn, shape] = [this.#turn, this.#shape]
    if (turn === null || shape === null || !turn.isCurrent()) return
    const from = missingFrom(this.#state.peek().rows, this.#seen)
    if (from === undefined || this.#reading.has(from)) return
    this.#reading.add(from)
    void this.#attempt(turn, async () => {
      const page = await this.#page(turn, shape, from)
      if (!turn.isCurrent()) return
      this.#reading.delete(from)
      const state = this.#state.peek()
      const rows = keepAround(addPage(state.rows, page, from), this.#seen.start)
      this.#state.value = { ...state, rows, columns: columnsOf(rows.byId.values(), state.columns) }
      this.#fill()
    })
  }

  async #attempt(turn: Turn, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!turn.isCurrent() || this.#shape === null) return
      if (BEGIN_ANEW.has((error as DatabaseError).code)) return this.again()
      this.#state.value = { ...this.#state.peek(), status: 'error', error: error as DatabaseError }
    }
  }
}

function isSame(a: CollectionShape, b: CollectionShape): boolean {
  const isSameData = a.client === b.client && a.path === b.path && a.where === b.where
  return isSameData && a.order === b.order && isSameMoment(a.asOf, b.asOf)
}
