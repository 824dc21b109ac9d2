import { EarliestTimer } from './earliest-timer.ts'
import type { FeedPosition, PullWaiter } from './feed-source.ts'

interface WaiterGroup<T, P extends FeedPosition> {
  readonly waiters: Set<PullWaiter<T, P>>
  readonly alarm: EarliestTimer
}

/** Told when a heartbeat is due, and how to ask whether it still is. */
export type OnTimer = (heartbeatMs: number, isStill: () => boolean) => void

/** The readers of a cohort that wait, by how often they want a sign of life: it is due as long after the first of them came. */
export class Waiters<T, P extends FeedPosition> {
  readonly #onTimer: OnTimer
  readonly #groups = new Map<number, WaiterGroup<T, P>>()
  #size = 0

  constructor(ring: OnTimer) {
    this.#onTimer = ring
  }

  get size(): number {
    return this.#size
  }

  has(waiter: PullWaiter<T, P>): boolean {
    return this.#groups.get(waiter.heartbeatMs)?.waiters.has(waiter) === true
  }

  add(waiter: PullWaiter<T, P>): void {
    const { heartbeatMs } = waiter
    const group = this.#groups.get(heartbeatMs) ?? { waiters: new Set(), alarm: new EarliestTimer((isStill) => this.#onTimer(heartbeatMs, isStill)) }
    this.#groups.set(heartbeatMs, group)
    group.waiters.add(waiter)
    this.#size++
    group.alarm.fireWithin(heartbeatMs)
  }

  /** Whether it waited. */
  delete(waiter: PullWaiter<T, P>): boolean {
    const group = this.#groups.get(waiter.heartbeatMs)
    if (group === undefined || !group.waiters.delete(waiter)) return false
    this.#size--
    if (group.waiters.size === 0) this.#drop(waiter.heartbeatMs, group)
    return true
  }

  /** All of them, or those of one heartbeat, which wait no longer. */
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

  /** Those that are meant, which wait no longer. */
  takeMeant(isMeant: (waiter: PullWaiter<T, P>) => boolean): readonly PullWaiter<T, P>[] {
    const taken = [...this.#groups.values()].flatMap(({ waiters }) => [...waiters].filter(isMeant))
    for (const waiter of taken) this.delete(waiter)
    return taken
  }

  /** The heartbeat is due again: there was nothing to be told. */
  again(heartbeatMs: number): void {
    const alarm = this.#groups.get(heartbeatMs)?.alarm
    alarm?.stop()
    alarm?.fireWithin(heartbeatMs)
  }

  #drop(heartbeatMs: number, { alarm }: WaiterGroup<T, P>): void {
    alarm.stop()
    this.#groups.delete(heartbeatMs)
  }
}
