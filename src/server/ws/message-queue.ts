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
  readonly bufferedBytes: () => number
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
  readonly pacer: OperationPacer
}

/** A message that came. */
interface QueuedMessage {
  readonly data: Buffer
  readonly reservation: Reservation
}

/** A message that was read; it has settled when its answers have left too. */
interface RunningOperation {
  readonly type: unknown
  readonly id: unknown
  readonly message: unknown
  readonly reservation: Reservation
  /** Whether there is room to handle it. */
  readonly isAdmitted: boolean
  /** Bytes of its answer. */
  claimedBytes: number
  /** The peer has said that it is over; it still runs. */
  isCompleted: boolean
  isSubscription: boolean
}

/** Messages that are begun in one turn: what they answer at once is counted before the next ones are begun. */
const MESSAGES_PER_TURN = 16
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
  readonly #queued: QueuedMessage[] = []
  #queuedBytes = 0
  /** The first message, when it was read and waits to be begun. */
  #next: RunningOperation | null = null
  /** Whether the socket waits for its turn. */
  #awaitsTurn = false
  readonly #running = new Set<RunningOperation>()
  #operationCount = 0
  /** Bytes of the answers of operations, until they have left. */
  #claimedBytes = 0
  /** What an answer takes, about: more operations than will have room do not begin. It falls by half with each that took less. */
  #answerBytes: number
  /** Jobs that are completed and have not settled. */
  #closingCount = 0
  #begunInTurn = 0

  constructor(socket: SocketControl, bounds: MessageQueueBounds, parts: MessageQueueParts) {
    this.#socket = socket
    this.#bounds = bounds
    this.#answerBytes = bounds.socketBufferBytes / FIRST_OPERATIONS
    this.#parts = parts
  }

  /** Takes in the text of a message. Whether there was room for it. */
  receive(data: Buffer): boolean {
    const reservation = this.#parts.account.reserve()
    // A small one has room in any case: how it is refused, is told for its operation.
    if (!reservation.grow(data.length) && this.#queuedBytes + data.length > MIN_CONNECTION_BYTES) return false
    reservation.set(data.length)
    this.#queued.push({ data, reservation })
    this.#queuedBytes += data.length
    this.update()
    return true
  }

  /** Whether one more subscription fits, which the operation `id` then is until it has settled; else what it is too much of. */
  subscribe(id: string): 'fits' | 'subscriptions' | 'bytes' {
    const operation = this.#findRunning(id)
    if (operation === undefined || this.#subscriptionCount() >= this.#bounds.subscriptions) return 'subscriptions'
    operation.reservation.retainForSubscription()
    if (!this.#parts.account.canRetain) return 'bytes'
    operation.isSubscription = true
    this.#operationCount--
    return 'fits'
  }

  /** Bytes of answers that have not left, as they were estimated. */
  get claimedBytes(): number {
    return this.#claimedBytes
  }

  /** Where the answer of the operation `id` goes. */
  answerRoom(id: string): AnswerRoom {
    const operation = this.#findRunning(id)
    const { pacer, account } = this.#parts
    return {
      claim: (bytes) => {
        if (operation === undefined || !operation.reservation.claim(bytes)) return false
        operation.claimedBytes += bytes
        this.#claimedBytes += bytes
        return true
      },
      readTurn: () => pacer.nextPiece(account),
    }
  }

  /** Begins what may begin: call it when something has changed. */
  update(): void {
    if (!this.#socket.isOpen()) this.clear()
    while (this.#begunInTurn < MESSAGES_PER_TURN && !this.#isFull()) {
      this.#next ??= this.#parseFirst()
      const operation = this.#next
      if (operation === null || this.#mustWait(operation) || !this.#enter(0)) break
      this.#next = null
      void this.#run(operation)
    }
    if (this.#queued.length > MAX_QUEUED || this.#queuedBytes > this.#bounds.socketBufferBytes || this.#isFull()) this.#socket.pause()
    else this.#socket.resume()
  }

  /** The socket is closed: what was not begun is forgotten. */
  clear(): void {
    for (const { reservation } of this.#queued.splice(0)) reservation.release()
    this.#queuedBytes = 0
    this.#next?.reservation.release()
    this.#next = null
  }

  /** The first message that waits; null when there is none, or it is not its turn. */
  #parseFirst(): RunningOperation | null {
    const [first] = this.#queued
    if (first === undefined || (first.data.length > LARGE_MESSAGE_BYTES && !this.#enter(first.data.length))) return null
    this.#queued.shift()
    const { data, reservation } = first
    this.#queuedBytes -= data.length
    try {
      // Where there is none, only how it is refused depends on what it says.
      const hasRoom = reservation.grow(estimateParsedBytes(data) - data.length)
      const message = parseExactJson(data.toString('utf8'))
      return { ...parseHeader(message), message: hasRoom ? message : null, reservation, isAdmitted: hasRoom, claimedBytes: 0, isCompleted: false, isSubscription: false }
    } catch {
      reservation.release()
      this.#socket.fail()
      this.clear()
      return null
    }
  }

  /** Whether it is the turn of this socket. */
  #enter(bytes: number): boolean {
    if (this.#awaitsTurn) return false
    const { pacer, account } = this.#parts
    this.#awaitsTurn = !pacer.enter(account, bytes, () => {
      this.#awaitsTurn = false
      this.update()
    })
    return !this.#awaitsTurn
  }

  async #run(operation: RunningOperation): Promise<void> {
    if (++this.#begunInTurn === MESSAGES_PER_TURN) void this.#endTurn()
    if (operation.type === 'complete') this.#complete(operation.id)
    this.#running.add(operation)
    this.#operationCount++
    await (operation.isAdmitted ? this.#socket.handle(operation.message) : this.#socket.refuse(operation.type === 'subscribe' ? operation.id : undefined))
    this.#running.delete(operation)
    if (operation.isCompleted) this.#closingCount--
    if (!operation.isSubscription) this.#operationCount--
    this.#claimedBytes -= operation.claimedBytes
    this.#answerBytes = Math.max(operation.claimedBytes, this.#answerBytes / 2)
    operation.reservation.release()
    this.update()
  }

  async #endTurn(): Promise<void> {
    await nextTurn()
    this.#begunInTurn = 0
    this.update()
  }

  #isFull(): boolean {
    const { operationsPerSocket, socketBufferBytes } = this.#bounds
    if (this.#operationCount >= operationsPerSocket || (this.#operationCount > 0 && this.#operationCount * this.#answerBytes >= socketBufferBytes)) return true
    return this.#claimedBytes > socketBufferBytes || this.#socket.bufferedBytes() > socketBufferBytes
  }

  /** An id, or the place of a subscription, that is about to be free. */
  #mustWait({ type, id }: RunningOperation): boolean {
    if (type !== 'subscribe') return false
    if (this.#closingCount === 0) return false
    if (this.#subscriptionCount() >= this.#bounds.subscriptions) return true
    for (const operation of this.#running) if (operation.isCompleted && operation.id === id) return true
    return false
  }

  #complete(id: unknown): void {
    const operation = this.#findRunning(id)
    if (operation === undefined) return
    operation.isCompleted = true
    this.#closingCount++
  }

  #findRunning(id: unknown): RunningOperation | undefined {
    for (const operation of this.#running) if (operation.type === 'subscribe' && operation.id === id && !operation.isCompleted) return operation
    return undefined
  }

  #subscriptionCount(): number {
    let count = 0
    for (const { isSubscription: subscribed } of this.#running) if (subscribed) count++
    return count
  }
}

function parseHeader(message: unknown): Pick<RunningOperation, 'type' | 'id'> {
  if (typeof message !== 'object' || message === null) return { type: undefined, id: undefined }
  return { type: 'type' in message ? message.type : undefined, id: 'id' in message ? message.id : undefined }
}
