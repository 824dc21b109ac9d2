import { signal, type ReadonlySignal } from '@preact/signals'
import type { Client } from '../../../src/client/connect.ts'
import type { Change } from '../../../src/core/database.ts'
import { Guard } from './guard.ts'

/** A commit as a place of the slider. */
export interface CommitMoment {
  readonly time: string
  readonly actor: string | null
  /** Documents that it wrote, as paths. */
  readonly paths: readonly string[]
}

/** Changes that the slider reaches at once. */
const MOST_CHANGES = 500

/** The commits between which the console can be moved, the oldest first. */
export class Moments {
  readonly #list = signal<readonly CommitMoment[]>([])
  readonly #guard = new Guard()

  get list(): ReadonlySignal<readonly CommitMoment[]> {
    return this.#list
  }

  /** Reads the newest commits, or those around a time of long ago: up to that time. Rejects as `log` does. */
  async read(client: Client, until: string | null): Promise<void> {
    const turn = this.#guard.begin()
    const options = { last: MOST_CHANGES, signal: turn.signal, ...(until !== null && { to: until }) }
    const { changes } = await client.log(['*'], options)
    if (turn.isCurrent()) this.#list.value = momentsOf(changes)
  }
}

/** One moment for each time at which something was written: what the time shows has all that was written then. */
export function momentsOf(changes: readonly Change[]): readonly CommitMoment[] {
  const byTime = new Map<string, CommitMoment>()
  for (const { at, path, document } of changes) {
    const paths = byTime.get(at)?.paths ?? []
    byTime.set(at, { time: at, actor: document.actor, paths: [...paths, path] })
  }
  return [...byTime.values()]
}

/** The place of a time on the slider: the last commit that it shows; -1: it is before all of them. */
export function placeOf(moments: readonly CommitMoment[], time: string): number {
  return moments.findLastIndex((moment) => moment.time <= time)
}
