import { EarliestTimer } from '../../time/earliest-timer.ts'
import type { FeedPosition, PullWaiter } from './feed-source.ts'

interface WaiterGroup<T, P extends FeedPosition> {
  readonly waiters: Set<PullWaiter<T, P>>
  readonly timer: EarliestTimer
}

/** Called when the heartbeat of a group is due; `isCurrent` says whether it still is. */
export type OnTimer = (heartbeatMs: number, isCurrent: () => boolean) => void

/**
 * The waiting pulls of a cohort, grouped by heartbeat interval; due one interval after the first pull of a group came.
 */
export class Waiters<T, P extends FeedPosition> {
  readonly #onTimer: OnTimer
  readonly #groups = new Map<number, WaiterGroup<T, P>>()
  #size = 0

  constructor(onTimer: OnTimer) {
    this.#onTimer = onTimer
  }

  get size(): number {
    return this.#size
  }

  has(waiter: PullWaiter<T, P>): boolean {
    return this.#groups.get(waiter.heartbeatMs)?.waiters.has(waiter) === true
  }

  add(waiter: PullWaiter<T, P>): void {
    const { heartbeatMs } = waiter
    const group = this.#groups.get(heartbeatMs) ?? {
      waiters: new Set(),
      timer: new EarliestTimer((isCurrent) => this.#onTimer(heartbeatMs, isCurrent)),
    }
    this.#groups.set(heartbeatMs, group)
    group.waiters.add(waiter)
    this.#size++
    group.timer.fireWithin(heartbeatMs)
  }

  /** Removes a pull; false when it did not wait. */
  delete(waiter: PullWaiter<T, P>): boolean {
    const group = this.#groups.get(waiter.heartbeatMs)
    if (group === undefined || !group.waiters.delete(waiter)) return false
    this.#size--
    if (group.waiters.size === 0) this.#drop(waiter.heartbeatMs, group)
    return true
  }

  /** Removes and returns all pulls, or those of one heartbeat interval. */
  take(heartbeatMs?: number): readonly PullWaiter<T, P>[] {
    const taken: PullWaiter<T, P>[] = []
    for (const [ms, group] of this.#groups) {
      if (heartbeatMs !== undefined && ms !== heartbeatMs) continue
      for (const waiter of group.waiters) taken.push(waiter)
      this.#drop(ms, group)
    }
    this.#size -= taken.length
    return taken
  }

  /** Removes and returns the pulls that satisfy a predicate. */
  takeWhere(predicate: (waiter: PullWaiter<T, P>) => boolean): readonly PullWaiter<T, P>[] {
    const taken = [...this.#groups.values()].flatMap(({ waiters }) => [...waiters].filter(predicate))
    for (const waiter of taken) this.delete(waiter)
    return taken
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
