import { DatabaseError } from '../../../core/error.ts'
import type { Millis } from '../../../core/version.ts'
import type { Appended, Draft } from '../../store.ts'
import { unavailable } from '../failure.ts'

/** How far one call of `append` has come: when it fails, what became of each of its drafts. */
export class AppendProgress {
  readonly drafts: readonly Draft[]
  /** When the call fails with UNAVAILABLE (monotonic clock). */
  readonly deadline: Millis
  /** Results of the first drafts that are certain. */
  readonly #results: Appended[] = []
  /** Results of the drafts after these; their commits are not certain yet. */
  #group: readonly Appended[] = []
  /** Ids of drafts in inserts, of which it is not certain that they failed. */
  readonly #sent = new Set<string>()
  #isOver = false

  constructor(drafts: readonly Draft[], deadline: Millis) {
    this.drafts = drafts
    this.deadline = deadline
  }

  get results(): readonly Appended[] {
    return this.#results
  }

  /** Throws UNAVAILABLE when nothing may be inserted any more: the time is up, or the call has its answer. */
  assertOpen(): void {
    if (this.#isOver || performance.now() > this.deadline) throw unavailable('the writes before this one took too long')
  }

  /** Notes the results of a group so far. Their commits are in the log, which may be that of a dropped tenant. */
  noteGroup(results: readonly Appended[]): void {
    this.#group = results
  }

  /** Notes that the group has its results. */
  endGroup(results: readonly Appended[]): void {
    this.#results.push(...results)
    this.#group = []
  }

  /** Notes the drafts of an insert; whether one of them was in an earlier one that may yet have been done. */
  noteSent(ids: readonly string[]): boolean {
    const isUncertain = ids.some((id) => this.#sent.has(id))
    for (const id of ids) this.#sent.add(id)
    return isUncertain
  }

  /** Notes drafts that the last insert has not done for certain. */
  noteRefused(ids: readonly string[]): void {
    for (const id of ids) this.#sent.delete(id)
  }

  /** The results of all drafts when the call has failed with this error. Nothing is inserted after it. */
  fail(error: DatabaseError): readonly Appended[] {
    this.#isOver = true
    const known = [...this.#results, ...this.#group.map((result) => (result.kind === 'committed' ? undefined : result))]
    return this.drafts.map(({ id }, i) => known[i] ?? { kind: 'failed', error: failureWith(error, this.#sent.has(id)) })
  }
}

function failureWith({ code, message, details, cause }: DatabaseError, isSent: boolean): DatabaseError {
  const known = isSent
    ? 'Whether the write was done is not known: repeat it with its key, or read.'
    : 'Nothing was written.'
  return new DatabaseError(code, `${message} ${known}`, { ...details, outcome: isSent ? 'UNKNOWN' : 'NOT_DONE', cause })
}
