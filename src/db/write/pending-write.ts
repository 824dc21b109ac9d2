import type { Commit } from '../../core/commit.ts'
import { DatabaseError } from '../../core/error.ts'
import type { Drafted } from './draft.ts'
import type { Request } from './request.ts'

/** The result of a write. */
export interface WriteOutcome<C extends Commit | null = Commit> {
  /** Null: nothing was written, as the request asked for. */
  readonly commit: C
  /** Whether the commit was made by an earlier write with the same key. */
  readonly repeated: boolean
  /** The draft; null for a repetition. */
  readonly drafted: Drafted | null
}

interface PendingOptions {
  /** Time limit, ms; measured by timers: a step of the wall clock does not end a write. */
  readonly writeMs: number
  /** UNAVAILABLE as the reason why the write, which may be with the store already, is late; null: there is another. */
  readonly outage: (isSent: boolean) => DatabaseError | null
}

/**
 * A write in the committer. It settles once: with its outcome, or after `writeMs` with TIMEOUT, or with UNAVAILABLE
 * where that is why it waited.
 */
export class PendingWrite {
  readonly request: Request
  /** Hash of the request, to recognise a repetition; null without a key. */
  readonly digest: string | null
  readonly outcome: Promise<WriteOutcome<Commit | null>>
  /** Whether it is drafted on a state with all that was acknowledged before it. */
  isConfirmed = false
  #resolve: (outcome: WriteOutcome<Commit | null>) => void = () => {}
  #reject: (error: unknown) => void = () => {}
  readonly #timer: NodeJS.Timeout
  #sent = false
  #settled = false

  constructor(request: Request, digest: string | null, { writeMs, outage }: PendingOptions) {
    this.request = request
    this.digest = digest
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // setImmediate: after a stall of the event loop, a result that is already queued must win over the timeout.
    this.#timer = setTimeout(() => setImmediate(() => this.#giveUp(writeMs, outage(this.#sent))), writeMs)
  }

  /** Whether the caller has a result: the write must not be sent any more. */
  get settled(): boolean {
    return this.#settled
  }

  /** Called when the write goes into a batch: from here on a TIMEOUT leaves its outcome unknown. */
  markSent(): void {
    this.#sent = true
  }

  /** Called when the write goes back to the queue: it is certain that it was not done. */
  requeue(): void {
    this.#sent = false
  }

  resolve(outcome: WriteOutcome<Commit | null>): void {
    this.#settle()
    this.#resolve(outcome)
  }

  reject(error: unknown): void {
    this.#settle()
    this.#reject(error)
  }

  #settle(): void {
    this.#settled = true
    clearTimeout(this.#timer)
  }

  #giveUp(writeMs: number, outage: DatabaseError | null): void {
    if (this.#settled) return
    const known = this.#sent ? 'whether it was is not known: repeat it with its key, or read' : 'nothing was written'
    const outcome = this.#sent ? 'UNKNOWN' : 'NOT_DONE'
    const message = `The write was not done within ${writeMs} ms; ${known}.`
    const why = outage === null ? {} : { ...outage.details, cause: outage }
    this.reject(new DatabaseError(outage === null ? 'TIMEOUT' : 'UNAVAILABLE', message, { ...why, outcome }))
  }
}
