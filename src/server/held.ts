import type { Bounds } from './config.ts'
import { Line } from './line.ts'

/** What a connection may hold in any case, in bytes: small requests and answers of innocent ones. */
export const SMALL_BYTES = 16_384

/**
 * Bytes that the server holds for clients: requests that arrive, wait or are worked on, answers and events that were not
 * taken, and what subscriptions keep. One count for all transports, divided among connections by dynamic thresholds
 * (Choudhury and Hahne, "Dynamic Queue Length Thresholds for Shared-Memory Packet Switches", 1998): a connection may hold
 * at most half of what is free. So many greedy ones never fill it, and one that holds little always has room.
 */
export class HeldBytes {
  readonly #bounds: Pick<Bounds, 'heldBytes' | 'connectionBytes'>
  readonly #accounts = new WeakMap<object, Account>()
  #bytes = 0

  constructor(bounds: Pick<Bounds, 'heldBytes' | 'connectionBytes'>) {
    this.#bounds = bounds
  }

  /** Of all connections. */
  get bytes(): number {
    return this.#bytes
  }

  /** The most that one connection may hold at the moment. */
  get mostOfOne(): number {
    return Math.min(this.#bounds.connectionBytes, Math.max(SMALL_BYTES, (this.#bounds.heldBytes - this.#bytes) / 2))
  }

  /** The account of a connection, always the same. */
  of(connection: object): Account {
    const account = this.#accounts.get(connection) ?? new Account(this)
    this.#accounts.set(connection, account)
    return account
  }

  /** Called by accounts. */
  add(bytes: number): void {
    this.#bytes += bytes
  }
}

/** How long a connection gets no answers after one found no room, ms: longer when it happens again within a minute. */
const REST = { firstMs: 1_000, times: 4, mostMs: 4_000, forgottenMs: 60_000 }

/** What one connection holds. */
export class Account {
  /** Work for the connection of which each piece may hold much. */
  readonly line: Line = new Line()
  readonly #held: HeldBytes
  #bytes = 0
  #restMs = 0
  #refusedAt = -Infinity

  constructor(held: HeldBytes) {
    this.#held = held
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Whether what its subscriptions keep leaves room for its messages and answers. */
  get hasRoomToKeep(): boolean {
    return this.#bytes <= this.#held.mostOfOne / 2
  }

  /** Whether so many more have room. */
  admits(bytes: number): boolean {
    return this.#bytes + bytes <= this.#held.mostOfOne
  }

  /** Ms until operations of the connection may be tried again: what they read would be thrown away. 0: now. */
  get restMs(): number {
    if (this.#restMs === 0) return 0
    return Math.max(0, this.#refusedAt + this.#restMs - performance.now())
  }

  /** An answer found no room. */
  rest(): void {
    if (this.restMs > 0) return
    const now = performance.now()
    this.#restMs = now - this.#refusedAt > REST.forgottenMs ? REST.firstMs : Math.min(this.#restMs * REST.times, REST.mostMs)
    this.#refusedAt = now
  }

  /** A part of it, empty at first. */
  hold(): Hold {
    return new Hold(this)
  }

  /** Called by holds. */
  add(bytes: number): void {
    this.#bytes += bytes
    this.#held.add(bytes)
  }
}

/** What a running subscription may keep of its request without being counted: their number has a bound of its own. */
const KEPT_FREELY = 4_096

/** Bytes that are held for one thing, until they are released: after that it stays empty, whatever is done with it. */
export class Hold {
  readonly #account: Account
  #bytes = 0
  #isReleased = false

  constructor(account: Account) {
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
    if (this.#account.restMs > 0) return false
    const hasRoom = this.grow(bytes)
    if (!hasRoom) this.#account.rest()
    return hasRoom
  }

  /** Holds exactly so many, for they are there already. Whether there was room for what is new of them. */
  set(bytes: number): boolean {
    if (this.#isReleased) return true
    const more = bytes - this.#bytes
    const hasRoom = more <= 0 || this.#account.admits(more)
    if (more !== 0) this.#change(more)
    return hasRoom
  }

  /** What is held now is what a subscription keeps while it runs. */
  keep(): void {
    this.set(Math.max(0, this.#bytes - KEPT_FREELY))
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
