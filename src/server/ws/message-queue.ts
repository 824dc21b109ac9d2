import { setImmediate as nextTurn } from 'node:timers/promises'
import { parseExactJson } from '../../core/json/exact-json.ts'
import type { AnswerRoom } from '../../graphql/limits/budget.ts'
import { MIN_CONNECTION_BYTES, type ConnectionAccount, type Reservation } from '../limits/memory-budget.ts'
import { estimateParsedBytes } from '../limits/json-weight.ts'
import { LARGE_MESSAGE_BYTES, type OperationPacer } from '../limits/operation-pacer.ts'

/** What an inbox knows of its socket, and does with it. */
export interface SocketControl {
  readonly isOpen: () => boolean
  /** Bytes that the peer has not taken yet. */
  readonly unsent: () => number
  readonly pause: () => void
  readonly resume: () => void
  /** Handles a message; must not reject. Settles when its answers have left. */
  readonly handle: (message: unknown) => Promise<void>
  /** Tells the peer that there is no room for the operation `id`; must not reject. */
  readonly refuse: (id: unknown) => Promise<void>
  /** The text is no message. */
  readonly fail: () => void
}

export interface MessageQueueBounds {
  readonly operationsPerSocket: number
  readonly subscriptions: number
  readonly socketBufferBytes: number
}

/** Where what is held is counted, and when messages and reads begin. */
export interface MessageQueueParts {
  readonly account: ConnectionAccount
  readonly pace: OperationPacer
}

/** A message that came. */
interface QueuedMessage {
  readonly data: Buffer
  readonly hold: Reservation
}

/** A message that was read; it has settled when its answers have left too. */
interface RunningOperation {
  readonly type: unknown
  readonly id: unknown
  readonly message: unknown
  readonly hold: Reservation
  /** Whether there is room to handle it. */
  readonly hasRoom: boolean
  /** Bytes of its answer. */
  claimed: number
  /** The peer has said that it is over; it still runs. */
  completed: boolean
  subscribed: boolean
}

/** Messages that are begun in one turn: what they answer at once is counted before the next ones are begun. */
const JOBS_PER_TURN = 16
/** Operations that a socket may begin at first, when nothing is known of its answers yet. */
const FIRST_OPERATIONS = 4
/** Messages that may wait for the next turn before the socket is no longer read from. */
const MAX_QUEUED = 64

/**
 * The messages of one socket, read and begun in order. While there are too many operations or unsent bytes, nothing is
 * begun and the socket is not read from. An id is free when what had it has settled, not before: else two would run under
 * it, and one of them without an end.
 */
export class MessageQueue {
  readonly #socket: SocketControl
  readonly #bounds: MessageQueueBounds
  readonly #parts: MessageQueueParts
  readonly #waiting: QueuedMessage[] = []
  #waitingBytes = 0
  /** The first message, when it was read and waits to be begun. */
  #next: RunningOperation | null = null
  /** Whether the socket waits for its turn. */
  #isQueued = false
  readonly #jobs = new Set<RunningOperation>()
  #operations = 0
  /** Bytes of the answers of operations, until they have left. */
  #claimed = 0
  /** What an answer takes, about: more operations than will have room do not begin. It falls by half with each that took less. */
  #answerBytes: number
  /** Jobs that are completed and have not settled. */
  #closingCount = 0
  #begun = 0

  constructor(line: SocketControl, bounds: MessageQueueBounds, parts: MessageQueueParts) {
    this.#socket = line
    this.#bounds = bounds
    this.#answerBytes = bounds.socketBufferBytes / FIRST_OPERATIONS
    this.#parts = parts
  }

  /** Takes in the text of a message. Whether there was room for it. */
  receive(data: Buffer): boolean {
    const hold = this.#parts.account.reserve()
    // A small one has room in any case: how it is refused, is told for its operation.
    if (!hold.grow(data.length) && this.#waitingBytes + data.length > MIN_CONNECTION_BYTES) return false
    hold.set(data.length)
    this.#waiting.push({ data, hold })
    this.#waitingBytes += data.length
    this.update()
    return true
  }

  /** Whether one more subscription fits, which the operation `id` then is until it has settled; else what it is too much of. */
  subscribe(id: string): 'fits' | 'subscriptions' | 'bytes' {
    const job = this.#running(id)
    if (job === undefined || this.#subscriptions() >= this.#bounds.subscriptions) return 'subscriptions'
    job.hold.retainForSubscription()
    if (!this.#parts.account.hasRoomToKeep) return 'bytes'
    job.subscribed = true
    this.#operations--
    return 'fits'
  }

  /** Bytes of answers that have not left, as they were estimated. */
  get claimed(): number {
    return this.#claimed
  }

  /** Where the answer of the operation `id` goes. */
  roomOf(id: string): AnswerRoom {
    const job = this.#running(id)
    const { pace, account } = this.#parts
    return {
      claim: (bytes) => {
        if (job === undefined || !job.hold.claim(bytes)) return false
        job.claimed += bytes
        this.#claimed += bytes
        return true
      },
      readTurn: () => pace.nextPiece(account),
    }
  }

  /** Begins what may begin: call it when something has changed. */
  update(): void {
    if (!this.#socket.isOpen()) this.clear()
    while (this.#begun < JOBS_PER_TURN && !this.#isFull()) {
      this.#next ??= this.#read()
      const job = this.#next
      if (job === null || this.#mustWait(job) || !this.#enter(0)) break
      this.#next = null
      void this.#run(job)
    }
    if (this.#waiting.length > MAX_QUEUED || this.#waitingBytes > this.#bounds.socketBufferBytes || this.#isFull()) this.#socket.pause()
    else this.#socket.resume()
  }

  /** The socket is closed: what was not begun is forgotten. */
  clear(): void {
    for (const { hold } of this.#waiting.splice(0)) hold.release()
    this.#waitingBytes = 0
    this.#next?.hold.release()
    this.#next = null
  }

  /** The first message that waits; null when there is none, or it is not its turn. */
  #read(): RunningOperation | null {
    const [letter] = this.#waiting
    if (letter === undefined || (letter.data.length > LARGE_MESSAGE_BYTES && !this.#enter(letter.data.length))) return null
    this.#waiting.shift()
    const { data, hold } = letter
    this.#waitingBytes -= data.length
    try {
      // Where there is none, only how it is refused depends on what it says.
      const hasRoom = hold.grow(estimateParsedBytes(data) - data.length)
      const message = parseExactJson(data.toString('utf8'))
      return { ...parseHeader(message), message: hasRoom ? message : null, hold, hasRoom, claimed: 0, completed: false, subscribed: false }
    } catch {
      hold.release()
      this.#socket.fail()
      this.clear()
      return null
    }
  }

  /** Whether it is the turn of this socket. */
  #enter(bytes: number): boolean {
    if (this.#isQueued) return false
    const { pace, account } = this.#parts
    this.#isQueued = !pace.enter(account, bytes, () => {
      this.#isQueued = false
      this.update()
    })
    return !this.#isQueued
  }

  async #run(job: RunningOperation): Promise<void> {
    if (++this.#begun === JOBS_PER_TURN) void this.#endTurn()
    if (job.type === 'complete') this.#complete(job.id)
    this.#jobs.add(job)
    this.#operations++
    await (job.hasRoom ? this.#socket.handle(job.message) : this.#socket.refuse(job.type === 'subscribe' ? job.id : undefined))
    this.#jobs.delete(job)
    if (job.completed) this.#closingCount--
    if (!job.subscribed) this.#operations--
    this.#claimed -= job.claimed
    this.#answerBytes = Math.max(job.claimed, this.#answerBytes / 2)
    job.hold.release()
    this.update()
  }

  async #endTurn(): Promise<void> {
    await nextTurn()
    this.#begun = 0
    this.update()
  }

  #isFull(): boolean {
    const { operationsPerSocket, socketBufferBytes } = this.#bounds
    if (this.#operations >= operationsPerSocket || (this.#operations > 0 && this.#operations * this.#answerBytes >= socketBufferBytes)) return true
    return this.#claimed > socketBufferBytes || this.#socket.unsent() > socketBufferBytes
  }

  /** An id, or the place of a subscription, that is about to be free. */
  #mustWait({ type, id }: RunningOperation): boolean {
    if (type !== 'subscribe') return false
    if (this.#closingCount === 0) return false
    if (this.#subscriptions() >= this.#bounds.subscriptions) return true
    for (const job of this.#jobs) if (job.completed && job.id === id) return true
    return false
  }

  #complete(id: unknown): void {
    const job = this.#running(id)
    if (job === undefined) return
    job.completed = true
    this.#closingCount++
  }

  #running(id: unknown): RunningOperation | undefined {
    for (const job of this.#jobs) if (job.type === 'subscribe' && job.id === id && !job.completed) return job
    return undefined
  }

  #subscriptions(): number {
    let count = 0
    for (const { subscribed } of this.#jobs) if (subscribed) count++
    return count
  }
}

function parseHeader(message: unknown): Pick<RunningOperation, 'type' | 'id'> {
  if (typeof message !== 'object' || message === null) return { type: undefined, id: undefined }
  return { type: 'type' in message ? message.type : undefined, id: 'id' in message ? message.id : undefined }
}
