import type { Commit } from '../../core/commit.ts'
import { DatabaseError } from '../../core/error.ts'
import type { Request } from './request.ts'

/** What a write came to. */
export interface WriteOutcome {
  readonly commit: Commit
  readonly repeated: boolean
}

/** A write on its way through the committer. It settles once: with its outcome, or with TIMEOUT when that takes too long. */
export class PendingWrite {
  readonly request: Request
  /** Fingerprint of a request that came with a key. */
  readonly digest: string | null
  readonly outcome: Promise<WriteOutcome>
  #resolve: (outcome: WriteOutcome) => void = () => {}
  #reject: (error: unknown) => void = () => {}
  readonly #timer: NodeJS.Timeout
  #sent = false
  #settled = false

  /** `writeMs` is real time: a clock that jumps makes no write late. */
  constructor(request: Request, digest: string | null, writeMs: number) {
    this.request = request
    this.digest = digest
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // By the next turn: where the whole process stood still, what waits for its turn only gets it first.
    this.#timer = setTimeout(() => setImmediate(() => this.#giveUp(writeMs)), writeMs)
  }

  /** Whether its caller has an answer: it must not be sent any more. */
  get settled(): boolean {
    return this.#settled
  }

  /** It goes into a batch: from here on it may be done without anyone knowing. */
  markSent(): void {
    this.#sent = true
  }

  /** It lost a race, so it was surely not done, and waits for another turn. */
  requeue(): void {
    this.#sent = false
  }

  resolve(outcome: WriteOutcome): void {
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

  #giveUp(writeMs: number): void {
    if (this.#settled) return
    const known = this.#sent ? 'whether it was is not known: repeat it with its key, or read' : 'nothing was written'
    const outcome = this.#sent ? 'UNKNOWN' : 'NOT_DONE'
    this.reject(new DatabaseError('TIMEOUT', `The write was not done within ${writeMs} ms; ${known}.`, { outcome }))
  }
}
