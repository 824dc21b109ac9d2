import { DatabaseError } from '../../core/error.ts'
import type { Json } from '../../core/json/json.ts'
import { estimateBytes } from './weight.ts'

/** Bounds of what one query or mutation, or one event of a subscription, may take; the names are in the error as `limit`. */
export const BUDGET = {
  /** Rows of all lists together; each read of a list counts as one at least. */
  rows: 10_000,
  /** Bytes of the answer, estimated. */
  answerBytes: 16_777_216,
  /** For a query to run. A mutation that has begun to write goes on: its outcome must be told. */
  operationMs: 5_000,
  /** Reads at once; more wait. */
  reads: 16,
  /** Errors in one answer; more are left out. */
  errors: 100,
} as const

/** Where the answer of one operation goes. */
export interface AnswerRoom {
  /** Takes so many bytes of the answer into account; false when there is no room for them. */
  readonly claim: (bytes: number) => boolean
  /** Null when one more read may begin at once; else resolves when it may. */
  readonly readTurn: () => Promise<void> | null
}

const UNBOUNDED: AnswerRoom = { claim: () => true, readTurn: () => null }

/** The bounds with other numbers. */
export type BudgetBounds = Readonly<Record<keyof typeof BUDGET, number>>

const NO_ANSWER_ROOM = 'There is no room for the answer beside those that were not taken yet: take them, and try again in a second.'

interface QueuedRead {
  readonly rows: number
  readonly enter: () => void
  readonly refuse: (error: unknown) => void
}

/**
 * What one operation may still take. Its methods throw OPERATION_TOO_COMPLEX, TIMEOUT past the deadline, and
 * TOO_MANY_REQUESTS where there is no room for the answer.
 */
export class Budget {
  readonly #bounds: BudgetBounds
  readonly #room: AnswerRoom
  #until: number
  #rows: number
  #bytes: number
  #running = 0
  #refusals = 0
  #written = false
  /** The first read belongs to the turn in which the operation began. */
  #hasRead = false
  readonly #refused: { rows?: DatabaseError; answerBytes?: DatabaseError; claim?: DatabaseError } = {}
  readonly #waiting: QueuedRead[] = []
  /** Many aliases may show the same value. */
  #weights: WeakMap<object, number> | null = null

  /** `room`: default, there is room for every answer. */
  constructor(bounds: BudgetBounds = BUDGET, room: AnswerRoom = UNBOUNDED) {
    this.#bounds = bounds
    this.#room = room
    this.#until = performance.now() + bounds.operationMs
    this.#rows = bounds.rows
    this.#bytes = bounds.answerBytes
  }

  /**
   * Reads at most `rows` rows, of which `got` counts those that came. A read that does not fit waits for those that
   * run: they may give rows back.
   */
  async read<T>(rows: number, call: () => Promise<T>, got: (result: T) => number): Promise<T> {
    if (this.#waiting.length > 0 || !this.#enter(rows)) {
      await new Promise<void>((enter, refuse) => this.#waiting.push({ rows, enter, refuse }))
    }
    let taken = 0
    try {
      const turn = this.#hasRead ? this.#room.readTurn() : null
      this.#hasRead = true
      if (turn !== null) await turn
      this.#checkRoom()
      const result = await call()
      taken = got(result)
      return result
    } finally {
      // A read of nothing is work too.
      this.#leave(rows - Math.min(rows, Math.max(1, taken)))
    }
  }

  /** Sends a write; from then on no deadline stands between the client and its outcome. */
  write<T>(call: () => Promise<T>): Promise<T> {
    this.#checkTime()
    this.#written = true
    this.#until = Infinity
    return call()
  }

  /** A value that is shown: the value, or, when very many were refused already, null. */
  chargeValue(value: Json): Json {
    this.#checkTime()
    const bytes = this.#weightOf(value)
    this.#bytes -= bytes
    if (this.#bytes >= 0 && this.#room.claim(bytes)) return value
    if (++this.#refusals > this.#bounds.errors) return null
    throw this.#noRoom()
  }

  /** Counts bytes that are shown beside the values. What a write did is always shown. */
  charge(bytes: number): void {
    this.#bytes -= bytes
    const hasRoom = this.#bytes >= 0 && this.#room.claim(bytes)
    if (!hasRoom && !this.#written) throw this.#noRoom()
  }

  /** What is read although there is no room, or no time any more, would be thrown away. */
  #checkRoom(): void {
    this.#checkTime()
    if (!this.#written && !this.#room.claim(0)) throw this.#noRoom()
  }

  /** Bytes of the answer so far, estimated. */
  get spentBytes(): number {
    return this.#bounds.answerBytes - this.#bytes
  }

  #noRoom(): DatabaseError {
    if (this.#bytes < 0) return this.#tooMuch('answerBytes', 'The answer would be larger than one may be')
    return this.#refused.claim ??= new DatabaseError('TOO_MANY_REQUESTS', NO_ANSWER_ROOM, { retryAfterMs: 1_000 })
  }

  #weightOf(value: Json): number {
    if (typeof value !== 'object' || value === null) return estimateBytes(value)
    this.#weights ??= new WeakMap()
    const known = this.#weights.get(value)
    if (known !== undefined) return known
    const weight = estimateBytes(value)
    this.#weights.set(value, weight)
    return weight
  }

  /** Whether a read may begin now; throws when it never may. */
  #enter(rows: number): boolean {
    this.#checkTime()
    if (this.#running >= this.#bounds.reads) return false
    if (rows > this.#rows && this.#running > 0) return false
    if (rows > this.#rows) throw this.#tooMuch('rows', 'The lists of the operation have more rows together than one may read')
    this.#rows -= rows
    this.#running++
    return true
  }

  #leave(unused: number): void {
    this.#running--
    this.#rows += unused
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      try {
        if (!this.#enter(next.rows)) return
        next.enter()
      } catch (error) {
        next.refuse(error)
      }
      this.#waiting.shift()
    }
  }

  #checkTime(): void {
    if (performance.now() < this.#until) return
    throw new DatabaseError('TIMEOUT', `The operation took longer than ${this.#bounds.operationMs} ms: ask for less at once.`, { outcome: 'NOT_DONE' })
  }

  /** One error for all: thousands of rows may meet it, and its stack is what costs. */
  #tooMuch(limit: 'rows' | 'answerBytes', what: string): DatabaseError {
    const max = this.#bounds[limit]
    return this.#refused[limit] ??= new DatabaseError('OPERATION_TOO_COMPLEX', `${what} (${max}): ask for less at once, and for the rest in pages.`, { limit, max })
  }
}
