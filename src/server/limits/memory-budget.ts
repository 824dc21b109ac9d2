import type { Bounds } from '../config/config.ts'
import { SerialQueue } from './serial-queue.ts'

/** Bytes that every connection may hold, however full the budget is: small requests and answers always pass. */
export const MIN_CONNECTION_BYTES = 16_384

/**
 * Bytes that the server holds for clients: requests that arrive, wait or run, unsent answers and events, and the
 * requests that subscriptions retain. One count for all transports, divided among connections by dynamic thresholds
 * (Choudhury and Hahne, "Dynamic Queue Length Thresholds for Shared-Memory Packet Switches", 1998): a connection may
 * hold at most half of what is free. Greedy connections never fill it, however many, and small holders are always
 * admitted.
 */
export class MemoryBudget {
  readonly #bounds: Pick<Bounds, 'inflightBytes' | 'inflightBytesPerConnection'>
  readonly #accounts = new WeakMap<object, ConnectionAccount>()
  #bytes = 0

  constructor(bounds: Pick<Bounds, 'inflightBytes' | 'inflightBytesPerConnection'>) {
    this.#bounds = bounds
  }

  /** Bytes held over all connections. */
  get bytes(): number {
    return this.#bytes
  }

  /** Most bytes that one connection may hold at the moment. */
  get maxPerConnection(): number {
    return Math.min(
      this.#bounds.inflightBytesPerConnection,
      Math.max(MIN_CONNECTION_BYTES, (this.#bounds.inflightBytes - this.#bytes) / 2),
    )
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

/**
 * Cooldown of a connection after an answer beyond the budget: `factor` times longer on each repetition within
 * `resetMs`.
 */
const COOLDOWN = { firstMs: 1_000, factor: 4, maxMs: 4_000, resetMs: 60_000 }

/** Bytes that one connection holds. */
export class ConnectionAccount {
  /** Runs work of the connection one at a time that may hold much memory. */
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

  /** Whether its subscriptions may retain more: half of the connection's bytes stay free for messages and answers. */
  get canRetain(): boolean {
    return this.#bytes <= this.#budget.maxPerConnection / 2
  }

  /** Whether `bytes` more are within the budget. */
  admits(bytes: number): boolean {
    return this.#bytes + bytes <= this.#budget.maxPerConnection
  }

  /** Ms until operations of the connection may run again, for their results would be discarded; 0: no cooldown. */
  get cooldownMs(): number {
    if (this.#cooldownMs === 0) return 0
    return Math.max(0, this.#refusedAt + this.#cooldownMs - performance.now())
  }

  /** Starts a cooldown: an answer exceeded the budget. */
  coolDown(): void {
    if (this.cooldownMs > 0) return
    const now = performance.now()
    this.#cooldownMs =
      now - this.#refusedAt > COOLDOWN.resetMs
        ? COOLDOWN.firstMs
        : Math.min(this.#cooldownMs * COOLDOWN.factor, COOLDOWN.maxMs)
    this.#refusedAt = now
  }

  /** A new reservation of this account, empty at first. */
  reserve(): Reservation {
    return new Reservation(this)
  }

  /** Called by reservations. */
  add(bytes: number): void {
    this.#bytes += bytes
    this.#budget.add(bytes)
  }
}

/** Bytes of its request that a subscription retains uncounted: the number of subscriptions has a bound of its own. */
const FREE_SUBSCRIPTION_BYTES = 4_096

/** Bytes that are held for one purpose until `release`; after that it stays empty, whatever is called. */
export class Reservation {
  readonly #account: ConnectionAccount
  #bytes = 0
  #isReleased = false

  constructor(account: ConnectionAccount) {
    this.#account = account
  }

  /** Holds `bytes` more if the budget admits them. Whether it did. */
  grow(bytes: number): boolean {
    if (this.#isReleased || !this.#account.admits(bytes)) return false
    this.#change(bytes)
    return true
  }

  /**
   * As `grow`, for an answer: false during a cooldown, and a failure starts one. With a released reservation the answer
   * is over: a field that failed ended it while others still ran.
   */
  claim(bytes: number): boolean {
    if (this.#isReleased || this.#account.cooldownMs > 0) return false
    const isAdmitted = this.grow(bytes)
    if (!isAdmitted) this.#account.coolDown()
    return isAdmitted
  }

  /** Holds exactly `bytes`, for they exist already. Whether the budget admitted the increase. */
  set(bytes: number): boolean {
    if (this.#isReleased) return true
    const growth = bytes - this.#bytes
    const isAdmitted = growth <= 0 || this.#account.admits(growth)
    if (growth !== 0) this.#change(growth)
    return isAdmitted
  }

  /** Turns the reservation of a request into that of its subscription: `FREE_SUBSCRIPTION_BYTES` less. */
  retainForSubscription(): void {
    this.set(Math.max(0, this.#bytes - FREE_SUBSCRIPTION_BYTES))
  }

  /** Releases all bytes, for good. */
  release(): void {
    this.set(0)
    this.#isReleased = true
  }

  #change(bytes: number): void {
    this.#bytes += bytes
    this.#account.add(bytes)
  }
}
