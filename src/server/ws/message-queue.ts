import { setImmediate as nextTurn } from 'node:timers/promises'
import { parseExactJson } from '../../core/json/exact-json.ts'
import type { SharedResources } from '../../graphql/limits/budget.ts'
import { MIN_CONNECTION_BYTES, type ConnectionAccount, type Reservation } from '../limits/memory-budget.ts'
import { estimateParsedBytes } from '../limits/json-weight.ts'
import type { OperationPacer } from '../limits/operation-pacer.ts'
import { LARGE_MESSAGE_BYTES, parseInTurns } from '../limits/parse-in-turns.ts'
import { parsedOperation, type RunningOperation } from './running-operation.ts'

/** The socket as its message queue uses it. */
export interface SocketControl {
  readonly isOpen: () => boolean
  /** Bytes in the send buffer of the socket. */
  readonly bufferedBytes: () => number
  readonly pause: () => void
  readonly resume: () => void
  /** Handles a message; must not reject. Settles when its answers have left. */
  readonly handle: (message: unknown) => Promise<void>
  /** Answers that the operation `id` exceeds the memory budget; must not reject. */
  readonly refuse: (id: unknown) => Promise<void>
  /** Called for a text that cannot be parsed. */
  readonly fail: () => void
}

interface MessageQueueBounds {
  readonly operationsPerSocket: number
  readonly subscriptions: number
  readonly socketBufferBytes: number
}

/** The account of held bytes, and the pacer of messages and reads. */
interface MessageQueueParts {
  readonly account: ConnectionAccount
  readonly pacer: OperationPacer
}

/** A received message that is not parsed yet. */
interface QueuedMessage {
  readonly data: Buffer
  readonly reservation: Reservation
}

/** Messages that start in one event-loop turn: their immediate answers are counted before the next ones start. */
const MESSAGES_PER_TURN = 16
/** Operations that a socket may start at first, while the size of its answers is unknown. */
const FIRST_OPERATIONS = 4
/** Queued messages beyond which the socket is paused. */
const MAX_QUEUED = 64

/**
 * The messages of one socket, parsed and started in order. Backpressure: while there are too many operations or unsent
 * bytes, no message starts and the socket is paused. An id is free when its operation has settled, not before: else two
 * operations would run under it, and one of them could not be completed.
 */
export class MessageQueue {
  readonly #socket: SocketControl
  readonly #bounds: MessageQueueBounds
  readonly #parts: MessageQueueParts
  readonly #queued: QueuedMessage[] = []
  #queuedBytes = 0
  /** The first message, when it is parsed and waits to start. */
  #next: RunningOperation | null = null
  /** Whether a long message is being parsed, in several turns: it will be the first. */
  #isParsing = false
  /** Whether the socket waits for the pacer. */
  #awaitsTurn = false
  readonly #running = new Set<RunningOperation>()
  #operationCount = 0
  /** Estimated bytes of answers that have not left. */
  #claimedBytes = 0
  /**
   * Expected bytes of an answer; no more operations start than would fit. Falls by half at most with each smaller
   * answer.
   */
  #answerBytes: number
  /** Operations that are completed and have not settled. */
  #closingCount = 0
  #begunInTurn = 0

  constructor(socket: SocketControl, bounds: MessageQueueBounds, parts: MessageQueueParts) {
    this.#socket = socket
    this.#bounds = bounds
    this.#answerBytes = bounds.socketBufferBytes / FIRST_OPERATIONS
    this.#parts = parts
  }

  /** Queues the text of a message. False when it exceeds the memory budget. */
  receive(data: Buffer): boolean {
    const reservation = this.#parts.account.reserve()
    // A small message is queued in any case, so that its operation is refused by its id.
    if (!reservation.grow(data.length) && this.#queuedBytes + data.length > MIN_CONNECTION_BYTES) return false
    reservation.set(data.length)
    this.#queued.push({ data, reservation })
    this.#queuedBytes += data.length
    this.update()
    return true
  }

  /** Counts the operation `id` as a subscription until it has settled; else names the bound that it exceeds. */
  subscribe(id: string): 'fits' | 'subscriptions' | 'bytes' {
    const operation = this.#findRunning(id)
    if (operation === undefined || this.#subscriptionCount() >= this.#bounds.subscriptions) return 'subscriptions'
    operation.reservation.retainForSubscription()
    if (!this.#parts.account.canRetain) return 'bytes'
    operation.isSubscription = true
    this.#operationCount--
    return 'fits'
  }

  /** Estimated bytes of answers that have not left. */
  get claimedBytes(): number {
    return this.#claimedBytes
  }

  /** Accounts for the answer of the operation `id`, and paces its reads. */
  answerRoom(id: string): SharedResources {
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

  /** Starts messages as far as the limits allow, and pauses or resumes the socket. Called after every change. */
  update(): void {
    if (!this.#socket.isOpen()) this.clear()
    while (this.#begunInTurn < MESSAGES_PER_TURN && !this.#isFull()) {
      this.#next ??= this.#parseFirst()
      const operation = this.#next
      if (operation === null || this.#mustWait(operation) || !this.#enter(0)) break
      this.#next = null
      void this.#run(operation)
    }
    if (this.#queued.length > MAX_QUEUED || this.#queuedBytes > this.#bounds.socketBufferBytes || this.#isFull()) {
      this.#socket.pause()
    } else this.#socket.resume()
  }

  /** Drops the messages that have not started. Called when the socket is closed or sent an invalid text. */
  clear(): void {
    for (const { reservation } of this.#queued.splice(0)) reservation.release()
    this.#queuedBytes = 0
    this.#next?.reservation.release()
    this.#next = null
  }

  /** Parses the first message; null when there is none, it is long and parsed later, or parsing fails. */
  #parseFirst(): RunningOperation | null {
    const [first] = this.#queued
    if (first === undefined || this.#isParsing) return null
    const isLong = first.data.length > LARGE_MESSAGE_BYTES
    if (isLong && !this.#enter(first.data.length)) return null
    this.#queued.shift()
    const { data, reservation } = first
    this.#queuedBytes -= data.length
    // A message that is not admitted is parsed too, for the id to refuse.
    const isAdmitted = reservation.grow(estimateParsedBytes(data) - data.length)
    const text = data.toString('utf8')
    if (isLong) {
      void this.#parseLong(text, reservation, isAdmitted)
      return null
    }
    try {
      return parsedOperation(parseExactJson(text), reservation, isAdmitted)
    } catch {
      this.#fail(reservation)
      return null
    }
  }

  async #parseLong(text: string, reservation: Reservation, isAdmitted: boolean): Promise<void> {
    this.#isParsing = true
    try {
      this.#next = parsedOperation(await parseInTurns(text), reservation, isAdmitted)
    } catch {
      this.#fail(reservation)
    }
    this.#isParsing = false
    this.update()
  }

  #fail(reservation: Reservation): void {
    reservation.release()
    this.#socket.fail()
    this.clear()
  }

  /** Whether the pacer admits the socket in this turn. */
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
    await (operation.isAdmitted
      ? this.#socket.handle(operation.message)
      : this.#socket.refuse(operation.type === 'subscribe' ? operation.id : undefined))
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
    if (
      this.#operationCount >= operationsPerSocket ||
      (this.#operationCount > 0 && this.#operationCount * this.#answerBytes >= socketBufferBytes)
    ) {
      return true
    }
    return this.#claimedBytes > socketBufferBytes || this.#socket.bufferedBytes() > socketBufferBytes
  }

  /**
   * A `subscribe` waits while its id, or the last subscription slot, belongs to a completed operation that has not
   * settled.
   */
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
    for (const operation of this.#running) {
      if (operation.type === 'subscribe' && operation.id === id && !operation.isCompleted) return operation
    }
    return undefined
  }

  #subscriptionCount(): number {
    let count = 0
    for (const { isSubscription } of this.#running) if (isSubscription) count++
    return count
  }
}
