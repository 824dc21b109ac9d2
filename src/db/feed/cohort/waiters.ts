import { setImmediate as nextTurn } from 'node:timers/promises'
import { BROADCAST_TURN_MS } from '../../../core/limits.ts'
import { EarliestTimer } from '../../time/earliest-timer.ts'
import { BroadcastPacer } from './broadcast-pacer.ts'
import type { FeedPosition, PullWaiter } from './feed-source.ts'

interface WaiterGroup<T, P extends FeedPosition> {
  readonly waiters: Set<PullWaiter<T, P>>
  readonly timer: EarliestTimer
}

/** Called when the heartbeat of a group is due; `isCurrent` says whether it still is. */
type OnTimer = (heartbeatMs: number, isCurrent: () => boolean) => void

/**
 * The PARKED readers of a cohort, and the broadcasts to them. Pulls are grouped by heartbeat interval; a heartbeat
 * is due one interval after the first pull of a group came.
 */
export class Waiters<T, P extends FeedPosition> {
  readonly #onTimer: OnTimer
  readonly #pacer: BroadcastPacer
  readonly #groups = new Map<number, WaiterGroup<T, P>>()
  /** Pulls of readers that are not live: they await an up-to-date batch, and get one even when nothing matched. */
  readonly #notLive = new Set<PullWaiter<T, P>>()
  #size = 0

  /** `share`: of the event loop, that broadcasts may take now. */
  constructor(share: () => number, onTimer: OnTimer) {
    this.#pacer = new BroadcastPacer(share)
    this.#onTimer = onTimer
  }

  get size(): number {
    return this.#size
  }

  /** How long the next broadcast has to wait, ms. */
  get delayMs(): number {
    return this.#pacer.delayMs(this.#size)
  }

  /** Whether all readers of the last broadcast wait again. */
  get isComplete(): boolean {
    return this.#pacer.isComplete(this.#size)
  }

  add(waiter: PullWaiter<T, P>, isLive: boolean): void {
    const { heartbeatMs } = waiter
    const group = this.#groups.get(heartbeatMs) ?? {
      waiters: new Set(),
      timer: new EarliestTimer((isCurrent) => this.#onTimer(heartbeatMs, isCurrent)),
    }
    this.#groups.set(heartbeatMs, group)
    group.waiters.add(waiter)
    if (!isLive) this.#notLive.add(waiter)
    this.#size++
    group.timer.fireWithin(heartbeatMs)
  }

  delete(waiter: PullWaiter<T, P>): void {
    const group = this.#groups.get(waiter.heartbeatMs)
    if (group === undefined || !group.waiters.delete(waiter)) return
    this.#notLive.delete(waiter)
    this.#size--
    if (group.waiters.size === 0) this.#drop(waiter.heartbeatMs, group)
  }

  /** Removes and returns all pulls, or those of one heartbeat interval. */
  take(heartbeatMs?: number): readonly PullWaiter<T, P>[] {
    const taken: PullWaiter<T, P>[] = []
    for (const [ms, group] of this.#groups) {
      if (heartbeatMs !== undefined && ms !== heartbeatMs) continue
      for (const waiter of group.waiters) taken.push(waiter)
      this.#drop(ms, group)
    }
    if (this.#notLive.size > 0) for (const waiter of taken) this.#notLive.delete(waiter)
    this.#size -= taken.length
    return taken
  }

  /** Removes and returns the pulls that satisfy a predicate. */
  takeWhere(predicate: (waiter: PullWaiter<T, P>) => boolean): readonly PullWaiter<T, P>[] {
    const taken = [...this.#groups.values()].flatMap(({ waiters }) => [...waiters].filter(predicate))
    for (const waiter of taken) this.delete(waiter)
    return taken
  }

  /** Removes and returns the pulls of readers that are not live. */
  takeNotLive(): readonly PullWaiter<T, P>[] {
    const taken = [...this.#notLive]
    for (const waiter of taken) this.delete(waiter)
    return taken
  }

  /** Delivers to pulls that were taken, in short turns. Readers that park meanwhile wait for the next broadcast. */
  async broadcast(taken: readonly PullWaiter<T, P>[], deliver: (waiter: PullWaiter<T, P>) => void): Promise<void> {
    this.#pacer.start(taken.length)
    let turnBegan = performance.now()
    for (const waiter of taken) {
      deliver(waiter)
      const tookMs = performance.now() - turnBegan
      if (tookMs < BROADCAST_TURN_MS) continue
      this.#pacer.addTurn(tookMs)
      await nextTurn()
      turnBegan = performance.now()
    }
    this.#pacer.addTurn(performance.now() - turnBegan)
  }

  /** Restarts the heartbeat timer of a group whose timer has fired without a batch to send. */
  restartTimer(heartbeatMs: number): void {
    const timer = this.#groups.get(heartbeatMs)?.timer
    timer?.stop()
    timer?.fireWithin(heartbeatMs)
  }

  #drop(heartbeatMs: number, { timer }: WaiterGroup<T, P>): void {
    timer.stop()
    this.#groups.delete(heartbeatMs)
  }
}
