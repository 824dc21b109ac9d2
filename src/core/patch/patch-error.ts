import { badArgument, DatabaseError } from '../error.ts'
import { tooLarge, type Limits } from '../limits.ts'

/** A JSON Pointer (RFC 6901) of these keys and indexes. */
export function jsonPointer(segments: readonly (string | number)[]): string {
  return segments.map((segment) => `/${String(segment).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** BAD_REQUEST: the patch is malformed at the pointer `at` into it; `why` ends the sentence. */
export function malformedPatch(at: string, why: string): DatabaseError {
  const { code, message, details } = badArgument('patch', `The patch is malformed${placeOf(at)}: ${why}.`)
  return new DatabaseError(code, message, { ...details, at })
}

/** INVALID_VALUE: the patch does not fit the value it is applied to; `at` points into the patch. */
export function misfit(at: string, why: string): DatabaseError {
  return new DatabaseError('INVALID_VALUE', `The patch does not fit${placeOf(at)}: ${why}.`, { at })
}

function placeOf(at: string): string {
  return at === '' ? '' : ` at ${JSON.stringify(at.slice(0, 200))}`
}

/** The kind of a value, for a message: `a string`, `an array`, `null`, `nothing`. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** Bounds what the patches of one request compare and copy, in bytes of JSON (elements, where these are scalars). */
export class PatchBudget {
  readonly #max: number
  #left: number

  /** As many bytes as one transaction may write (`transactionBytes`). */
  constructor({ transactionBytes }: Limits) {
    this.#max = transactionBytes
    this.#left = transactionBytes
  }

  /** Throws TOO_LARGE (transactionBytes) with `at`, a pointer into the patch. */
  charge(bytes: number, at: string): void {
    this.#left -= bytes
    if (this.#left >= 0) return
    const what = `The patches of one request compare or copy more than ${this.#max} bytes`
    const { code, message, details } = tooLarge('transactionBytes', this.#max, what)
    throw new DatabaseError(code, message, { ...details, at })
  }
}
