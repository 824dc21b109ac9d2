import { DatabaseError, retryableError } from '../../core/error.ts'
import type { Json } from '../../core/json/json.ts'
import { estimateBytes } from './weight.ts'

/** Bounds of one query, mutation, or event of a subscription; the names appear in the error as `limit`. */
export const BUDGET = {
  /** Rows of all lists together; each read of a list counts as at least one. */
  rows: 10_000,
  /** Estimated bytes of the result. */
  answerBytes: 16_777_216,
  /** Duration of a query, ms. A mutation that has begun to write has no deadline: its outcome must reach the client. */
  operationMs: 5_000,
  /** Concurrent reads; further ones are queued. */
  reads: 16,
  /** Errors in one result; further ones are left out. */
  errors: 100,
} as const

/** The resources of a server that one operation shares with others. */
export interface SharedResources {
  /** Reserves memory for bytes of the result, or gives back a negative number; false when there is not enough. */
  readonly claim: (bytes: number) => boolean
  /** Null when one more read may start now; else resolves when it may. */
  readonly readTurn: () => Promise<void> | null
}

const UNBOUNDED: SharedResources = { claim: () => true, readTurn: () => null }

/** Bounds of a budget. */
export type BudgetBounds = Readonly<Record<keyof typeof BUDGET, number>>

const NO_MEMORY =
  'There is no room for the answer beside those that were not taken yet: take them, and try again in a second.'

interface QueuedRead {
  readonly rows: number
  readonly start: () => void
  readonly reject: (error: unknown) => void
}

/**
 * The resources that are left to one operation. Its methods throw OPERATION_TOO_COMPLEX, TIMEOUT past the deadline, and
 * TOO_MANY_REQUESTS when there is no memory for the result.
 */
export class Budget {
  readonly #bounds: BudgetBounds
  readonly #room: SharedResources
  #deadline: number
  #rows: number
  #bytes: number
  /** Bytes that `room` holds for the result. */
  #claimed = 0
  #running = 0
  #refusals = 0
  #hasWritten = false
  /** The first read never waits for `readTurn`: it runs in the turn in which the operation began. */
  #hasRead = false
  readonly #cachedErrors: { rows?: DatabaseError; answerBytes?: DatabaseError; claim?: DatabaseError } = {}
  readonly #queued: QueuedRead[] = []
  /** Estimated bytes by value, as many aliases may return the same value. */
  #valueBytes: WeakMap<object, number> | null = null

  /** `bounds`: default BUDGET; `room`: default unlimited. */
  constructor(bounds: BudgetBounds = BUDGET, room: SharedResources = UNBOUNDED) {
    this.#bounds = bounds
    this.#room = room
    this.#deadline = performance.now() + bounds.operationMs
    this.#rows = bounds.rows
    this.#bytes = bounds.answerBytes
  }

  /**
   * Reads at most `rows` rows; `got` counts the rows of the result. A read that exceeds the remaining rows waits for
   * running reads, which may return unused rows.
   */
  async read<T>(rows: number, call: () => Promise<T>, countRows: (result: T) => number): Promise<T> {
    if (this.#queued.length > 0 || !this.#tryStart(rows)) {
      await new Promise<void>((start, reject) => this.#queued.push({ rows, start, reject }))
    }
    let rowsRead = 0
    try {
      const turn = this.#hasRead ? this.#room.readTurn() : null
      this.#hasRead = true
      if (turn !== null) await turn
      this.#checkRoom()
      const result = await call()
      rowsRead = countRows(result)
      return result
    } finally {
      // An empty read costs one row.
      this.#finish(rows - Math.min(rows, Math.max(1, rowsRead)))
    }
  }

  /** Starts a write, and removes the deadline, so that the client gets its outcome. */
  write<T>(call: () => Promise<T>): Promise<T> {
    this.#checkTime()
    this.#hasWritten = true
    this.#deadline = Infinity
    return call()
  }

  /**
   * Charges a value of the result and returns it. Throws when it exceeds the budget, or returns null after `errors`
   * refusals.
   */
  chargeValue(value: Json): Json {
    return this.#admits(this.#bytesOf(value)) ? value : null
  }

  /**
   * As `chargeValue`, for the value of a document: by the length of its text where it has one, without parsing it.
   * False: null is shown instead.
   */
  chargeDocument(document: { readonly value: Json; readonly json?: string | undefined }): boolean {
    const { json } = document
    return this.#admits(json === undefined ? this.#bytesOf(document.value) : Buffer.byteLength(json))
  }

  /** Charges bytes of a value; false: they are not shown, without an error. */
  #admits(bytes: number): boolean {
    this.#checkTime()
    this.#bytes -= bytes
    if (this.#bytes >= 0 && this.#claim(bytes)) return true
    if (++this.#refusals > this.#bounds.errors) return false
    throw this.#budgetError()
  }

  /** Charges bytes of the result beside values. Never throws after a write, whose result is always returned. */
  charge(bytes: number): void {
    this.#bytes -= bytes
    const hasRoom = this.#bytes >= 0 && this.#claim(bytes)
    if (!hasRoom && !this.#hasWritten) throw this.#budgetError()
  }

  /** Estimated bytes that the result may still have. */
  get leftBytes(): number {
    return this.#bytes
  }

  /** Charges all bytes of a result that was rendered at once. */
  chargeRendered(bytes: number): void {
    this.#checkTime()
    this.charge(bytes)
  }

  #claim(bytes: number): boolean {
    const isClaimed = this.#room.claim(bytes)
    if (isClaimed) this.#claimed += bytes
    return isClaimed
  }

  /** Gives back what was reserved for a result that is dropped. */
  refund(): void {
    this.#room.claim(-this.#claimed)
    this.#claimed = 0
  }

  /** Throws before a read whose result would be discarded, for lack of memory or time. */
  #checkRoom(): void {
    this.#checkTime()
    if (!this.#hasWritten && !this.#room.claim(0)) throw this.#budgetError()
  }

  /** Estimated bytes of the result so far. */
  get spentBytes(): number {
    return this.#bounds.answerBytes - this.#bytes
  }

  #budgetError(): DatabaseError {
    if (this.#bytes < 0) return this.#tooComplex('answerBytes', 'The answer would be larger than one may be')
    return (this.#cachedErrors.claim ??= retryableError('TOO_MANY_REQUESTS', NO_MEMORY))
  }

  #bytesOf(value: Json): number {
    if (typeof value !== 'object' || value === null) return estimateBytes(value)
    this.#valueBytes ??= new WeakMap()
    const cached = this.#valueBytes.get(value)
    if (cached !== undefined) return cached
    const bytes = estimateBytes(value)
    this.#valueBytes.set(value, bytes)
    return bytes
  }

  /** Starts a read if it may start now; throws when it never may. */
  #tryStart(rows: number): boolean {
    this.#checkTime()
    if (this.#running >= this.#bounds.reads) return false
    if (rows > this.#rows && this.#running > 0) return false
    if (rows > this.#rows) {
      throw this.#tooComplex('rows', 'The lists of the operation have more rows together than one may read')
    }
    this.#rows -= rows
    this.#running++
    return true
  }

  #finish(unused: number): void {
    this.#running--
    this.#rows += unused
    for (let next = this.#queued[0]; next !== undefined; next = this.#queued[0]) {
      try {
        if (!this.#tryStart(next.rows)) return
        next.start()
      } catch (error) {
        next.reject(error)
      }
      this.#queued.shift()
    }
  }

  #checkTime(): void {
    if (performance.now() < this.#deadline) return
    throw new DatabaseError(
      'TIMEOUT',
      `The operation took longer than ${this.#bounds.operationMs} ms: ask for less at once.`,
      { outcome: 'NOT_DONE' },
    )
  }

  /** One error object per bound: thousands of rows may throw it, and stack traces are expensive. */
  #tooComplex(limit: 'rows' | 'answerBytes', what: string): DatabaseError {
    const max = this.#bounds[limit]
    return (this.#cachedErrors[limit] ??= new DatabaseError(
      'OPERATION_TOO_COMPLEX',
      `${what} (${max}): ask for less at once, and for the rest in pages.`,
      { limit, max },
    ))
  }
}
