import { Alarm } from './alarm.ts'
import type { Place, Waiter } from './step.ts'

interface Group<T, P extends Place> {
  readonly waiters: Set<Waiter<T, P>>
  readonly alarm: Alarm
}

/** Told when a heartbeat is due, and how to ask whether it still is. */
export type Ring = (heartbeatMs: number, isStill: () => boolean) => void

/** The readers of a cohort that wait, by how often they want a sign of life: it is due as long after the first of them came. */
export class Waiters<T, P extends Place> {
  readonly #ring: Ring
  readonly #groups = new Map<number, Group<T, P>>()
  #size = 0

  constructor(ring: Ring) {
    this.#ring = ring
  }

  get size(): number {
    return this.#size
  }

  has(waiter: Waiter<T, P>): boolean {
    return this.#groups.get(waiter.heartbeatMs)?.waiters.has(waiter) === true
  }

  add(waiter: Waiter<T, P>): void {
    const { heartbeatMs } = waiter
    const group = this.#groups.get(heartbeatMs) ?? { waiters: new Set(), alarm: new Alarm((isStill) => this.#ring(heartbeatMs, isStill)) }
    this.#groups.set(heartbeatMs, group)
    group.waiters.add(waiter)
    this.#size++
    group.alarm.within(heartbeatMs)
  }

  /** Whether it waited. */
  delete(waiter: Waiter<T, P>): boolean {
    const group = this.#groups.get(waiter.heartbeatMs)
    if (group === undefined || !group.waiters.delete(waiter)) return false
    this.#size--
    if (group.waiters.size === 0) this.#drop(waiter.heartbeatMs, group)
    return true
  }

  /** All of them, or those of one heartbeat, which wait no longer. */
  take(heartbeatMs?: number): readonly Waiter<T, P>[] {
    const taken: Waiter<T, P>[] = []
    for (const [ms, group] of this.#groups) {
      if (heartbeatMs !== undefined && ms !== heartbeatMs) continue
      for (const waiter of group.waiters) taken.push(waiter)
      this.#drop(ms, group)
    }
    this.#size -= taken.length
    return taken
  }

  /** Those that are meant, which wait no longer. */
  takeMeant(isMeant: (waiter: Waiter<T, P>) => boolean): readonly Waiter<T, P>[] {
    const taken = [...this.#groups.values()].flatMap(({ waiters }) => [...waiters].filter(isMeant))
    for (const waiter of taken) this.delete(waiter)
    return taken
  }

  /** The heartbeat is due again: there was nothing to be told. */
  again(heartbeatMs: number): void {
    const alarm = this.#groups.get(heartbeatMs)?.alarm
    alarm?.stop()
    alarm?.within(heartbeatMs)
  }

  #drop(heartbeatMs: number, { alarm }: Group<T, P>): void {
    alarm.stop()
    this.#groups.delete(heartbeatMs)
  }
}
