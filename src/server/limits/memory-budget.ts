import type { Bounds } from '../config/config.ts'
import { SerialQueue } from './serial-queue.ts'

/** What a connection may hold in any case, in bytes: small requests and answers of innocent ones. */
export const MIN_CONNECTION_BYTES = 16_384

/**
 * Bytes that the server holds for clients: requests that arrive, wait or are worked on, answers and events that were not
 * taken, and what subscriptions keep. One count for all transports, divided among connections by dynamic thresholds
 * (Choudhury and Hahne, "Dynamic Queue Length Thresholds for Shared-Memory Packet Switches", 1998): a connection may hold
 * at most half of what is free. So many greedy ones never fill it, and one that holds little always has room.
 */
export class MemoryBudget {
  readonly #bounds: Pick<Bounds, 'inflightBytes' | 'inflightBytesPerConnection'>
  readonly #accounts = new WeakMap<object, ConnectionAccount>()
  #bytes = 0

  constructor(bounds: Pick<Bounds, 'inflightBytes' | 'inflightBytesPerConnection'>) {
    this.#bounds = bounds
  }

  /** Of all connections. */
  get bytes(): number {
    return this.#bytes
  }

  /** The most that one connection may hold at the moment. */
  get maxPerConnection(): number {
    return Math.min(this.#bounds.inflightBytesPerConnection, Math.max(MIN_CONNECTION_BYTES, (this.#bounds.inflightBytes - this.#bytes) / 2))
  }

  /** The account of a connection, always the same. */
  account(connection: object): ConnectionAccount {
    const account = this.#accounts.get(connection) ?? new ConnectionAccount(this)
    this.#accounts.set(connection, account)
    return account
  }

  /** Called by accounts. */
  add(bytes: number): void {
    this.#bytes += bytes
  }
}

/** How long a connection gets no answers after one found no room, ms: longer when it happens again within a minute. */
const COOLDOWN = { firstMs: 1_000, factor: 4, maxMs: 4_000, resetMs: 60_000 }

/** What one connection holds. */
export class ConnectionAccount {
  /** Work for the connection of which each piece may hold much. */
  readonly serialQueue: SerialQueue = new SerialQueue()
  readonly #budget: MemoryBudget
  #bytes = 0
  #cooldownMs = 0
  #refusedAt = -Infinity

  constructor(budget: MemoryBudget) {
    this.#budget = budget
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Whether what its subscriptions keep leaves room for its messages and answers. */
  get canRetain(): boolean {
    return this.#bytes <= this.#budget.maxPerConnection / 2
  }

  /** Whether so many more have room. */
  admits(bytes: number): boolean {
    return this.#bytes + bytes <= this.#budget.maxPerConnection
  }

  /** Ms until operations of the connection may be tried again: what they read would be thrown away. 0: now. */
  get cooldownMs(): number {
    if (this.#cooldownMs === 0) return 0
    return Math.max(0, this.#refusedAt + this.#cooldownMs - performance.now())
  }

  /** An answer found no room. */
  coolDown(): void {
    if (this.cooldownMs > 0) return
    const now = performance.now()
    this.#cooldownMs = now - this.#refusedAt > COOLDOWN.resetMs ? COOLDOWN.firstMs : Math.min(this.#cooldownMs * COOLDOWN.factor, COOLDOWN.maxMs)
    this.#refusedAt = now
  }

  /** A part of it, empty at first. */
  reserve(): Reservation {
    return new Reservation(this)
  }

  /** Called by holds. */
  add(bytes: number): void {
    this.#bytes += bytes
    this.#budget.add(bytes)
  }
}

/** What a running subscription may keep of its request without being counted: their number has a bound of its own. */
const FREE_SUBSCRIPTION_BYTES = 4_096

/** Bytes that are held for one thing, until they are released: after that it stays empty, whatever is done with it. */
export class Reservation {
  readonly #account: ConnectionAccount
  #bytes = 0
  #isReleased = false

  constructor(account: ConnectionAccount) {
    this.#account = account
  }

  /** Holds so many more, if there is room. Whether there was. */
  grow(bytes: number): boolean {
    if (this.#isReleased || !this.#account.admits(bytes)) return false
    this.#change(bytes)
    return true
  }

  /** The same for an answer: after one that found no room, there is none for a while. */
  claim(bytes: number): boolean {
    if (this.#account.cooldownMs > 0) return false
    const hasRoom = this.grow(bytes)
    if (!hasRoom) this.#account.coolDown()
    return hasRoom
  }

  /** Holds exactly so many, for they are there already. Whether there was room for what is new of them. */
  set(bytes: number): boolean {
    if (this.#isReleased) return true
    const growth = bytes - this.#bytes
    const hasRoom = growth <= 0 || this.#account.admits(growth)
    if (growth !== 0) this.#change(growth)
    return hasRoom
  }

  /** What is held now is what a subscription keeps while it runs. */
  retainForSubscription(): void {
    this.set(Math.max(0, this.#bytes - FREE_SUBSCRIPTION_BYTES))
  }

  /** Gives all back, once. */
  release(): void {
    this.set(0)
    this.#isReleased = true
  }

  #change(bytes: number): void {
    this.#bytes += bytes
    this.#account.add(bytes)
  }
}
