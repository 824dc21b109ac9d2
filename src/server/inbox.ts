import { setImmediate as nextTurn } from 'node:timers/promises'

/** What an inbox knows of its socket, and does with it. */
export interface Line {
  readonly isOpen: () => boolean
  /** Bytes that the peer has not taken yet. */
  readonly unsent: () => number
  readonly pause: () => void
  readonly resume: () => void
}

export interface InboxBounds {
  readonly operationsPerSocket: number
  readonly subscriptions: number
  readonly unsentBytes: number
}

/** A message that was read; `settled` by the handler's promise, when its answers have left too. */
interface Job {
  readonly type: unknown
  readonly id: unknown
  readonly handle: () => Promise<void>
  /** The peer has said that it is over; it still runs. */
  completed: boolean
  subscribed: boolean
}

/** Messages that are begun in one turn: what they answer at once is counted before the next ones are begun. */
const JOBS_PER_TURN = 16
/** Messages that may wait for the next turn before the socket is no longer read from. */
const WAITING = 64

/**
 * The messages of one socket, begun in order. While there are too many operations or unsent bytes, nothing is begun and
 * the socket is not read from. An id is free when what had it has settled, not before: else two would run under it, and
 * one of them without an end.
 */
export class Inbox {
  readonly #line: Line
  readonly #bounds: InboxBounds
  readonly #waiting: Job[] = []
  readonly #jobs = new Set<Job>()
  #operations = 0
  /** Jobs that are completed and have not settled. */
  #ending = 0
  #begun = 0

  constructor(line: Line, bounds: InboxBounds) {
    this.#line = line
    this.#bounds = bounds
  }

  /** Takes in a message; `handle` must not reject. */
  receive(message: unknown, handle: () => Promise<void>): void {
    this.#waiting.push({ ...headOf(message), handle, completed: false, subscribed: false })
    this.update()
  }

  /** Whether one more subscription fits, which the operation `id` then is until it has settled. */
  subscribe(id: string): boolean {
    const job = this.#running(id)
    if (job === undefined || this.#subscriptions() >= this.#bounds.subscriptions) return false
    job.subscribed = true
    this.#operations--
    return true
  }

  /** Begins what may begin: call it when something has changed. */
  update(): void {
    if (!this.#line.isOpen()) this.#waiting.length = 0
    while (this.#begun < JOBS_PER_TURN && !this.#isFull()) {
      const job = this.#waiting[0]
      if (job === undefined || this.#mustWait(job)) break
      this.#waiting.shift()
      void this.#run(job)
    }
    if (this.#waiting.length > WAITING || this.#isFull()) this.#line.pause()
    else this.#line.resume()
  }

  async #run(job: Job): Promise<void> {
    if (++this.#begun === JOBS_PER_TURN) void this.#endTurn()
    if (job.type === 'complete') this.#complete(job.id)
    this.#jobs.add(job)
    this.#operations++
    await job.handle()
    this.#jobs.delete(job)
    if (job.completed) this.#ending--
    if (!job.subscribed) this.#operations--
    this.update()
  }

  async #endTurn(): Promise<void> {
    await nextTurn()
    this.#begun = 0
    this.update()
  }

  #isFull(): boolean {
    return this.#operations >= this.#bounds.operationsPerSocket || this.#line.unsent() > this.#bounds.unsentBytes
  }

  /** An id, or the place of a subscription, that is about to be free. */
  #mustWait({ type, id }: Job): boolean {
    if (type !== 'subscribe') return false
    if (this.#ending === 0) return false
    if (this.#subscriptions() >= this.#bounds.subscriptions) return true
    for (const job of this.#jobs) if (job.completed && job.id === id) return true
    return false
  }

  #complete(id: unknown): void {
    const job = this.#running(id)
    if (job === undefined) return
    job.completed = true
    this.#ending++
  }

  #running(id: unknown): Job | undefined {
    for (const job of this.#jobs) if (job.type === 'subscribe' && job.id === id && !job.completed) return job
    return undefined
  }

  #subscriptions(): number {
    let count = 0
    for (const { subscribed } of this.#jobs) if (subscribed) count++
    return count
  }
}

function headOf(message: unknown): Pick<Job, 'type' | 'id'> {
  if (typeof message !== 'object' || message === null) return { type: undefined, id: undefined }
  return { type: 'type' in message ? message.type : undefined, id: 'id' in message ? message.id : undefined }
}
